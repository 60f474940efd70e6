"""Correcting an exchange rate that was entered wrong: what was reckoned with it is reckoned anew, and nothing else."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Count, F, Sum, Value
from django.db.models.functions import Round, TruncDate
from django.utils.translation import gettext as _

from crm_site.core.jobs import start_job, step
from crm_site.core.loading import insert_many
from crm_site.core.models import ExchangeRate
from crm_site.core.money import DIGITS, rounded
from crm_site.core.operations import operation, refuse, write_many
from sales.models import Credit, Opportunity, Sale, Stage
from sales.operations.credits import reverse_credits
from sales.operations.totals import shared_out
from sales.operations.worth import rebase_amounts
from sales.rights import may_set_rates

BATCH = 2000
# Up to so many deals and sales are corrected while the page waits.
AT_ONCE = 500


@dataclass(frozen=True)
class Part:
    """How many deals or sales a correction concerns, and their worth before and after it."""

    count: int
    before: Decimal
    after: Decimal


def worth(column, rate):
    """The expression of an amount's worth at a rate."""
    return Round(F(column) * Value(rate), precision=DIGITS.get(settings.BASE_CURRENCY, 2))


def in_span(rows, known, column):
    """The rows of a rate's currency whose day (`column`) lies between its own and the day of the next rate."""
    later = ExchangeRate.objects.filter(currency=known.currency, day__gt=known.day).order_by("day")
    until = later.values_list("day", flat=True).first() or date.max
    return rows.filter(**{"currency": known.currency, f"{column}__gte": known.day, f"{column}__lt": until})


def deals_at(known, rate):
    """The closed deals whose worth is what a rate gave and not what the right one gives."""
    rows = Opportunity.objects.unscoped("a rate concerns all of them").exclude(state=Stage.OPEN)
    rows = rows.alias(closed_on=TruncDate("closed_at", tzinfo=ZoneInfo(settings.TIME_ZONE)))
    rows = in_span(rows, known, "closed_on").filter(amount_base=worth("amount", known.rate))
    return rows.exclude(amount_base=worth("amount", rate))


def sales_at(known, rate):
    """The sales whose worth is what a rate gave and not what the right one gives."""
    rows = in_span(Sale.objects.unscoped("a rate concerns all of them"), known, "sold_on")
    return rows.filter(total_base=worth("total", known.rate)).exclude(total_base=worth("total", rate))


def batches(rows):
    """The rows as they are found now, so many at a time that no statement takes long."""
    ids = list(rows.order_by("pk").values_list("pk", flat=True))
    every = rows.model.objects.unscoped("a rate concerns all of them")
    return (every.filter(pk__any_of=ids[start : start + BATCH]) for start in range(0, len(ids), BATCH))


def preview(known, rate):
    """{"deals": Part, "sales": Part}: what giving a rate this value changes of what was closed; two statements."""
    found = {"deals": (deals_at, "amount"), "sales": (sales_at, "total")}
    return {
        name: Part(*rows(known, rate).aggregate(
            count=Count("pk"), before=Sum(f"{column}_base", default=Decimal(0)),
            after=Sum(worth(column, rate), default=Decimal(0)),
        ).values()) for name, (rows, column) in found.items()
    }  # fmt: skip


@operation
def correct_rate(known, rate, *, by, seen=None):
    """Give a rate that was entered wrong its right value; returns what changed as `preview` says it.

    Closed deals and sales whose worth is exactly what the wrong value gave get what the right one gives, each with its
    history; credit is taken back on its own day and given anew to whom it was given. Open deals follow. What another
    rate gave stays, and so do the snapshots of days before. Refused when it is no longer the value `seen`, or the same.
    """
    current = ExchangeRate.objects.select_for_update().get(pk=known.pk)
    if seen is not None and current.rate != seen:
        refuse(_("Somebody corrected this rate meanwhile; look at it again."))
    if current.rate == rate:
        refuse(_("That is its value already."), "rate")
    changed = preview(current, rate)
    ExchangeRate.objects.filter(pk=current.pk).update(rate=rate)
    rebase_amounts(by=by)
    for deals in batches(deals_at(current, rate)):
        write_many(deals, {"amount_base": worth("amount", rate)}, by=by)
    for rows in batches(sales_at(current, rate)):
        sales = list(rows.select_for_update())
        write_many(rows, {"total_base": worth("total", rate)}, by=by)
        credit_anew(sales, current.rate, rate)
    return changed


def start_correction(known, rate, *, by, seen):
    """Hand the correction of a rate to a worker; returns the job."""
    options = {"operation": "correct_rate", "rate": known.pk, "value": str(rate), "seen": str(seen)}
    return start_job("correction", ExchangeRate._meta.label_lower, by, options)


@step("correction")
def correct_step(job):
    """The whole of it in one transaction: what is corrected by half would be worth neither the one nor the other."""
    known = ExchangeRate.objects.filter(pk=job.options["rate"]).first()
    if known is None or not may_set_rates(job.user):
        refuse(_("This rate is no longer yours to correct."))
    changed = correct_rate(known, Decimal(job.options["value"]), by=job.user, seen=Decimal(job.options["seen"]))
    job.counts = {"changed": sum(part.count for part in changed.values())}
    return True


def credit_anew(sales, old, new):
    """Replace the credit of sales that a wrong rate gave; who sold, in which team and on which day stays."""
    nets = {sale.pk: rounded((sale.net - sale.discount + sale.adjustment) * new, settings.BASE_CURRENCY)
            for sale in sales}  # fmt: skip
    standing = Credit.objects.filter(sale__in=list(nets), reverses__isnull=True, reversed_by__isnull=True)
    rows = list(standing.order_by("sale", "kind", "id"))
    reverse_credits(*sales, corrected=True)
    for (sale, kind), group in groupby(rows, key=lambda row: (row.sale_id, row.kind)):
        shares = list(group)
        amounts = [row.amount_base for row in shares]
        whole = nets[sale] if kind == "revenue" else rounded(sum(amounts) * new / old, settings.BASE_CURRENCY)
        for row, amount in zip(shares, shared_out(whole, amounts, settings.BASE_CURRENCY), strict=True):
            row.pk, row.amount_base = None, amount
            row._state.adding = True
    insert_many(Credit, rows)
