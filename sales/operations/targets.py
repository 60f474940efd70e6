"""Operations on targets: what a person or a team should reach in a period."""

from django.utils.translation import gettext as _

from crm_site.core.operations import new_rows, operation, refuse, write
from sales.models import Target
from sales.periods import add_months, period_of, start_month

NAMED_BY = ("user", "for_team", "metric", "family", "period", "starts_on")


def completed(values, start):
    """A target's values with what follows from them: whole periods, the name, and who owns the row.

    The one whose quota it is owns it, so that they see it; a team's belongs to its manager. `starts_on` may be any day
    of the period.
    """
    user, team = values.get("user"), values.get("for_team")
    if bool(user) == bool(team):
        refuse(_("Choose either a person or a team."), "user")
    if not values.get("starts_on"):
        refuse(_("Say when the period starts."), "starts_on")
    period = period_of(values["starts_on"], values.get("period") or "quarter", start)
    metric = Target.METRICS[values.get("metric") or "won_amount"]
    what = f"{metric} ({values['family']})" if values.get("family") else metric
    return values | {
        "starts_on": period.starts_on, "ends_on": period.ends_on,
        "name": f"{user or team} · {what} · {period.label}"[:200],
        "owner": user or team.manager, "team": user.team if user else team,
    }  # fmt: skip


@operation
def create_targets(rows, *, by):
    """Make many targets and return them in order; the import's way in. Raises Refused where who or when is missing."""
    start = start_month()
    return new_rows(Target, [completed(dict(row), start) for row in rows], by=by)


def create_target(values, *, by):
    """Make one target and return it."""
    return create_targets([values], by=by)[0]


@operation
def update_target(target, values, *, by, version=None):
    """Change a target and return it; its name, its days and whose it is follow. Raises Stale on a stale version.

    What was told of the way to the old value is told anew for a new one.
    """
    now = {name: getattr(target, name) for name in NAMED_BY} | dict(values)
    if set(values) & set(NAMED_BY):
        values = (
            dict(values) | {k: v for k, v in completed(now, start_month()).items() if k != "value"} | {"median": None}
        )
    if "value" in values and values["value"] != target.value:
        values = dict(values) | {"notified": []}
    return write(target, values, by=by, version=version)[0]


@operation
def repeat_target(target, turns, *, by):
    """The same target for so many periods after this one, at most twelve; those that are there stay. Returns the new.

    Raises Refused when all of them are there.
    """
    length = {"month": 1, "quarter": 3, "year": 12}[target.period]
    same = {name: getattr(target, name) for name in NAMED_BY if name != "starts_on"} | {"value": target.value}
    days = [add_months(target.starts_on, length * n) for n in range(1, min(turns, 12) + 1)]
    rows = Target.objects.unscoped("a target is one whoever sees it").filter(deleted_at=None)
    keys = {name: same[name] for name in NAMED_BY if name != "starts_on"}
    there = set(rows.filter(**keys, starts_on__in=days).values_list("starts_on", flat=True))
    if not set(days) - there:
        refuse(_("There are such targets for these periods already."), "turns")
    return create_targets([same | {"starts_on": day} for day in days if day not in there], by=by)
