"""Sales: one for a deal whoever clicks how often, numbers without gaps, credit to the cent, cancelled with a link."""

import threading
from datetime import date
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone

from crm_site.core.models import ExchangeRate
from crm_site.core.operations import Refused, operation
from customers.models import Customer
from sales.models import Credit, CreditCell, NumberSeries, Sale, Split
from sales.operations.numbers import take_numbers
from sales.operations.sales import create_sale, create_sales, delete_sale, restore_sale, sell, void_sale
from tests.cast import make_cast
from tests.factories import CustomerFactory
from tests.sales.making import deal_of, product
from tests.sales.recomputing import credit_cells

pytestmark = pytest.mark.django_db


@operation
def win(deal, *, by, **values):
    """What an operation that wins a deal does with its sale."""
    return sell(deal, by=by, **values)


def test_qs3_lines_and_prices_are_copied(cast):
    """QS-3."""
    widget = product(family="Hardware")
    line = {"product": widget, "description": "Widget", "quantity": "3", "unit_price": "10", "tax_rate": "19"}
    deal = deal_of(cast.alice, [line, ("Hours", "2", "80.5")])
    sale = win(deal, by=cast.alice)
    widget.prices.update(amount=99)
    deal.lines.update(unit_price=99)
    assert [(x.description, x.unit_price, x.net) for x in sale.lines.all()] == [
        ("Widget", Decimal(10), Decimal(30)), ("Hours", Decimal("80.5"), Decimal(161))]  # fmt: skip
    assert (sale.net, sale.tax, sale.total) == (Decimal(191), Decimal("5.70"), Decimal("196.70"))
    assert (sale.opportunity, sale.owner, sale.created_by) == (deal, cast.alice, cast.alice)


def test_qs3_without_lines_there_is_one(cast):
    """QS-3."""
    sale = win(deal_of(cast.alice, name="Rebuild", amount=Decimal("1200.50")), by=cast.alice)
    assert [(x.description, x.total) for x in sale.lines.all()] == [("Rebuild", Decimal("1200.50"))]
    assert sale.total == Decimal("1200.50")


def test_qs3_an_agreed_amount_becomes_an_adjustment(cast):
    """QS-3."""
    sale = win(deal_of(cast.alice, [("A", "1", "100")]), by=cast.alice, amount=Decimal(90))
    assert (sale.net, sale.adjustment, sale.total) == (Decimal(100), Decimal(-10), Decimal(90))
    assert sum(c.amount_base for c in sale.credits.all()) == Decimal(90)


def test_qs3_the_customer_becomes_active(cast):
    """QS-3."""
    customer = CustomerFactory(owner=cast.charlie, status=Customer.PROSPECT)
    win(deal_of(cast.alice, customer=customer), by=cast.alice)
    customer.refresh_from_db()
    assert (customer.status, customer.since) == (Customer.ACTIVE, timezone.localdate())
    assert customer.status_changes.filter(to_status="active").count() == 1


def test_qs4_a_repeat_returns_the_same_sale(cast):
    """QS-4."""
    deal = deal_of(cast.alice)
    assert win(deal, by=cast.alice) == win(deal, by=cast.bob)
    assert Sale.objects.unscoped("test").count() == 1
    with pytest.raises(PermissionDenied):
        win(deal_of(cast.alice), by=cast.audrey)


@pytest.mark.django_db(transaction=True)
def test_qs4_eight_at_once_make_one_sale():
    """QS-4."""
    cast = make_cast()
    deal, made, start = deal_of(cast.alice, amount=Decimal(10)), [], threading.Barrier(8)

    def run():
        start.wait()
        made.append(win(deal, by=cast.alice).pk)
        connection.close()

    threads = [threading.Thread(target=run) for _ in range(8)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert len(made) == 8
    assert len(set(made)) == 1
    assert (Sale.objects.unscoped("test").count(), Credit.objects.count()) == (1, 1)


def test_qs4_the_database_itself_refuses_a_second_sale(cast):
    """QS-4."""
    first = win(deal_of(cast.alice), by=cast.alice)
    values = {"name": "x", "opportunity": first.opportunity, "currency": "EUR", "sold_on": date(2026, 1, 1)}
    with pytest.raises(IntegrityError, match="sale_opportunity_once"), transaction.atomic():
        create_sale(values, by=cast.alice)
    # The control: without the rule a second one goes in.
    with connection.cursor() as cursor:
        cursor.execute("DROP INDEX sale_opportunity_once")
    create_sale(values, by=cast.alice)
    assert Sale.objects.unscoped("test").filter(opportunity=first.opportunity).count() == 2


def test_qs5_numbers_have_no_gap(cast):
    """QS-5."""
    year = timezone.localdate().year
    first = win(deal_of(cast.alice), by=cast.alice)
    with transaction.atomic():
        win(deal_of(cast.alice), by=cast.alice)
        transaction.set_rollback(True)
    second = win(deal_of(cast.alice), by=cast.alice)
    assert [first.document, second.document] == [f"SO-{year}-00001", f"SO-{year}-00002"]


@pytest.mark.django_db(transaction=True)
def test_qs5_eight_at_once_miss_none():
    """QS-5."""
    got, start = [], threading.Barrier(8)

    def run():
        start.wait()
        for _ in range(10):
            with transaction.atomic():
                got.extend(take_numbers("test", 1))
        connection.close()

    threads = [threading.Thread(target=run) for _ in range(8)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert sorted(got) == list(range(1, 81))
    assert NumberSeries.objects.get(key="test").last == 80


def test_tg_credit_is_shared_to_the_cent(cast):
    deal = deal_of(cast.alice, amount=Decimal(100))
    for user, percent in ((cast.alice, "33.333"), (cast.charlie, "33.333"), (cast.bob, "33.334")):
        Split.objects.create(opportunity=deal, user=user, percent=Decimal(percent))
    Split.objects.create(opportunity=deal, user=cast.dora, kind="overlay", percent=Decimal(50))
    sale = win(deal, by=cast.alice)
    revenue = list(sale.credits.filter(kind="revenue").order_by("id"))
    assert [c.amount_base for c in revenue] == [Decimal("33.33"), Decimal("33.33"), Decimal("33.34")]
    assert sum(c.count for c in revenue) == 1
    assert [c.team for c in revenue] == [cast.north, cast.south, cast.sales]
    overlay = sale.credits.get(kind="overlay")
    assert (overlay.user, overlay.amount_base) == (cast.dora, Decimal(50))


def test_tg_credit_is_by_family_and_in_the_companys_currency(cast):
    ExchangeRate.objects.create(currency="USD", day=date(2026, 1, 1), rate=Decimal("0.9"))
    hard, soft = product(family="Hardware"), product("Soft", family="Software")
    deal = deal_of(cast.alice, currency="USD", lines=[
        {"product": hard, "description": "H", "quantity": "1", "unit_price": "33.33", "tax_rate": "19"},
        {"product": soft, "description": "S", "quantity": "2", "unit_price": "33.33"},
    ])  # fmt: skip
    sale = win(deal, by=cast.alice, sold_on=date(2026, 2, 1))
    assert {c.family: c.amount_base for c in sale.credits.all()} == {
        "Hardware": Decimal("30.00"), "Software": Decimal("59.99")}  # fmt: skip
    assert {c.day for c in sale.credits.all()} == {date(2026, 2, 1)}
    assert sum(c.count for c in sale.credits.all()) == 1


def test_qs6_a_cancelled_sale_stays_and_its_credit_is_reversed_today(cast):
    """QS-6."""
    sale = win(deal_of(cast.alice, amount=Decimal(100)), by=cast.alice, sold_on=date(2025, 12, 31))
    with pytest.raises(Refused):
        void_sale(sale, " ", by=cast.alice)
    void_sale(sale, "Returned", by=cast.alice)
    cancelled = void_sale(sale, "Returned again", by=cast.alice)
    assert (cancelled.status, cancelled.cancel_reason) == ("cancelled", "Returned")
    gave, took = sale.credits.order_by("id")
    assert (gave.day, gave.amount_base) == (date(2025, 12, 31), Decimal(100))
    assert (took.day, took.amount_base, took.count, took.reverses) == (timezone.localdate(), -100, -1, gave)
    again = win(sale.opportunity, by=cast.alice)
    assert again != sale
    assert again.document != sale.document


def test_credit_is_summed_as_it_is_written_and_changed_by_nobody(cast):
    """TG-1: a row that goes with its sale is in no sum; a row that was changed would be in two."""
    sale = win(deal_of(cast.alice, amount=Decimal(100)), by=cast.alice, sold_on=date(2025, 12, 31))
    win(deal_of(cast.alice, amount=Decimal(7)), by=cast.alice, sold_on=date(2025, 12, 1))
    sums = CreditCell.objects.filter(user=cast.alice, team=cast.north, kind="revenue")
    assert sums.get().amount == 107
    with pytest.raises(DatabaseError), transaction.atomic():
        sale.credits.update(amount_base=1)
    sale.credits.all().delete()
    assert (sums.get().month, sums.get().amount) == (date(2025, 12, 1), 7)
    assert not list(credit_cells())
    sums.update(amount=8)
    assert len(list(credit_cells())) == 1


def test_an_active_sale_of_a_deal_is_not_binned(cast):
    sale = win(deal_of(cast.alice, amount=Decimal(100)), by=cast.alice)
    with pytest.raises(Refused):
        delete_sale(sale, by=cast.bob)
    free = create_sale({"name": "x", "net": Decimal(5), "currency": "EUR", "sold_on": date(2026, 1, 1)}, by=cast.bob)
    delete_sale(free, by=cast.bob)
    assert sum(c.amount_base for c in free.credits.all()) == 0
    restore_sale(free, by=cast.bob)
    assert sum(c.amount_base for c in free.credits.all()) == 5


def test_many_sales_take_the_statements_of_one(cast, django_assert_max_num_queries):
    row = {"name": "x", "net": Decimal(5), "tax": Decimal(1), "currency": "EUR", "sold_on": date(2026, 1, 1)}
    with django_assert_max_num_queries(25):
        made = create_sales([row] * 100, by=cast.alice)
    assert [sale.document for sale in made][:2] == ["SO-2026-00001", "SO-2026-00002"]
    assert {sale.total for sale in made} == {Decimal(6)}
    assert Credit.objects.count() == 100
