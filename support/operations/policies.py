"""Operations on service levels: a change makes a version, which open cases get only when somebody says so (SL-3)."""

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from crm_site.core.operations import operation, refuse
from crm_site.core.worktime import NeverOpen, kept_hours, next_open, read_hours
from support.clocks import change_promises
from support.models import FIRST, METRICS, RESOLUTION, Case, Clock, Policy, PolicyVersion
from support.steps import checked_steps

FIELDS = ("calendar", "targets", "steps", "warn_percent", "reopen_days", "grace_minutes")
BATCH = 500
# A preview shows so many cases; the numbers count all.
SHOWN = 200


@operation
def new_version(policy, values, *, by):
    """Make the next version of a service level from what changed and return it; the same one when nothing did.

    The hours are taken down as the calendar has them now. Raises ValidationError for targets or steps that make no
    sense, Refused for a calendar that never opens. Clocks that run keep their version until `re_apply`.
    """
    need_administrator(by)
    policy = Policy.objects.select_for_update(of=("self",)).get(pk=policy.pk)
    old = policy.current or PolicyVersion(policy=policy, targets={})
    made = PolicyVersion(policy=policy, **({name: getattr(old, name) for name in FIELDS} | values), created_by=by)
    made.hours = hours_as_now(made.calendar)
    made.targets, made.steps = checked_targets(made.targets), checked_steps(made.steps)
    if old.pk and all(getattr(made, name) == getattr(old, name) for name in (*FIELDS, "hours")):
        return old
    latest = policy.versions.order_by("-number").values_list("number", flat=True).first()
    made.number = (latest or 0) + 1
    made.full_clean(exclude=["policy", "created_by"])
    made.save()
    policy.current = made
    policy.save(update_fields=["current"])
    return made


def need_administrator(by):
    """Service levels are the administrators'."""
    if by is not None and not by.is_superuser:
        raise PermissionDenied


def hours_as_now(calendar):
    """The hours of a calendar to be kept; none goes by clock time. Refused when it never opens."""
    if calendar is None:
        return {}
    kept = kept_hours(calendar)
    try:
        next_open(timezone.now(), read_hours(kept))
    except NeverOpen:
        refuse(_("These working hours never open."), "calendar")
    return kept


def checked_targets(targets):
    """The targets as they are kept: {metric: {priority: minutes}}, without empty ones. Raises ValidationError."""
    found = {}
    for metric in METRICS:
        minutes = {str(p): targets.get(metric, {}).get(str(p)) for p in Case.PRIORITIES}
        if any(value is not None and (not isinstance(value, int) or value <= 0) for value in minutes.values()):
            raise ValidationError(_("A target is a positive number of minutes."))
        if given := {priority: value for priority, value in minutes.items() if value}:
            found[metric] = given
    for priority, name in Case.PRIORITIES.items():
        first, whole = (found.get(metric, {}).get(str(priority)) for metric in (FIRST, RESOLUTION))
        if first and whole and first > whole:
            raise ValidationError(
                _("%(priority)s: the first response cannot be due after the resolution.") % {"priority": name}
            )
    return found


@operation
def keep_hours(*, by):
    """Give levels whose calendars changed a version with the hours of now; returns how many. Three statements."""
    rows = Policy.objects.filter(current__calendar__isnull=False).select_related("current__calendar")
    count = 0
    for policy in rows.prefetch_related("current__calendar__holidays"):
        if kept_hours(policy.current.calendar) != policy.current.hours:
            new_version(policy, {}, by=by)
            count += 1
    return count


def re_apply(policy, *, by, dry_run=False):
    """Let the open cases of a service level go by its current version (SL-3).

    Returns (number of cases, [(case, metric, due before, due after)] of the first ones). With `dry_run` nothing is
    kept. Each batch of cases is a transaction.
    """
    need_administrator(by)
    policy = Policy.objects.get(pk=policy.pk)
    count, shown, last = 0, [], 0
    while ids := outdated(policy, last):
        shown += apply_batch(policy, ids, by=by, dry_run=dry_run)[: SHOWN - len(shown)]
        count, last = count + len(ids), ids[-1]
    return count, shown


def outdated(policy, last):
    """The next cases with clocks of other versions of a level."""
    live = Clock.objects.filter(version__policy=policy, state__in=(Clock.RUNNING, Clock.PAUSED), case__gt=last)
    rows = live.exclude(version=policy.current_id).order_by("case").values_list("case", flat=True)
    return list(rows.distinct()[:BATCH])


@operation
def apply_batch(policy, ids, *, by, dry_run):
    """Pick anew for some cases; [(case, metric, due before, due after)]."""
    rows = Case.objects.unscoped("an administrator's own rule").filter(pk__in=ids).select_related("status")
    with transaction.atomic():
        cases = {case.pk: case for case in rows.select_for_update(of=("self",)).order_by("pk")}
        before = dues(ids)
        change_promises(list(cases.values()), timezone.now(), _("“%(level)s” was applied anew") % {"level": policy})
        after = dues(ids)
        transaction.set_rollback(dry_run)
    keys = sorted(before.keys() | after.keys())
    return [(cases[case], metric, before.get((case, metric)), after.get((case, metric))) for case, metric in keys]


def dues(ids):
    """{(case id, metric): due} of the clocks that run or stand still."""
    rows = Clock.objects.filter(case__in=ids, state__in=(Clock.RUNNING, Clock.PAUSED))
    return {(case, metric): due for case, metric, due in rows.values_list("case", "metric", "due_at")}
