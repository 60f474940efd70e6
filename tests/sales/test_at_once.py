"""R23 and R26: many people at the same moment make one sale a deal, one answer a quote, no number twice and no drift."""

import random
import threading
from datetime import date
from decimal import Decimal
from unittest import mock

import pytest
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, OperationalError, connection
from django.db.models.query import QuerySet

from crm_site.core.operations import Refused, Stale, operation
from customers.models import Customer
from sales import rollup
from sales.models import LossReason, Opportunity, Quote, Sale
from sales.operations import sales as selling
from sales.operations.cancelling import cancel_sale
from sales.operations.closing import lose_opportunity, reopen_opportunity, win_opportunity
from sales.operations.conversion import convert_lead
from sales.operations.leads import create_leads
from sales.operations.opportunities import create_opportunities, move_opportunity, update_opportunity
from sales.operations.quotes import accept_quote, quote_deal, reject_quote, send_quote, update_quote
from sales.operations.sales import create_sales
from sales.operations.teamwork import set_lines
from tests.architecture.threads import at_once
from tests.cast import make_cast
from tests.sales.moving import stages
from tests.sales.recomputing import drift

PEOPLE, EACH = 8, 100
TODAY = date(2026, 5, 4)


@pytest.fixture
def cast(transactional_db):
    """The cast, visible to other connections."""
    ContentType.objects.clear_cache()
    return make_cast()


def deals_of(user, number, **values):
    """So many open deals of the user's with an amount."""
    rows = [{"name": f"Deal {n}", "amount": Decimal(100 + n), **values} for n in range(number)]
    return create_opportunities(rows, by=user)


def everybody(do, records):
    """What each of eight people got for each record, all at it at the same moment, in an order of their own."""

    def one(seed):
        order, found = list(records), {}
        random.Random(seed).shuffle(order)
        for record in order:
            try:
                found[record.pk] = do(record)
            except (Refused, Stale) as refusal:
                found[record.pk] = refusal
        return found

    results = at_once(*[lambda seed=seed: one(seed) for seed in range(PEOPLE)])
    assert not [result for result in results if isinstance(result, Exception)], results
    return {record.pk: [found[record.pk] for found in results] for record in records}


@pytest.mark.slow
def test_r23_eight_people_win_the_same_deals(cast):
    """R23."""
    deals = deals_of(cast.alice, EACH)
    found = everybody(lambda deal: win_opportunity(deal, by=cast.bob), deals)
    assert [len({sale.pk for sale in sales}) for sales in found.values()] == [1] * EACH
    assert Sale.objects.unscoped("count").count() == EACH
    assert sorted(numbers_of(Sale)) == list(range(1, EACH + 1))


@pytest.mark.slow
def test_r23_eight_people_answer_the_same_quotes(cast):
    """R23."""
    deals = deals_of(cast.alice, EACH)
    set_lines(deals[0], [{"description": "A", "unit_price": Decimal(5)}], by=cast.alice)
    quotes = []
    for deal in deals:
        quote = quote_deal(deal, by=cast.alice)
        if not quote.lines.exists():
            quote.lines.create(description="A", unit_price=Decimal(5), net=Decimal(5), total=Decimal(5))
        send_quote(quote, by=cast.alice)
        quotes.append(quote)

    def answer(quote):
        return (accept_quote if random.random() < 0.5 else reject_quote)(quote, by=None, name="Buyer").status

    for answers in everybody(answer, quotes).values():
        assert len({answer for answer in answers if not isinstance(answer, Exception)}) == 1
    for quote in Quote.objects.unscoped("look"):
        assert quote.events.filter(status__in=("accepted", "rejected")).count() == 1


@operation
def win(deal, *, by):
    """A sale of a deal and nothing else."""
    return selling.sell(deal, by=by)


def test_r23_without_lock_and_constraint_there_would_be_two(cast):
    """R23: Negative control: neither rows are locked nor does the database refuse a second sale."""
    [deal], rule = deals_of(cast.alice, 1), next(c for c in Sale._meta.constraints if c.name == "sale_opportunity_once")
    real, barrier = selling.copied_lines, threading.Barrier(2)

    def both(*args, **kwargs):
        barrier.wait(timeout=20)
        return real(*args, **kwargs)

    with connection.schema_editor() as editor:
        editor.remove_constraint(Sale, rule)
    try:
        with (
            mock.patch.object(QuerySet, "select_for_update", lambda rows, *args, **kwargs: rows),
            mock.patch.object(selling, "copied_lines", both),
        ):
            results = at_once(*[lambda: win(deal, by=cast.alice) for _copy in range(2)])
        assert len({sale.pk for sale in results}) == 2
    finally:
        Sale.objects.unscoped("undo").filter(opportunity=deal).update(opportunity=None)
        with connection.schema_editor() as editor:
            editor.add_constraint(Sale, rule)


def numbers_of(model):
    """The running numbers of our own documents."""
    return [int(text.rsplit("-", 1)[1]) for text in model.objects.unscoped("count").values_list("document", flat=True)]


def sale_rows(number):
    """Rows of sales made by hand."""
    return [{"name": "Sale", "currency": "EUR", "net": Decimal(10), "sold_on": TODAY} for _each in range(number)]


def test_r26_no_number_is_given_twice_or_left_out(cast):
    """R26: Eight people make papers in pieces of different sizes: the numbers run from one without a gap."""
    sizes = [1, 3, 7, 20, 2, 11, 1, 5]

    def many(size):
        return [create_sales(sale_rows(size), by=cast.alice) for _turn in range(4)]

    results = at_once(*[lambda size=size: many(size) for size in sizes])
    assert not [result for result in results if isinstance(result, Exception)], results
    assert sorted(numbers_of(Sale)) == list(range(1, 4 * sum(sizes) + 1))


def test_r23_eight_people_accept_quotes_of_one_deal(cast):
    """R23: Each accepts another quote of the same deal: one has it, the others are told which one."""
    quotes = []
    for deal in deals_of(cast.alice, 10):
        set_lines(deal, [{"description": "A", "unit_price": Decimal(5)}], by=cast.alice)
        quotes.append([quote_deal(deal, by=cast.alice) for _person in range(PEOPLE)])
    for quote in (quote for of_deal in quotes for quote in of_deal):
        send_quote(quote, by=cast.alice)
    for of_deal in quotes:
        results = at_once(*[lambda quote=quote: accept_quote(quote, by=None, name="Buyer") for quote in of_deal])
        assert sorted(type(result).__name__ for result in results) == ["Quote"] + ["Refused"] * (PEOPLE - 1), results


def test_r26_numbers_taken_without_the_lock_meet(cast):
    """R26: Negative control: numbers counted from the rows that are there are given twice; the database refuses them."""
    barrier = threading.Barrier(2)

    def careless(prefix, years):
        last = Sale.objects.unscoped("count").count()
        barrier.wait(timeout=20)
        return [f"{prefix}-{year}-{last + n:05d}" for n, year in enumerate(years, 1)]

    with mock.patch.object(selling, "documents", careless):
        results = at_once(*[lambda: create_sales(sale_rows(1), by=cast.alice) for _copy in range(2)])
    assert sum(isinstance(result, IntegrityError) for result in results) == 1


def one_thing(chance, user, deals):
    """Something that somebody does in an hour of work."""
    deal = chance.choice(deals)
    what = chance.randrange(9)
    if what == 0:
        lead = create_leads([{"last_name": f"B{chance.random()}", "company": "C"}], by=user)[0]
        convert_lead(lead, {"account": "new", "opportunity": "new"}, by=user)
    elif what == 1:
        deals.extend(deals_of(user, 3, currency=chance.choice(["EUR", "USD", "JPY"])))
    elif what == 2:
        rows = [{"description": f"L{n}", "unit_price": Decimal(chance.randrange(100)), "quantity": Decimal(n + 1)}
                for n in range(3)]  # fmt: skip
        set_lines(deal, rows, by=user)
    elif what == 3:
        quote = quote_deal(deal, by=user)
        update_quote(quote, {"adjustment": Decimal(-3)}, by=user)
        send_quote(quote, by=user)
        accept_quote(quote, by=user)
    elif what == 4:
        close(chance, deal, user)
    elif what == 5:
        if sale := Sale.objects.unscoped("any").filter(opportunity=deal, status="active").first():
            cancel_sale(sale, "Because", by=user)
    elif what == 6:
        reopen_opportunity(deal, by=user)
    elif what == 7:
        update_opportunity(deal, {"amount": Decimal(chance.randrange(10_000)) / 7, "owner": user}, by=user)
    else:
        move_opportunity(deal, chance.choice([s for s in stages().values() if s.state == "open"]), by=user)


def close(chance, deal, user):
    """Win a deal, or lose it, now and then."""
    if chance.random() < 0.7:
        win_opportunity(deal, by=user)
    else:
        lose_opportunity(deal, LossReason.objects.filter(needs_note=False).first(), by=user)


def work(user, deals, seed, turns=60):
    """A shift of somebody's; what went wrong beside the refusals that people are told."""
    chance, wrong, own = random.Random(seed), [], list(deals)
    for _turn in range(turns):
        try:
            one_thing(chance, user, own)
        except (Refused, Stale, PermissionDenied):
            continue
        except (IntegrityError, OperationalError) as error:
            wrong.append(repr(error))
        if chance.random() < 0.2:
            rollup.roll_up(50)
    return wrong


def test_r26_a_mixed_load_leaves_no_drift(cast):
    """R26: Six people at the same deals for a while: nobody meets a deadlock, and all sums made anew are those stored."""
    deals = deals_of(cast.bob, 12)
    people = [cast.bob, cast.bob, cast.rita, cast.bob, cast.rita, cast.bob]
    results = at_once(*[lambda u=user, n=seed: work(u, deals, n) for seed, user in enumerate(people)])
    assert results == [[]] * len(people)
    assert Sale.objects.unscoped("count").exists()
    assert Customer.objects.unscoped("count").exists()
    assert drift() == []


@pytest.mark.parametrize(("model", "values", "word"), [
    (Opportunity, {"amount_base": Decimal(1)}, "amount_base"), (Sale, {"total": Decimal(1)}, "total"),
    (Customer, {"name": "Wrong"}, "name"),
])  # fmt: skip
def test_r26_drift_is_seen(cast, model, values, word):
    """R26: Negative control: a value that was changed past the operations is found."""
    lead = create_leads([{"last_name": "Berg", "company": "C", "amount": Decimal(50)}], by=cast.alice)[0]
    made = convert_lead(lead, {"account": "new", "opportunity": "new"}, by=cast.alice).opportunity
    update_opportunity(made, {"amount": Decimal(50)}, by=cast.alice)
    win_opportunity(made, by=cast.alice)
    assert drift() == []
    model.objects.unscoped("spoil").update(**values)
    assert any(word in fault for fault in drift())
