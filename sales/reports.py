"""The reports of sales: the funnel by cohorts, what was won and lost and why, ageing stages, answers to leads."""

from datetime import timedelta
from functools import reduce
from operator import or_

from django.conf import settings
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm_site.core.models import Team, User
from crm_site.core.reports import MONTH, Grouping, Measure, Report, added, offer, share, took
from customers.models import Account
from marketing.models import Campaign
from sales.models import Lead, LossReason, Opportunity, OpportunityChange, Pipeline, Stage

WON, LOST, OPEN = Q(state=Stage.WON), Q(state=Stage.LOST), Q(state=Stage.OPEN)
ENDED = Q(state__in=[Stage.WON, Stage.LOST])
OWNER, TEAM = Grouping("owner", _("Owner"), "owner", model=User), Grouping("team", _("Team"), "team", model=Team)
SOURCE = Grouping("source", _("Source"), "source")
CAMPAIGN = Grouping("campaign", _("Campaign"), "campaign", model=Campaign)
TYPE = Grouping("type", _("Type"), "type", choices=Opportunity.TYPES)


def reached(stage):
    """The condition that a deal was ever in the stage or in a later one of its pipeline; losing reaches nothing."""
    steps = OpportunityChange.objects.filter(
        opportunity=OuterRef("pk"), to_alive=True, to_stage__pipeline=stage.pipeline_id,
        to_stage__order__gte=stage.order,
    )  # fmt: skip
    return Q(Exists(steps.exclude(to_stage__state=Stage.LOST)))


def funnels():
    """The funnel of each pipeline in use: how many deals of a cohort got as far as each stage."""
    found = Pipeline.objects.filter(is_active=True).order_by("-is_default", "name").prefetch_related("stages")
    return [funnel(pipeline) for pipeline in found]


def funnel(pipeline):
    """The funnel of one pipeline."""
    stages = sorted((s for s in pipeline.stages.all() if s.is_active and s.state != Stage.LOST), key=lambda s: s.order)
    means = _("Deals that were ever in this stage or in a later one, and their share of all deals of the cohort.")
    measures = (
        Measure("all", _("Deals"), _("Deals of the pipeline that were made in these days: the cohort.")),
        *(share(f"stage{s.pk}", s.name, means, reached(s)) for s in stages),
        share("lost", _("Lost"), _("Deals of the cohort that are lost now."), LOST),
    )
    return Report(
        f"funnel{pipeline.pk}", _("Funnel: %(name)s") % {"name": pipeline},
        _("What became of the deals made in a month: each row follows its own deals, whenever they moved on."),
        Opportunity, measures, (Grouping("month", _("Month made"), MONTH), SOURCE, OWNER, TEAM, CAMPAIGN, TYPE),
        moment="created_at", base=Q(pipeline=pipeline.pk),
    )  # fmt: skip


WIN_LOSS = Report(
    "winloss", _("Won and lost"),
    _("Deals by the day on which they were closed; amounts in %(currency)s at the rate of that day.")
    % {"currency": settings.BASE_CURRENCY},
    Opportunity,
    (
        Measure("closed", _("Closed"), _("Deals that were won or lost in these days.")),
        share("won", _("Won"), _("Deals won, and their share of those closed."), WON),
        share("lost", _("Lost"), _("Deals lost, and their share of those closed."), LOST),
        added("wonsum", _("Won amount"), _("Sum of the amounts of deals won."), "amount_base", WON),
        added("lostsum", _("Lost amount"), _("Sum of the amounts of deals lost."), "amount_base", LOST),
        took("days", _("Time to win"), _("From making a deal to winning it, the middle one of all."),
             ("created_at", "closed_at"), WON),
    ),
    (
        Grouping("month", _("Month closed"), MONTH),
        Grouping("reason", _("Loss reason"), "loss_reason", model=LossReason),
        Grouping("competitor", _("Lost to"), "lost_to", model=Account), SOURCE, OWNER, TEAM, CAMPAIGN, TYPE,
    ),
    moment="closed_at", base=ENDED,
)  # fmt: skip


SINCE = ("stage_since", Now())


def overdue_stage():
    """The condition that a deal is longer in its stage than the stage expects."""
    now = timezone.now()
    limits = Stage.objects.filter(expected_days__isnull=False).values_list("pk", "expected_days")
    late = [Q(stage=pk, stage_since__lt=now - timedelta(days=days)) for pk, days in limits]
    return reduce(or_, late, Q(pk__in=[]))


AGEING = Report(
    "ageing", _("Ageing of stages"), _("Open deals as they stand now, by how long they are in their stage."),
    Opportunity,
    (
        Measure("open", _("Open deals"), _("Deals that are neither won nor lost.")),
        added("sum", _("Amount"), _("Sum of their amounts."), "amount_base"),
        added("weighted", _("Weighted"), _("Sum of their amounts times their probabilities."), "weighted_base"),
        took("median", _("In the stage"), _("How long they are in their stage: the middle one of all."), SINCE),
        took("long", _("Nine of ten under"), _("Nine tenths of them are in their stage for less."), SINCE,
             how="ninetieth"),
        share("late", _("Too long"), _("Longer in their stage than it expects, and their share."), overdue_stage),
    ),
    (Grouping("stage", _("Stage"), "stage", model=Stage), OWNER, TEAM, SOURCE, TYPE), base=OPEN,
)  # fmt: skip

ANSWERED = Q(responded_at__isnull=False)
HOUR = Q(responded_at__lte=F("created_at") + timedelta(hours=1))


def answered_late():
    """The condition that a lead was answered after its time, or waits beyond it."""
    return Q(responded_at__gt=F("respond_by")) | Q(responded_at__isnull=True, respond_by__lt=timezone.now())


ANSWERS = Report(
    "answers", _("Answers to leads"), _("Leads by the day on which they came; times by the clock on the wall."), Lead,
    (
        Measure("leads", _("Leads"), _("Leads that came in these days.")),
        share("answered", _("Answered"), _("Leads that somebody got in touch with."), ANSWERED),
        took("median", _("First answer"), _("From the lead to the first answer, the middle one of those answered."),
             ("created_at", "responded_at"), ANSWERED),
        share("hour", _("Within an hour"), _("Answered within an hour; share of all leads."), HOUR),
        share("late", _("Late"), _("Answered after the time set for it, or waiting beyond it."), answered_late),
        share("converted", _("Converted"), _("Leads that became business."), Q(status=Lead.CONVERTED)),
    ),
    (
        Grouping("month", _("Month"), MONTH), SOURCE, OWNER, TEAM, CAMPAIGN,
        Grouping("rating", _("Rating"), "rating", choices=Lead.RATINGS),
    ),
    moment="created_at",
)  # fmt: skip


def sales_reports():
    """All reports of sales."""
    return [*funnels(), WIN_LOSS, AGEING, ANSWERS]


offer(sales_reports)
