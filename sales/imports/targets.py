"""How the rows of a file become targets: who, how much, by when."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm_site.core.imports.plan import fold
from crm_site.core.imports.registry import Importer, external_id, register
from crm_site.core.imports.registry import Target as Place
from crm_site.core.models import Team
from crm_site.core.operations import Refused
from sales import periods
from sales.imports.common import finder, kept
from sales.models import Target
from sales.operations.targets import completed, create_targets, update_target

METRIC_WORDS = {
    "revenue": "won_amount", "amount": "won_amount", "sales": "won_amount", "deals": "won_count", "count": "won_count",
    "opportunities": "won_count", "activity": "activities", "leads": "leads_converted",
    "conversions": "leads_converted",
}  # fmt: skip
PERIOD_WORDS = {"monthly": "month", "quarterly": "quarter", "yearly": "year", "annual": "year", "annually": "year"}
WHO = ("user", "sales rep", "sales agent", "agent", "rep", "person", "owner", "quota owner", "team", "region")
WHEN = ("month", "quarter", "year", "fiscal quarter", "fiscal year", "for period")
find_targets = finder(Target)


def target_targets():
    """Where a column of a file of targets may go."""
    return [
        external_id("target id", "quota id", "goal id"),
        Place("who", gettext_lazy("Person or team"), aliases=WHO, limit=200),
        Place("value", gettext_lazy("Target"), "money", ("quota", "quota amount", "target amount", "goal", "amount"),
              required=True),
        Place("when", gettext_lazy("Period, such as 2026-Q4"), aliases=WHEN, limit=20),
        Place("starts_on", gettext_lazy("A day of the period"), "date", ("start date", "from", "period start")),
        Place("period", gettext_lazy("Length of the period"), "choice", ("period", "period type", "interval"),
              choices=Target.PERIODS, value_map=PERIOD_WORDS),
        Place("metric", gettext_lazy("What counts"), "choice", ("measure", "quota type"), choices=Target.METRICS,
              value_map=METRIC_WORDS),
        Place("family", gettext_lazy("Only this product family"), aliases=("product family",), limit=100),
    ]  # fmt: skip


def prepare_target(draft, run):
    """Whose it is, its period and its name; a row that names nobody or no period fails."""
    values, header = draft.values, run.plan.header_of
    said, when = values.pop("who", "") or "", values.pop("when", None)
    teams = kept(run, "teams", lambda: {fold(team.name): team for team in Team.objects.select_related("manager")})
    user = run.people.find({"name": (None, said)}) if said else None
    team = None if user else teams.get(fold(said))
    if not (user or team):
        draft.fail(header.get("who", ""), _("There is neither a person nor a team “%(name)s”.") % {"name": said})
        return
    start = kept(run, "start", periods.start_month)
    if when:
        period = periods.parse(when.strip().upper().replace(" ", "-"), start)
        if period is None:
            draft.fail(header.get("when", ""), _("“%(text)s” is no period such as 2026-Q4.") % {"text": when})
            return
        values |= {"period": period.kind, "starts_on": period.starts_on}
    if isinstance(found := values.get("value"), tuple):
        values["value"] = found[0]
    try:
        values |= completed(values | {"user": user, "for_team": team}, start)
    except Refused as refusal:
        draft.fail(header.get(refusal.field, ""), str(refusal))


TARGET_IMPORT = register(
    Importer(
        name="targets", label=gettext_lazy("Targets"), model=Target, targets=target_targets, order=35, icon="target",
        create=create_targets, update=lambda record, values, by: update_target(record, values, by=by),
        prepare=prepare_target, find=find_targets, makes=False, one_by_key=True,
        keys={"name": (gettext_lazy("Whose, what and when"), lambda values: values.get("name"), find_targets)},
    )
)  # fmt: skip
