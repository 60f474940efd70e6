"""Who sets up what surrounds leads; rights that are not about a single record."""

from django.db.models import Q

from crm_site.core.models import RoleScope, User
from marketing.models import Campaign
from sales.models import Lead, Opportunity

WIDE = ("team", "subtree", "all")


def may_arrange(user):
    """Whether the user hands out other people's leads: managers and administrators."""
    return user.reach(Lead, "assign") in WIDE


def may_build(user):
    """Whether the user builds web forms: who may change campaigns, or hands out leads."""
    return user.reach(Campaign, "change") != "none" or may_arrange(user)


def may_set_rates(user):
    """Whether the user enters exchange rates: who may change all deals."""
    return user.reach(Opportunity, "change") == "all"


def answerers():
    """The people of the company whose roles let them work on leads, or who may do everything; by name."""
    scopes = RoleScope.objects.filter(kind="sales.lead", action="change").exclude(reach="none")
    staff = User.objects.filter(door=User.STAFF, is_active=True, partner=None)
    return (
        staff.filter(Q(is_superuser=True) | Q(groups__in=scopes.values("role")))
        .distinct()
        .order_by("first_name", "last_name", "email")
    )
