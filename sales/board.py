"""The board: what stands in each stage of a pipeline, for one user and one set of filters.

Counts and sums come from one aggregate over the same rows as the list's header; cards are the first of each stage in
the order of the close date, read stage by stage along an index.
"""

from datetime import timedelta
from functools import cache, partial
from urllib.parse import urlencode

from django.conf import settings
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Count, Q, Sum
from django.http import QueryDict
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm_site.core import lists
from crm_site.core.columns import money_text
from crm_site.core.kept import Slot, kept
from crm_site.core.models import ALL, NONE
from crm_site.core.scope import opened
from sales import hygiene, rollup
from sales.models import Opportunity, Pipeline, Stage

CARDS = 50
ON_CARDS = ("overdue", "pushed", "quiet")
ORDER = ("close_date", "id")
READ = (
    "id", "name", "stage_id", "amount", "currency", "close_date", "account_id", "owner__first_name",
    "owner__last_name", "owner__email", "next_step", "probability", "version", *hygiene.READ,
)  # fmt: skip
# Stands in a query for a stage that is to be put in; no stage has this id.
ANY_STAGE = -(2**40)
# Parameters of the board itself, which the list does not know.
OWN = ("pipeline", "compact", "by", "month", "to", "state", "stage")


def pipeline_of(params):
    """(the pipeline that the address names, else the default one; all pipelines in use)."""
    pipelines = list(Pipeline.objects.filter(is_active=True).order_by("-is_default", "name"))
    wanted = params.get("pipeline", "")
    return next((p for p in pipelines if str(p.pk) == wanted), pipelines[0] if pipelines else None), pipelines


def shared_params(params):
    """The address's parameters that the list, the board and the calendar share."""
    kept = QueryDict(mutable=True)
    for name, values in params.lists():
        if name not in OWN and name not in ("after", "before", "sort", "col", "view", "page_size"):
            kept.setlist(name, values)
    return kept


def open_rows(kind, params, user, pipeline):
    """(filterset or None, the pipeline's open deals that the filters leave, not scoped yet, whether they narrow)."""
    filterset, rows = lists.filtered(kind, shared_params(params), user)
    return filterset, rows.filter(pipeline=pipeline, state=Stage.OPEN), bool(rows.query.where)


def totals(rows, user, pipeline, *, narrowed):
    """{stage id: {"count", "amount", "weighted"}} of the rows that the user sees; one statement.

    Without filters the forecast's sums say it, unless single deals are shared with the user or name their company.
    """
    teams, shared = opened(user, Opportunity, "view")
    if not narrowed and not shared and user.partner_id is None:
        reach = user.reach(Opportunity, "view")
        scope = rollup.Scope(reach == ALL, tuple(teams), user.pk)
        return rollup.stage_sums(scope, pipeline=pipeline and pipeline.pk) if reach != NONE else {}
    found = rows.visible_to(user).order_by().values("stage")
    found = found.annotate(count=Count("pk"), amount=Sum("amount_base"), weighted=Sum("weighted_base"))
    return {row.pop("stage"): row for row in found}


def heads(stages, sums):
    """{stage id: texts of its head}."""
    currency, none = settings.BASE_CURRENCY, {"count": 0, "amount": 0, "weighted": 0}
    return {
        stage.pk: {
            "count": f"{found['count']:,}", "amount": money_text(found["amount"] or 0, currency),
            "weighted": money_text(found["weighted"] or 0, currency),
        } for stage in stages for found in [sums.get(stage.pk, none)]
    }  # fmt: skip


def cards_of(rows, stages, user, *, narrowed, after=None):
    """{stage id: (cards, cursor of the next ones or "")}; two statements for all stages, four with teams and shares.

    `narrowed` says whether filters or a search left few rows, which are then found by what narrows them.
    """
    if not stages:
        return {}
    gate = opened(user, Opportunity, "view")
    part = rows.filter(stage=ANY_STAGE)
    if after:
        part = part.filter(lists.beyond(ORDER, after))
    if narrowed:
        top = part.visible_to(user).order_by(*ORDER)[: CARDS + 1]
    else:
        top = part.first_of(user, CARDS + 1, ORDER, narrowed=False, gate=gate)
    ids = in_each(top.values("pk"), [stage.pk for stage in stages])
    deals = Opportunity.objects.unscoped("their ids came through the gate").filter(pk__in=ids)
    found = {stage.pk: [] for stage in stages}
    for deal in read(deals.order_by(*ORDER)):
        found[deal.stage_id].append(deal)
    return {
        pk: (some[:CARDS], lists.cursor(some[CARDS - 1], ORDER) if len(some) > CARDS else "")
        for pk, some in found.items()
    }


def in_each(query, stages):
    """The ids that a query over ANY_STAGE finds in each of the stages; put together once, as that takes most of it."""
    try:
        sql, params = query.query.sql_with_params()
    except EmptyResultSet:
        return []
    every = [stage if value == ANY_STAGE else value for stage in stages for value in params]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join([f"({sql})"] * len(stages)), every)
        return [pk for (pk,) in cursor.fetchall()]


def read(rows):
    """The rows as `dress` takes them: plain values, as a board has hundreds."""
    return list(rows.values_list(*READ, named=True))


def dress(deals, kind, user, back=""):
    """What cards show of deals that were `read`: the account, age, what is next, flags, whether it moves.

    Two statements. `back` is the address to which a move comes back. Cards have much in common, and a board has
    hundreds: each date, age and name is put into words once.
    """
    movable = set(movable_among(user, [deal.id for deal in deals]))
    links = lists.linked([kind.column("account")], deals, user)
    owner_text = cache(lambda first, last, email: f"{first or ''} {last or ''}".strip() or email or "")
    flags = {name: (str(hygiene.LABELS[name]), str(hygiene.RULES[name])) for name in ON_CARDS}
    day_text, next_text, age_text = cache(day_words), cache(partial(next_words, timezone.localdate())), cache(age_words)
    local_day, now, nobody, move = cache(timezone.localdate), timezone.now(), ("", ""), _("Move %(name)s")
    today, no_amount = timezone.localdate(), _("no amount")
    cards, back = [], f"move/?{urlencode({'next': back})}"
    for deal in deals:
        planned = deal.next_activity_at and local_day(deal.next_activity_at)
        found, age = hygiene.fitting(deal, deal.stage__expected_days, today, now), max(0, (now - deal.stage_since).days)
        tone, text = next_text(min(filter(None, (planned, deal.next_step_date)), default=None))
        url, with_whom = kind.record_url(deal.id), links.get(("customers.account", deal.account_id), nobody)[0]
        owner = owner_text(deal.owner__first_name, deal.owner__last_name, deal.owner__email)
        cards.append({
            "pk": deal.id, "name": deal.name, "url": url, "move_url": url + back, "rotten": "stuck" in found,
            "move": move % {"name": deal.name} if deal.id in movable else "",
            "money": no_amount if deal.amount is None else money_text(deal.amount, deal.currency),
            "closes": day_text(deal.close_date), "age": age_text(age), "tone": tone, "next": text,
            "people": " · ".join(filter(None, (with_whom, owner))),
            # What is next, the age and the amount say the other flags already.
            "flags": [flags[name] for name in found if name in flags],
        })  # fmt: skip
    return cards


def movable_among(user, ids):
    """Those of the ids of deals that the user sees which the user may move; asked where that is in question."""
    reach = user.reach(Opportunity, "change")
    if reach in (ALL, NONE):
        return ids if reach == ALL else []
    return [pk for (pk,) in changeable(user, ids=ids)]


@kept
def changeable(user):
    """Those of some deals that the user may change."""
    return Opportunity.objects.visible_to(user, "change").filter(pk__any_of=Slot("ids")).values_list("pk")


def day_words(day):
    """A day as a card shows it."""
    return date_format(day, "SHORT_DATE_FORMAT")


def age_words(days):
    """How long a deal has been in its stage."""
    return ngettext("%(n)s day here", "%(n)s days here", days) % {"n": days}


def next_words(today, day):
    """(tone, words) of the day on which something is to be done next, None for never."""
    if day is None:
        return "grey", _("Nothing planned")
    if day < today:
        return "red", _("Overdue since %(day)s") % {"day": day_words(day)}
    if day == today:
        return "orange", _("Today")
    if day == today + timedelta(days=1):
        return "green", _("Tomorrow")
    return "green", _("On %(day)s") % {"day": day_words(day)}


def in_days(rows, field, first, last):
    """The rows whose date lies between two days, both included."""
    return rows.filter(Q(**{f"{field}__gte": first, f"{field}__lte": last}))
