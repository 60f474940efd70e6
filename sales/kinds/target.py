"""Targets as a kind of record."""

from django.utils.translation import gettext_lazy as _

from crm_site.core.kinds import Kind, Panel, Sort, add_panel, register
from crm_site.core.operations import delete_record, restore_record
from crm_site.core.pages import RULES
from crm_site.core.parts import rights
from customers.kinds.common import BY_NAME, CHANGED, NEWEST
from customers.kinds.parties import button, may_add
from sales.columns.target import TARGET_COLUMNS
from sales.filters.target import TargetFilters
from sales.forms.target import TargetForm
from sales.models import Target
from sales.operations.targets import create_target, update_target

RULES.update({
    "target_user_or_team": _("Choose either a person or a team."),
    "target_positive": _("A target is more than nothing."),
    "target_once": _("There is such a target for this period already."),
    "target_name_given": _("A target needs a name."),
    "target_dates_in_order": _("A period ends after it starts."),
    "adjustment_one_active": _("Somebody adjusted this number at the same time. Look at it again."),
})  # fmt: skip


def actions(target, user):
    """What can be done with a target."""
    may = "change" in rights(user, target) and may_add(user, Target)
    return [button(_("Repeat"), f"/targets/{target.pk}/repeat/", "refresh", "modal")] if may else []


TARGETS = register(
    Kind(
        model=Target, slug="targets", menu=90, icon="target", label=_("Target"), label_plural=_("Targets"),
        purpose=_("What each person and team should reach in a month, a quarter or a year."),
        columns=TARGET_COLUMNS, default_sort="starts",
        sorts={"starts": Sort(_("From"), ("-starts_on", "-id")), "name": BY_NAME, "new": NEWEST, "changed": CHANGED},
        form=TargetForm, filters=TargetFilters, create=create_target, update=update_target,
        delete=delete_record, restore=restore_record, actions=actions,
        quick=("user", "for_team", "metric", "period", "starts_on", "value"),
        highlights=("metric", "value", "starts_on", "ends_on"),
        groups=(
            (_("About"), ("number", "user", "for_team", "metric", "family", "period", "starts_on", "ends_on", "value")),
            (_("Record"), ("owner", "team", "tags", "created_at", "created_by", "changed_at")),
        ),
    )
)  # fmt: skip
add_panel("sales.target", Panel(_("Progress"), "sales:target_progress", side=False))
