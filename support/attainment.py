"""Which share of the promises was kept: by metric, service level, team, queue, agent and the month it ended (SL-14).

A clock counts in the month in which it ended; clocks that still run, or were cancelled, do not count.
"""

from datetime import timedelta

from django.db.models import DurationField, ExpressionWrapper, F, Q
from django.utils.translation import gettext_lazy as _

from crm_site.core.models import Team, User
from crm_site.core.reports import MONTH, Grouping, Measure, Report, offer, share
from support.models import METRIC_NAMES, Case, Clock, Policy, Queue

ADDRESS = "/support/attainment/clocks/"
ENDED = Q(state__in=[Clock.MET, Clock.BREACHED])
MONTHLY = Grouping("month", _("Month ended"), MONTH)
METRIC = Grouping("metric", _("Metric"), "metric", choices=METRIC_NAMES)
POLICY = Grouping("policy", _("Service level"), "version__policy", model=Policy)
TEAM = Grouping("team", _("Team"), "team", model=Team)
GROUPINGS = (
    MONTHLY, METRIC, POLICY, TEAM, Grouping("queue", _("Queue"), "queue", model=Queue),
    Grouping("agent", _("Agent"), "owner", model=User),
    Grouping("priority", _("Priority"), "priority", choices=Case.PRIORITIES),
)  # fmt: skip
# The file that has everything at once is by these.
WHOLE = [METRIC, POLICY, TEAM, MONTHLY]


def visible_clocks(user):
    """The clocks of the cases that the user sees."""
    return Clock.objects.filter(case__in=Case.objects.visible_to(user))


def seconds_of(name):
    """A column of seconds as a duration."""
    return ExpressionWrapper(F(name) * timedelta(seconds=1), output_field=DurationField())


MEASURES = (
    Measure("ended", _("Ended"), _("Promises that were kept or broken in these days.")),
    share("met", _("Met"), _("Stopped no later than they were due, and their share of those that ended."),
          Q(state=Clock.MET)),
    share("breached", _("Breached"), _("Stopped too late, and their share."), Q(state=Clock.BREACHED)),
    Measure("used", _("Took"), _("Working time until it was done, the middle one of all."),
            value=seconds_of("used_seconds"), how="median", form="span"),
    Measure("over", _("Late by"), _("Working time by which the broken ones were late, the middle one."),
            Q(state=Clock.BREACHED), value=seconds_of("over_seconds"), how="median", form="span"),
)  # fmt: skip


def report(metric=""):
    """The report of one metric, or of all."""
    name = METRIC_NAMES[metric] if metric else _("All promises")
    means = _("Promises by the month in which they ended; those that still run do not count.")
    return Report(
        f"attainment{metric}", name, means, Clock, MEASURES, tuple(g for g in GROUPINGS if not metric or g != METRIC),
        moment="stopped_at", base=ENDED & Q(metric=metric) if metric else ENDED, rows=visible_clocks, address=ADDRESS,
    )  # fmt: skip


def attainment_reports():
    """The reports of kept promises: all of them, then each metric."""
    return [report(), *(report(metric) for metric in METRIC_NAMES)]


offer(attainment_reports)
