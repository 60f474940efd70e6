"""The forecast of a period: what each person and team below the viewer has closed and expects, against the target.

Sums come from the roll-up, exact to the last change. In each category stands what its deals say or, where somebody
adjusted it, the adjusted number; a team's number is its own adjustment, else the sum of the numbers below it.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from urllib.parse import urlencode

from django.db.models import Q, Sum
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm_site.core.models import User
from sales import odds, rollup
from sales.attainment import Progress
from sales.models import Adjustment, CreditCell, Stage, Target

CLOSED, COMMIT, BEST, PIPELINE = "closed", "commit", "best", "pipeline"
CATEGORIES = (CLOSED, COMMIT, BEST, PIPELINE)
# What a person may put a number of their own in place of: what is closed is a fact.
ADJUSTABLE = (COMMIT, BEST, PIPELINE)
LABELS = {CLOSED: _("Closed"), COMMIT: _("Commit"), BEST: _("Best case"), PIPELINE: _("Pipeline")}
SINGLE, CUMULATIVE = "single", "cumulative"
# Which categories a column adds up; the cumulative pipeline is all that is open.
COLUMNS = {
    SINGLE: {name: (name,) for name in CATEGORIES},
    CUMULATIVE: {
        CLOSED: (CLOSED,), COMMIT: (CLOSED, COMMIT), BEST: (CLOSED, COMMIT, BEST), PIPELINE: (COMMIT, BEST, PIPELINE),
    },
}  # fmt: skip
CUMULATIVE_LABELS = LABELS | {
    COMMIT: _("Commit forecast"), BEST: _("Best case forecast"), PIPELINE: _("Open pipeline"),
}  # fmt: skip
ZERO = Decimal(0)
TARGET = ("pk", "value", "user_id", "for_team_id", "team_id", "metric", "ends_on", "median")


def cumulative(amounts):
    """{column: amount} of {category: amount} as the cumulative view adds them up."""
    return {name: sum((amounts.get(c, ZERO) for c in parts), ZERO) for name, parts in COLUMNS[CUMULATIVE].items()}


@dataclass
class Figures:
    """The sums of some deals: by category the amount and how many, the weighted amount, and what the odds give."""

    amount: dict = field(default_factory=lambda: defaultdict(Decimal))
    deals: dict = field(default_factory=lambda: defaultdict(int))
    weighted: Decimal = ZERO
    unrated: int = 0
    expected: Decimal = ZERO
    coming: Decimal = ZERO
    variance: float = 0.0
    doubt: float = 0.0
    attained: Decimal = ZERO
    overlay: Decimal = ZERO

    def take(self, row):
        """Add a Sum of the roll-up."""
        if row.category in CATEGORIES:
            self.amount[row.category] += row.amount
            self.deals[row.category] += row.deals
            self.weighted += row.weighted
            self.unrated += row.unrated

    def add(self, other):
        """Add other figures."""
        for category in CATEGORIES:
            self.amount[category] += other.amount[category]
            self.deals[category] += other.deals[category]
        for name in ("weighted", "unrated", "expected", "coming", "variance", "doubt", "attained", "overlay"):
            setattr(self, name, getattr(self, name) + getattr(other, name))

    @property
    def calibrated(self):
        """What is closed, what the odds give of the open deals, and what comes on top."""
        return self.amount[CLOSED] + self.expected

    @property
    def interval(self):
        """(low, high) within which the period ends four times out of five."""
        low, high = odds.interval(self.expected, self.variance, self.doubt)
        return self.amount[CLOSED] + Decimal(round(low, 2)), self.amount[CLOSED] + Decimal(round(high, 2))


@dataclass
class Row:
    """A person or a team: its figures, the number that stands in each category, adjustments, and the target."""

    label: str
    figures: Figures
    owner: int | None = None
    team: int | None = None
    stands: dict = field(default_factory=dict)
    adjusted: dict = field(default_factory=dict)
    target: object = None
    reports: Decimal = ZERO
    is_team: bool = False
    may_adjust: bool = False
    link: dict | None = None

    @property
    def attained(self):
        """What sales count for: credit of both kinds for a person; without overlay, which comes on top, for a team."""
        return self.figures.attained - (self.figures.overlay if self.is_team else ZERO)

    @property
    def attainment(self):
        """Per cent of the target that sales have reached; None without a target."""
        return None if self.target is None else 100 * self.attained / self.target.value

    @property
    def progress(self):
        """How the target stands, with pace and coverage; None without one."""
        open_deals = self.figures.weighted - self.figures.amount[CLOSED]
        return self.target and Progress(self.target, self.attained, open_deals, timezone.localdate())

    @property
    def gap(self):
        """What is missing to the target; 0 when it is reached, None without one."""
        return None if self.target is None else max(ZERO, self.target.value - self.attained)

    @property
    def uncovered(self):
        """A team's target less those of its people and teams: above 0, nobody has been given the rest."""
        return self.target.value - self.reports if self.is_team and self.target and self.reports else None

    def moved(self, category):
        """How much the deals of an adjusted category changed since; 0 where nothing was adjusted."""
        made = self.adjusted.get(category)
        return self.figures.amount[category] - made.original if made else ZERO

    def number(self, categories):
        """What stands in some categories together."""
        return sum((self.stands.get(c, ZERO) for c in categories), ZERO)

    def list_url(self, period, categories):
        """The list of exactly the deals behind a number; empty where no filter of the list can say it."""
        if self.link is None:
            return ""
        named = [*self.link.items(), *(("category", category) for category in categories)]
        days = [("close_date_after", period.starts_on), ("close_date_before", period.ends_on)]
        return f"/opportunities/?{urlencode(named + days)}"


@dataclass
class Forecast:
    """One page: rows, their total, and where one can go from here."""

    period: object
    sight: object
    team: int | None
    rows: list
    total: Row

    def by_stage(self):
        """[(Stage, its sums, list of exactly its deals)] of the open deals that count in the period; two statements."""
        sums = rollup.stage_sums(self.sight.scope(self.team), period=self.period)
        stages = Stage.objects.filter(pk__in=sums).select_related("pipeline")
        address = self.total.list_url(self.period, ADJUSTABLE)
        return [
            (stage, sums[stage.pk], address and f"{address}&stage={stage.pk}")
            for stage in stages.order_by("-pipeline__is_default", "pipeline", "order", "id")
        ]


def read(sight, period, team=None):
    """The Forecast of a period as the user sees it; of one team, or of all within reach.

    Seven statements however many people and teams there are. 404 for a team out of reach.
    """
    built, rows, team = laid_out(sight, period, team)
    return Forecast(period, sight, team, built.named(rows), built.total(rows, team))


def total(sight, period):
    """The Row of everything within the user's reach, alone; three statements, and one more where there is a target."""
    built, rows, team = laid_out(sight, period, None, whole=False)
    found = built.total(rows, team)
    if found.target is not None:
        overlay = Sum("amount", filter=Q(kind="overlay"), default=ZERO)
        sums = credit(period, sight.scope(team)).aggregate(all=Sum("amount", default=ZERO), overlay=overlay)
        found.figures.attained, found.figures.overlay = sums["all"], sums["overlay"]
    return found


def laid_out(sight, period, team, *, whole=True):
    """(Builder, rows without names, team) of a period; the team is the one within reach where there is one only.

    What is not `whole` says nothing of odds and credit.
    """
    scope = sight.scope(team)
    targets = targets_of(period, sight.user)
    people = with_targets(figures(period, scope, whole=whole), targets, sight, scope)
    built = Builder(sight, people, targets, adjustments_of(period))
    other = built.elsewhere() if team is None else []
    if team is None and len(sight.roots) == 1 and not other:
        team = sight.roots[0]
    rows = other + [built.team_row(root) for root in sight.roots] if team is None else built.team_rows(team)
    return built, rows, team


def with_targets(people, targets, sight, scope):
    """The figures, with those who have a target and no deal yet."""
    known = {owner for _team, owner in people}
    for (kind, user), target in targets.items():
        near = scope.everybody or target.team_id in scope.teams or user == scope.owner == sight.user.pk
        if kind == "user" and user not in known and near:
            people[target.team_id, user] = Figures()
    return people


def credit(period, scope):
    """The sums of the credit of a period, of whole months, within a scope."""
    return scope.of(CreditCell.objects.filter(month__range=(period.starts_on, period.ends_on)), owner="user").order_by()


def figures(period, scope, *, whole=True):
    """{(team, owner): Figures} of a period; three statements, one without what the odds give and without credit."""
    found = defaultdict(Figures)
    for row in rollup.sums(period, scope):
        found[row.team_id, row.owner_id].take(row)
    if not whole:
        return found
    for team, owner, *sums in odds.sums(period, scope):
        one = found[team, owner]
        one.expected, one.variance, one.doubt, one.coming = sums
    keys = ("team_id", "user_id", "kind")
    for team, owner, kind, amount in credit(period, scope).values_list(*keys).annotate(Sum("amount")):
        found[team, owner].attained += amount
        found[team, owner].overlay += amount if kind == "overlay" else 0
    return found


def targets_of(period, user):
    """{("user", id) or ("team", id): (pk, value, user_id, for_team_id, team_id, ...)} of targets of won amounts.

    For exactly this period, as far as the user sees them.
    """
    rows = Target.objects.visible_to(user).filter(
        metric="won_amount", family="", starts_on=period.starts_on, ends_on=period.ends_on
    )
    rows = rows.values_list(*TARGET, named=True)
    return {("user", t.user_id) if t.user_id else ("team", t.for_team_id): t for t in rows}


def adjustments_of(period):
    """{("user" or "team", id, category): Adjustment} that stand for exactly this period."""
    rows = Adjustment.objects.filter(starts_on=period.starts_on, ends_on=period.ends_on, reset_at=None)
    return {("user" if a.user_id else "team", a.user_id or a.team_id, a.category): a for a in rows.select_related("by")}


class Builder:
    """Puts rows together from what was read; asks for nothing but the names of the people shown."""

    def __init__(self, sight, people, targets, adjustments):
        self.sight, self.people, self.targets, self.adjustments = sight, people, targets, adjustments
        self.by_team = defaultdict(dict)
        for (team, owner), found in people.items():
            self.by_team[team][owner] = found
        self.home = home_of(people)

    def settle(self, row, key, below=None):
        """Fill in what stands in each category: the adjustment, else what is below, else what the deals say."""
        for category in CATEGORIES:
            made = self.adjustments.get((*key, category)) if category in ADJUSTABLE else None
            if made:
                row.adjusted[category], row.stands[category] = made, made.adjusted
            elif below is None:
                row.stands[category] = row.figures.amount[category]
            else:
                row.stands[category] = sum((one.stands[category] for one in below), ZERO)
        row.target = self.targets.get(key) or row.target
        return row

    def person_row(self, team, owner):
        """The row of an owner's deals in a team."""
        at_home = owner is not None and self.home.get(owner) == team
        link = {"owner": owner} if owner else {"without": "owner"}
        link |= {"team": team} if team else {"without_team": "true"}
        row = Row("", self.by_team[team].get(owner) or Figures(), owner=owner, team=team, link=link)
        row.may_adjust = at_home and self.sight.may_adjust(owner=owner, team=team)
        self.settle(row, ("user", owner if at_home else None))
        if team and owner and self.quota(team) is row.target:
            row.target = None
        return row

    def quota(self, team):
        """The target of a team: its own, else that of its manager."""
        return self.targets.get(("team", team)) or self.targets.get(("user", self.sight.teams[team].manager_id))

    def team_rows(self, team):
        """The rows of a team's own people, then those of the teams right below it."""
        people = [self.person_row(team, owner) for owner in self.by_team.get(team, ())]
        return people + [self.team_row(child) for child in self.sight.children.get(team, ())]

    def team_row(self, team):
        """The row of a team and all below it."""
        below = self.team_rows(team)
        row = Row(self.sight.teams[team].name, summed(below), team=team, is_team=True, link={"team_below": team})
        row.may_adjust = self.sight.may_adjust(team=team)
        row.reports, row.target = quotas(below), self.quota(team)
        return self.settle(row, ("team", team), below)

    def elsewhere(self):
        """The rows of the user's own deals in teams out of reach, and of deals without a team."""
        return [
            self.person_row(team, owner) for team, owner in self.people if team is None or team not in self.sight.within
        ]

    def total(self, rows, team):
        """The total: a team's own row where the page is one team's, else the sum."""
        row = Row("", summed(rows), team=team, is_team=bool(self.sight.within), reports=quotas(rows))
        if team is not None:
            row.link, row.target = {"team_below": team}, self.quota(team)
            row.may_adjust = self.sight.may_adjust(team=team)
        elif self.sight.everybody:
            row.link = {}
        elif not self.sight.within:
            row.link, row.target = {"owner": self.sight.user.pk}, self.targets.get(("user", self.sight.user.pk))
        return self.settle(row, ("team", team), rows)

    def named(self, rows):
        """The rows with the names of their people, in order: people by name, then teams."""
        ids = {row.owner for row in rows if row.owner}
        names = {user.pk: str(user) for user in User.objects.filter(pk__in=ids)}
        for row in rows:
            if not row.is_team:
                row.label = names.get(row.owner) or str(_("Nobody"))
        return sorted(rows, key=lambda row: (row.is_team, row.label.casefold()))


def home_of(people):
    """{owner: team} in which a person's adjustment and target stand: the one with most of their deals."""
    found = {}
    by_deals = sorted(people.items(), key=lambda item: (-sum(item[1].deals.values()), item[0][0] or 0))
    for (team, owner), _figures in by_deals:
        found.setdefault(owner, team)
    return found


def quotas(rows):
    """The targets of several rows together; of a team without one, those given out below it."""
    return sum((row.target.value if row.target else row.reports for row in rows), ZERO)


def summed(rows):
    """The figures of several rows together."""
    found = Figures()
    for row in rows:
        found.add(row.figures)
    return found
