"""What the tests of clocks share: levels of service, cases past the operations, and the moments of a week."""

from datetime import UTC, datetime, timedelta

from support.clocks import begun, keep_begun, status_changed
from support.models import Case, Clock, Policy, PolicyVersion, Status

WEEK = {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}
OFFICE = {"zone": "UTC", "week": WEEK, "days": {}}
HOURS = {"first": 1, "next": 2, "resolution": 4}
# Monday, 5 January 2026.
MONDAY = datetime(2026, 1, 5, tzinfo=UTC)


def moment(day, hour, minute=0):
    """A moment of the week: day 0 is Monday."""
    return MONDAY + timedelta(days=day, hours=hour, minutes=minute)


def level(name="Standard", hours=None, *, office=OFFICE, conditions=(), default=True, **version):
    """A policy whose promises are the same at every priority, in hours; the one before it is no default any more."""
    if default:
        Policy.objects.update(is_default=False)
    made = Policy.objects.create(name=f"{name} {Policy.objects.count()}", conditions=list(conditions),
                                 is_default=default)  # fmt: skip
    return edition(made, hours, office=office, **version)


def edition(policy, hours=None, *, office=OFFICE, targets=None, **version):
    """The next version of a policy, made the current one."""
    targets = targets or {
        metric: {str(priority): minutes * 60 for priority in (1, 2, 3, 4)}
        for metric, minutes in (HOURS if hours is None else hours).items()
    }
    number = policy.versions.count() + 1
    policy.current = PolicyVersion.objects.create(
        policy=policy, number=number, hours=office, targets=targets, **version
    )
    policy.save()
    return policy


def status(category, **fields):
    """The status of a category that the house uses by itself, or one with these fields."""
    return Status.objects.filter(category=category, **fields).order_by("-is_default", "order").first()


def case_at(at, *, answered=False, **fields):
    """A case made at a moment, with its clocks."""
    found = status(fields.pop("category", "new"))
    made = Case(subject="A case", status=found, category=found.category, created_at=at, **fields)
    started([made], answered=answered)
    return made


def started(cases, *, answered=False):
    """Write cases with the clocks that begin with them."""
    clocks = begun([(case, answered) for case in cases])
    for case in cases:
        case.save()
    keep_begun(clocks)


def moved(case, category, at, **fields):
    """Give a case another status and its clocks the news."""
    case.status = status(category, **fields)
    case.category = category
    case.resolved_at = at if category in ("resolved", "closed") else None
    case.closed_at = at if category == "closed" else None
    case.save()
    status_changed([case], at)
    case.refresh_from_db()


def clock(case, metric):
    """The newest clock of a metric."""
    return Clock.objects.filter(case=case, metric=metric).latest("id")
