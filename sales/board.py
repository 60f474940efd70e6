"""The board: what stands in each stage of a pipeline, for one user and one set of filters.

Counts and sums come from one aggregate over the same rows as the list's header; cards are the first of each stage in
the order of the close date, read stage by stage along an index.
"""

from datetime import timedelta
from functools import cache, partial

from django.conf import settings
from django.db.models import Count, Q, Sum
from django.http import QueryDict
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm_site.core import lists
from crm_site.core.columns import money_text
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

    Without filters the forecast's sums say it, unless single deals of others are shared with the user.
    """
    teams, shared = opened(user, Opportunity, "view")
    if not narrowed and not shared:
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
    gate = opened(user, Opportunity, "view")
    tops = []
    for stage in stages:
        part = rows.filter(stage=stage)
        if after:
            part = part.filter(lists.beyond(ORDER, after))
        if narrowed:
            top = part.visible_to(user).order_by(*ORDER)[: CARDS + 1]
        else:
            top = part.first_of(user, CARDS + 1, ORDER, narrowed=False, gate=gate)
        tops.append(top.values("pk"))
    if not tops:
        return {}
    ids = tops[0].union(*tops[1:], all=True) if len(tops) > 1 else tops[0]
    ids = list(ids.values_list("pk", flat=True))
    deals = Opportunity.objects.unscoped("their ids came through the gate").filter(pk__in=ids)
    found = {stage.pk: [] for stage in stages}
    for deal in deals.select_related("stage", "owner").only(*READ).order_by(*ORDER):
        found[deal.stage_id].append(deal)
    return {
        pk: (some[:CARDS], lists.cursor(some[CARDS - 1], ORDER) if len(some) > CARDS else "")
        for pk, some in found.items()
    }


def dress(deals, kind, user):
    """What cards show of deals: the account, age, what is next, flags, whether it moves; two statements.

    Cards have much in common, and a board has hundreds: each date, age and name is put into words once.
    """
    mine = Opportunity.objects.visible_to(user, "change").filter(pk__in=[deal.pk for deal in deals])
    movable = set(mine.values_list("pk", flat=True)) if user.reach(Opportunity, "change") != NONE else set()
    links = lists.linked([kind.column("account")], deals, user)
    owners = {deal.owner_id: str(deal.owner or "") for deal in {deal.owner_id: deal for deal in deals}.values()}
    flags = {name: (str(hygiene.LABELS[name]), str(hygiene.RULES[name])) for name in ON_CARDS}
    day_text, next_text, age_text = cache(day_words), cache(partial(next_words, timezone.localdate())), cache(age_words)
    local_day, now, nobody, move = cache(timezone.localdate), timezone.now(), ("", ""), _("Move %(name)s")
    cards = []
    for deal in deals:
        planned = deal.next_activity_at and local_day(deal.next_activity_at)
        found, age = hygiene.flags_of(deal), max(0, (now - deal.stage_since).days)
        tone, text = next_text(min(filter(None, (planned, deal.next_step_date)), default=None))
        cards.append({
            "pk": deal.pk, "name": deal.name, "url": kind.record_url(deal.pk), "rotten": "stuck" in found,
            "move": move % {"name": deal.name} if deal.pk in movable else "",
            "money": "" if deal.amount is None else money_text(deal.amount, deal.currency),
            "closes": day_text(deal.close_date), "age": age_text(age), "tone": tone, "next": text,
            "with_whom": links.get(("customers.account", deal.account_id), nobody)[0], "owner": owners[deal.owner_id],
            # What is next, the age and the amount say the other flags already.
            "flags": [flags[name] for name in found if name in flags],
        })  # fmt: skip
    return cards


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
