"""The reports of support: volume, backlog, times, and how satisfied customers were."""

from datetime import timedelta

from django.db.models import Case as When
from django.db.models import CharField, F, Q, Value
from django.db.models import When as If
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm_site.core.models import Team, User
from crm_site.core.reports import MONTH, Grouping, Measure, Report, offer, share, took
from sales.models import Product
from support.models import Case, Queue, Status, Survey

# What was merged into another case counts there, and spam is nobody's request.
COUNTED = Q(merged_into__isnull=True, is_spam=False)
RESOLVED = Q(first_resolved_at__isnull=False)
REOPENED = RESOLVED & Q(reopened__gt=0)
FIRST_CONTACT = RESOLVED & Q(reopened=0) & (Q(first_replied_at__isnull=True) | Q(last_agent_at=F("first_replied_at")))
UNRESOLVED = Q(category__in=Status.UNRESOLVED)
GROUPS = (
    Grouping("queue", _("Queue"), "queue", model=Queue), Grouping("owner", _("Agent"), "owner", model=User),
    Grouping("team", _("Team"), "team", model=Team), Grouping("priority", _("Priority"), "priority", Case.PRIORITIES),
    Grouping("type", _("Type"), "type", Case.TYPES), Grouping("channel", _("Channel"), "channel", Case.CHANNELS),
    Grouping("product", _("Product"), "product", model=Product),
)  # fmt: skip
AGES = {"day": _("Up to a day"), "three": _("Up to three days"), "week": _("Up to a week"),
        "month": _("Up to thirty days"), "quarter": _("Up to ninety days"), "older": _("Older")}  # fmt: skip
LIMITS = {"day": 1, "three": 3, "week": 7, "month": 30, "quarter": 90}


def age():
    """The age of a case as a group, counted from its creation."""
    younger = [If(created_at__gt=Now() - timedelta(days=days), then=Value(key)) for key, days in LIMITS.items()]
    return When(*younger, default=Value("older"), output_field=CharField())


def overdue():
    """The condition that something promised is overdue now."""
    return Q(due_at__lt=timezone.now())


VOLUME = Report(
    "volume", _("Case volume"),
    _("Cases by the day on which they were made. Merged cases and spam are left out."), Case,
    (
        Measure("made", _("New"), _("Cases that were made in these days.")),
        share("resolved", _("Resolved"), _("Those of them that were resolved at least once since."), RESOLVED),
        share("open", _("Still open"), _("Those of them that are not resolved now."), UNRESOLVED),
        share("reopened", _("Reopened"), _("Opened again after a resolution; share of those resolved."), REOPENED,
              RESOLVED),
        share("once", _("First contact"), _("Resolved with at most one public answer of ours and never opened again;"
              " share of those resolved."), FIRST_CONTACT, RESOLVED),
    ),
    (Grouping("month", _("Month"), MONTH), *GROUPS), moment="created_at", base=COUNTED,
)  # fmt: skip
BACKLOG = Report(
    "backlog", _("Backlog by age"), _("Unresolved cases as they stand now, by how long ago they were made."), Case,
    (
        Measure("open", _("Unresolved"), _("Cases that are new, open or waiting.")),
        share("unowned", _("Without agent"), _("Those that nobody has."), Q(owner__isnull=True)),
        share("waiting", _("We wait"), _("Those that wait for the customer or a third party."),
              Q(category=Status.WAITING)),
        share("unanswered", _("Customer waits"), _("Those whose customer has no answer to the last message."),
              Q(waiting_since__isnull=False)),
        share("overdue", _("Overdue"), _("Those of which something promised is overdue."), overdue),
        took("age", _("Age"), _("How long ago they were made: the middle one of all."), ("created_at", Now())),
    ),
    (Grouping("age", _("Age"), age(), AGES), *GROUPS), base=COUNTED & UNRESOLVED,
)  # fmt: skip
ANSWERS = Report(
    "replies", _("First answers"),
    _("Cases by the day of our first public answer; times by the clock on the wall, since the case was made."), Case,
    (
        Measure("answered", _("Answered"), _("Cases whose first public answer was given in these days.")),
        took("median", _("First answer"), _("Time to the first public answer: the middle one of all."),
             ("created_at", "first_replied_at")),
        took("most", _("Nine of ten under"), _("Nine tenths of them were answered in less."),
             ("created_at", "first_replied_at"), how="ninetieth"),
        share("hour", _("Within an hour"), _("Answered within an hour."),
              Q(first_replied_at__lte=F("created_at") + timedelta(hours=1))),
        share("day", _("Within a day"), _("Answered within twenty-four hours."),
              Q(first_replied_at__lte=F("created_at") + timedelta(days=1))),
    ),
    (Grouping("month", _("Month"), MONTH), *GROUPS), moment="first_replied_at", base=COUNTED,
)  # fmt: skip
RESOLUTIONS = Report(
    "resolutions", _("Resolutions"),
    _("Cases by the day on which they were first resolved; times by the clock on the wall, since they were made."),
    Case,
    (
        Measure("resolved", _("Resolved"), _("Cases that were first resolved in these days.")),
        took("median", _("Time to resolve"), _("Time to the first resolution: the middle one of all."),
             ("created_at", "first_resolved_at")),
        took("most", _("Nine of ten under"), _("Nine tenths of them were resolved in less."),
             ("created_at", "first_resolved_at"), how="ninetieth"),
        share("once", _("First contact"), _("With at most one public answer of ours and never opened again."),
              FIRST_CONTACT),
        share("reopened", _("Reopened"), _("Opened again after a resolution."), REOPENED),
    ),
    (Grouping("month", _("Month"), MONTH), *GROUPS), moment="first_resolved_at", base=COUNTED,
)  # fmt: skip


def surveys_seen(user):
    """The surveys of cases that the user may see."""
    return Survey.objects.filter(case__in=Case.objects.visible_to(user))


ANSWERED, MONTH_ASKED = Q(score__isnull=False), Grouping("month", _("Month"), MONTH)
SATISFACTION = Report(
    "satisfaction", _("Satisfaction"),
    _("Surveys by the day of the resolution that they ask about, of the cases that you may see."), Survey,
    (
        Measure("asked", _("Asked"), _("Resolutions that customers were asked about.")),
        share("answered", _("Answered"), _("Those that were answered."), ANSWERED),
        Measure("average", _("Average"), _("The mean score, 1 to 5, of those answered."), ANSWERED, None, F("score"),
                "average", "score"),
        share("good", _("Satisfied"), _("Scores of 4 and 5; share of those answered."), Q(score__gte=4), ANSWERED),
        share("poor", _("Dissatisfied"), _("Scores of 1 and 2; share of those answered."), Q(score__lte=2), ANSWERED),
    ),
    (
        MONTH_ASKED, Grouping("agent", _("Agent"), "agent", model=User),
        Grouping("queue", _("Queue"), "case__queue", model=Queue),
        Grouping("product", _("Product"), "case__product", model=Product),
        Grouping("score", _("Score"), "score", dict(enumerate("12345", 1))),
    ),
    moment="resolved_at", rows=surveys_seen, address="/support/satisfaction/answers/",
)  # fmt: skip


def case_reports():
    """The reports over cases."""
    return [VOLUME, BACKLOG, ANSWERS, RESOLUTIONS]


offer(lambda: [*case_reports(), SATISFACTION])
