"""Exchange rates entered late: deals, sales and credit count from then on; what was said before stays."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from crm_site.core.jobs import run_due_jobs
from crm_site.core.models import ExchangeRate, Job
from crm_site.core.operations import Refused
from sales.flow import as_of
from sales.models import Credit, Opportunity, Sale
from sales.operations.closing import win_opportunity
from sales.operations.correcting_rates import Part, correct_rate, preview, start_correction
from sales.operations.opportunities import create_opportunity
from sales.operations.rates import set_rate, unrated
from sales.operations.sales import create_sales
from sales.periods import period_of
from sales.rollup import Scope
from tests.factories import AccountFactory

pytestmark = pytest.mark.django_db


def foreign_deal(cast, amount=1000):
    """A deal in dollars, for which no rate is known."""
    account = AccountFactory(owner=cast.alice)
    return create_opportunity(
        {"name": "Dollars", "account": account, "amount": Decimal(amount), "currency": "USD"}, by=cast.alice
    )


def test_fc_9_a_first_rate_counts_deals_sales_and_credit(cast):
    deal = foreign_deal(cast)
    today = timezone.localdate()
    (sale,) = create_sales(
        [{"name": "Order", "currency": "USD", "sold_on": today, "net": Decimal(200), "owner": cast.alice}],
        by=cast.alice,
    )
    assert deal.amount_base is None
    assert sale.total_base is None
    assert unrated() == [("USD", 1)]
    assert set_rate("USD", today - timedelta(days=400), Decimal("0.9"), by=cast.rita) == 1
    deal, sale = Opportunity.objects.unscoped("test").get(), Sale.objects.unscoped("test").get()
    assert deal.amount_base == Decimal("900.00")
    assert sale.total_base == Decimal("180.00")
    rows = Credit.objects.filter(sale=sale)
    assert sum(row.amount_base for row in rows) == Decimal("180.00")
    assert sum(row.count for row in rows) == 1
    assert unrated() == []


def test_fc_9_a_later_rate_changes_no_snapshot(cast):
    today = timezone.localdate()
    set_rate("USD", today - timedelta(days=400), Decimal("0.9"), by=cast.rita)
    deal = foreign_deal(cast)
    before = timezone.now()
    assert set_rate("USD", today, Decimal("0.5"), by=cast.rita) == 1
    assert Opportunity.objects.unscoped("test").get().amount_base == Decimal("500.00")
    quarter = period_of(deal.close_date, "quarter")
    assert as_of(before, quarter, Scope(everybody=True))["pipeline"] == Decimal(900)
    assert as_of(timezone.now(), quarter, Scope(everybody=True))["pipeline"] == Decimal(500)


def test_fc_9_a_closed_deal_keeps_its_worth(cast):
    """FC-9: the numbers of a quarter that has ended stay, whatever rate is entered for its days later."""
    closed = timezone.localdate() - timedelta(days=120)
    set_rate("USD", closed - timedelta(days=90), Decimal("0.9"), by=cast.rita)
    win_opportunity(foreign_deal(cast), by=cast.rita, closed_on=closed)
    assert set_rate("USD", closed - timedelta(days=1), Decimal("0.5"), by=cast.rita) == 0
    assert Opportunity.objects.unscoped("test").get().amount_base == Decimal("900.00")


def mistyped(cast, closed):
    """A rate with its point in the wrong place, and a deal that was won with it."""
    set_rate("USD", closed - timedelta(days=5), Decimal("9.0"), by=cast.rita)
    win_opportunity(foreign_deal(cast), by=cast.rita, closed_on=closed)
    return ExchangeRate.objects.get()


def credited():
    """{day: what all credit of it adds up to}."""
    found = {}
    for row in Credit.objects.all():
        found[row.day] = found.get(row.day, 0) + row.amount_base
    return found


def test_fc_9_a_mistyped_rate_is_corrected_where_it_was_used(cast):
    """FC-9: shown first, then deals, sales and credit of the closing day; what was said before it was corrected stays."""
    closed = timezone.localdate() - timedelta(days=20)
    known, quarter = mistyped(cast, closed), period_of(closed, "quarter")
    before = timezone.now()
    found = preview(known, Decimal("0.9"))
    assert found == dict.fromkeys(("deals", "sales"), Part(1, Decimal(9000), Decimal(900)))
    assert Opportunity.objects.unscoped("test").get().amount_base == Decimal("9000.00")
    assert correct_rate(known, Decimal("0.9"), by=cast.rita, seen=Decimal("9.0")) == found
    deal, sale = Opportunity.objects.unscoped("test").get(), Sale.objects.unscoped("test").get()
    assert (deal.amount_base, sale.total_base) == (Decimal("900.00"), Decimal("900.00"))
    assert credited() == {closed: Decimal("900.00")}
    assert sum(row.count for row in Credit.objects.all()) == 1
    assert as_of(before, quarter, Scope(everybody=True))["closed"] == Decimal(9000)
    assert as_of(timezone.now(), quarter, Scope(everybody=True))["closed"] == Decimal(900)
    assert deal.events.order_by("-pgh_id").first().pgh_context.metadata["operation"] == "correct_rate"
    assert [event.rate for event in known.events.order_by("pgh_id")] == [Decimal(9), Decimal("0.9")]


def test_fc_9_what_another_rate_gave_is_not_corrected(cast):
    """FC-9: a deal of the days of a later rate, and one that was closed before a rate was entered for its day."""
    closed = timezone.localdate() - timedelta(days=40)
    set_rate("USD", closed - timedelta(days=50), Decimal("0.9"), by=cast.rita)
    win_opportunity(foreign_deal(cast), by=cast.rita, closed_on=closed)
    set_rate("USD", closed - timedelta(days=1), Decimal(9), by=cast.rita)
    set_rate("USD", closed + timedelta(days=1), Decimal("0.5"), by=cast.rita)
    win_opportunity(foreign_deal(cast), by=cast.rita, closed_on=closed + timedelta(days=2))
    wrong = ExchangeRate.objects.get(rate=9)
    assert {part.count for part in correct_rate(wrong, Decimal("0.8"), by=cast.rita).values()} == {0}
    worths = set(Opportunity.objects.unscoped("test").values_list("amount_base", flat=True))
    assert worths == {Decimal(900), Decimal(500)}


def test_a_correction_by_two_at_once_is_made_once(cast):
    known = mistyped(cast, timezone.localdate() - timedelta(days=20))
    correct_rate(known, Decimal("0.9"), by=cast.rita, seen=Decimal(9))
    with pytest.raises(Refused, match="meanwhile"):
        correct_rate(known, Decimal("0.8"), by=cast.rita, seen=Decimal(9))


def test_fc_9_a_known_rate_is_not_overwritten_in_passing(cast):
    """FC-9: whoever enters another one for the same day is sent to correct it, where closed deals follow."""
    today = timezone.localdate()
    set_rate("USD", today, Decimal("0.9"), by=cast.rita)
    assert set_rate("USD", today, Decimal("0.90"), by=cast.rita) == 0
    with pytest.raises(Refused, match="correct it"):
        set_rate("USD", today, Decimal("0.8"), by=cast.rita)


def test_the_page_shows_what_a_correction_changes_and_makes_it(cast, client_of):
    known = mistyped(cast, timezone.localdate() - timedelta(days=20))
    address = f"/rates/{known.pk}/correct/"
    assert client_of(cast.alice).get(address).status_code == 404
    client = client_of(cast.rita)
    assert address in client.get("/rates/").content.decode()
    shown = client.get(address, {"rate": "0.9"}).content.decode()
    assert "Closed deals" in shown
    assert "9,000" in shown
    assert Opportunity.objects.unscoped("test").get().amount_base == Decimal(9000)
    assert client.post(address, {"rate": "9", "seen": "9"}).status_code == 422
    page = client.post(address, {"rate": "0.9", "seen": "9.00000000"}, follow=True)
    assert "closed deals changed: 1, sales: 1" in page.content.decode()
    assert "9.00000000" in client.get(address).content.decode()
    assert Opportunity.objects.unscoped("test").get().amount_base == Decimal(900)


def test_a_rate_of_the_future_or_of_the_own_currency_is_refused(cast):
    with pytest.raises(Refused):
        set_rate("USD", timezone.localdate() + timedelta(days=1), Decimal(1), by=cast.rita)
    with pytest.raises(Refused):
        set_rate("EUR", timezone.localdate(), Decimal(1), by=cast.rita)


def test_the_page_is_for_those_who_look_after_all_deals(cast, client_of):
    assert client_of(cast.alice).get("/rates/").status_code == 404
    client = client_of(cast.rita)
    foreign_deal(cast)
    assert "1 deal in USD" in client.get("/rates/").content.decode()
    wrong = client.post("/rates/", {"currency": "dollar", "day": "2026-01-01", "rate": "0"})
    assert wrong.status_code == 422
    page = client.post("/rates/", {"currency": "usd", "day": "2025-01-01", "rate": "0.9"}, follow=True)
    assert "1 deal is worth something else now." in page.content.decode()


def test_a_large_correction_is_made_by_a_worker(cast, client_of, monkeypatch):
    """A correction of more deals and sales than a page may wait for; asked for twice, it is made once."""
    monkeypatch.setattr("sales.views.rates.AT_ONCE", 1)
    known = mistyped(cast, timezone.localdate() - timedelta(days=20))
    client, address = client_of(cast.rita), f"/rates/{known.pk}/correct/"
    pages = [client.post(address, {"rate": "0.9", "seen": "9.00000000"}, follow=True) for _click in range(2)]
    assert "Correction: Exchange rates" in pages[0].content.decode()
    assert Opportunity.objects.unscoped("test").get().amount_base == Decimal(9000)
    run_due_jobs()
    deal = Opportunity.objects.unscoped("test").get()
    assert deal.amount_base == Decimal(900)
    assert deal.events.order_by("-pgh_id").first().pgh_context.metadata["operation"] == "correct_rate"
    first, second = Job.objects.order_by("pk")
    assert (first.state, first.counts["changed"]) == (Job.DONE, 2)
    assert (second.state, "meanwhile" in second.error) == (Job.FAILED, True)


def test_a_correction_asks_for_the_right_again(cast):
    """Who may no longer set rates when the worker comes to it has asked in vain."""
    known = mistyped(cast, timezone.localdate() - timedelta(days=20))
    job = start_correction(known, Decimal("0.9"), by=cast.alice, seen=Decimal(9))
    run_due_jobs()
    job.refresh_from_db()
    assert job.state == Job.FAILED
    assert Opportunity.objects.unscoped("test").get().amount_base == Decimal(9000)
