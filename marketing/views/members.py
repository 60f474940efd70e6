"""The members of campaigns and contact lists, on their pages."""

from django.db.models import Count
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from crm_site.core import pages
from customers.models import Contact
from marketing.kinds import CAMPAIGNS, CONTACT_LISTS
from marketing.models import CampaignMember, ContactListMember

SHOWN = 10
TONES = {"responded": "green", "converted": "green", "bounced": "red", "opted_out": "red"}


@require_GET
def campaign_members(request, pk):
    """The newest members of a campaign whom the user sees, and how far the seen ones went."""
    seen = CampaignMember.objects.filter(campaign=pk, contact__in=Contact.objects.visible_to(request.user))
    names = CampaignMember.STATUSES
    counts = seen.values_list("status").annotate(n=Count("pk")).order_by("-n")
    return panel(request, CAMPAIGNS, pk, seen, counts=[(names[status], n) for status, n in counts])


@require_GET
def contactlist_members(request, pk):
    """The newest members of a contact list whom the user sees."""
    seen = ContactListMember.objects.filter(list=pk, contact__in=Contact.objects.visible_to(request.user))
    return panel(request, CONTACT_LISTS, pk, seen, counts=[(_("On the list"), seen.count())])


def panel(request, kind, pk, seen, counts):
    """The panel, for whoever may see the record."""
    record = pages.get_visible_or_404(kind, request.user, pk)
    rows = list(seen.select_related("contact").order_by("-pk")[:SHOWN])
    for row in rows:
        row.tone = TONES.get(getattr(row, "status", ""), "grey")
    context = {"kind": kind, "record": record, "title": _("Members"), "rows": rows, "counts": counts}
    return pages.fragment(request, "marketing/_members.html", context)
