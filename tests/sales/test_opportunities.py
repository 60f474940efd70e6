"""Deals: what is proposed, what follows the stage, how they move, close and open again, and who is credited."""

from datetime import date, timedelta
from decimal import Decimal
from operator import attrgetter

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from crm_site.core.models import ExchangeRate
from crm_site.core.operations import Refused, Stale
from customers.models import Activity
from customers.operations.accounts import create_account
from customers.operations.contacts import create_contact
from customers.operations.customers import create_customer
from sales import hygiene
from sales.models import LossReason, Opportunity, Sale, Split, Stage
from sales.operations.closing import lose_opportunity, reopen_opportunity, win_opportunity
from sales.operations.opportunities import (
    create_opportunities,
    create_opportunity,
    end_of_quarter,
    move_opportunity,
    reset_probability,
    unmove_opportunity,
    update_opportunity,
)
from sales.operations.removal import delete_opportunity
from sales.operations.stages import remove_stage, save_stage
from sales.operations.teamwork import set_competitors, set_contact_roles, set_lines, set_splits
from sales.operations.worth import rebase_amounts
from tests.conftest import signed_in
from tests.factories import AccountFactory, ContactFactory, OpportunityFactory

pytestmark = pytest.mark.django_db


def stage(name):
    """A stage of the shipped pipeline."""
    return Stage.objects.get(name=name)


def again(deal):
    """The deal as it is stored."""
    return Opportunity.objects.unscoped("test").get(pk=deal.pk)


def test_op1_a_deal_needs_only_an_account(cast):
    """OP-1."""
    account = create_account({"name": "Works"}, by=cast.alice)
    made = create_opportunity({"account": account}, by=cast.alice)
    assert (made.name, made.stage.name, made.state) == ("Works", "Qualification", "open")
    assert (made.probability, made.category, made.probability_by_hand) == (10, "pipeline", False)
    assert made.close_date == end_of_quarter(timezone.localdate())
    assert (made.owner, made.team, made.amount) == (cast.alice, cast.north, None)
    named = create_opportunity({"account": account, "product": "Widget"}, by=cast.alice)
    assert named.name == "Works – Widget"
    with pytest.raises(Refused) as caught:
        create_opportunity({"amount": 5}, by=cast.alice)
    assert caught.value.field == "name"


def test_op1_the_parties_follow_from_each_other(cast):
    """OP-1."""
    customer = create_customer(
        {"kind": "business", "company": "Works", "first_name": "Ann", "last_name": "Lee"}, by=cast.alice
    )
    by_contact = create_opportunity({"name": "A", "contact": customer.contact}, by=cast.alice)
    assert (by_contact.account_id, by_contact.customer_id) == (customer.account_id, customer.pk)
    by_customer = create_opportunity({"name": "B", "customer": customer}, by=cast.alice)
    assert (by_customer.account_id, by_customer.contact_id) == (customer.account_id, customer.contact_id)
    later = update_opportunity(
        create_opportunity({"name": "C"}, by=cast.alice), {"account": customer.account}, by=cast.alice
    )
    assert later.customer_id == customer.pk
    with pytest.raises(PermissionDenied):
        create_opportunity({"name": "D", "account": customer.account}, by=cast.charlie)


def test_op1_many_deals_take_the_statements_of_one(cast):
    """OP-1."""
    account, counts = create_account({"name": "Works"}, by=cast.alice), []
    for size in (50, 100):
        rows = [{"account": account, "amount": n, "name": f"D{n}"} for n in range(size)]
        with CaptureQueriesContext(connection) as caught:
            create_opportunities(rows, by=cast.alice)
        counts.append(len(caught))
    assert counts[1] <= counts[0] <= 15


def test_op4_probability_and_category_follow_the_stage_unless_set_by_hand(cast):
    """OP-4."""
    deal = create_opportunity({"name": "A", "amount": 100}, by=cast.alice)
    deal = move_opportunity(deal, stage("Proposal"), by=cast.alice)
    assert (deal.probability, deal.category, deal.probability_by_hand) == (50, "best", False)
    deal = update_opportunity(deal, {"probability": 66, "category": "best"}, by=cast.alice)
    assert (deal.probability_by_hand, deal.category_by_hand) == (True, False)
    deal = move_opportunity(deal, stage("Negotiation"), by=cast.alice)
    assert (deal.probability, deal.probability_by_hand, deal.category) == (66, True, "commit")
    deal = reset_probability(deal, by=cast.alice)
    assert (deal.probability, deal.probability_by_hand) == (75, False)
    assert again(deal).weighted_base == Decimal("75.00")


def test_op4_a_form_that_shows_the_old_values_does_not_set_them_by_hand(cast):
    """OP-4."""
    deal = create_opportunity({"name": "A", "amount": 100}, by=cast.alice)
    deal = update_opportunity(
        deal, {"stage": stage("Needs analysis"), "probability": 10, "category": "pipeline"}, by=cast.alice
    )
    assert (deal.probability, deal.probability_by_hand, deal.category_by_hand) == (25, False, False)


def test_op5_each_move_is_a_row_of_history_back_and_forth_and_past_stages(cast):
    """OP-5."""
    deal = create_opportunity({"name": "A", "amount": 100}, by=cast.alice)
    for name in ("Negotiation", "Needs analysis", "Proposal"):
        deal = move_opportunity(deal, stage(name), by=cast.alice)
    rows = list(deal.changes.order_by("id"))
    assert [row.to_stage.name for row in rows] == ["Qualification", "Negotiation", "Needs analysis", "Proposal"]
    assert {row.by for row in rows} == {cast.alice}
    assert [row.why for row in rows][1:] == ["move_opportunity"] * 3
    assert all(row.seconds is not None for row in rows[1:])


def test_a_stage_asks_for_what_it_needs_and_nothing_else(cast):
    deal = create_opportunity({"name": "A"}, by=cast.alice)
    with pytest.raises(Refused) as caught:
        move_opportunity(deal, stage("Proposal"), by=cast.alice)
    assert caught.value.field == "amount"
    moved = move_opportunity(deal, stage("Proposal"), by=cast.alice, values={"amount": Decimal(70)})
    assert (moved.stage.name, moved.amount_base) == ("Proposal", Decimal("70.00"))


def test_a_move_that_somebody_else_made_first_is_stale(cast):
    deal = create_opportunity({"name": "A", "amount": 1}, by=cast.alice)
    start = deal.stage_id
    move_opportunity(deal, stage("Negotiation"), by=cast.bob)
    with pytest.raises(Stale):
        move_opportunity(deal, stage("Proposal"), by=cast.alice, version=deal.version)
    with pytest.raises(Stale):
        move_opportunity(deal, stage("Proposal"), by=cast.alice, came_from=start)
    assert again(deal).stage.name == "Negotiation"
    with pytest.raises(PermissionDenied):
        move_opportunity(deal, stage("Proposal"), by=cast.charlie)


def test_u10_a_move_can_be_taken_back_once(cast):
    """U10."""
    deal = create_opportunity({"name": "A", "probability": 33}, by=cast.alice)
    first, second = stage("Qualification"), stage("Needs analysis")
    move_opportunity(deal, second, by=cast.alice)
    undone = unmove_opportunity(deal, first.pk, second.pk, by=cast.alice)
    assert (undone.stage, undone.probability, undone.probability_by_hand) == (first, 33, True)
    with pytest.raises(Refused):
        unmove_opportunity(deal, first.pk, second.pk, by=cast.alice)


def test_op6_winning_takes_the_actual_amount_and_day_and_makes_one_sale(cast):
    """OP-6."""
    deal = create_opportunity({"name": "A", "amount": 100}, by=cast.alice)
    day = timezone.localdate() - timedelta(days=3)
    sale = win_opportunity(deal, by=cast.alice, amount=Decimal(90), closed_on=day)
    won = again(deal)
    assert (won.state, won.probability, won.category, won.amount, won.close_date) == ("won", 100, "closed", 90, day)
    assert (sale.net + sale.adjustment, sale.sold_on) == (90, day)
    assert win_opportunity(deal, by=cast.alice) == sale
    assert Sale.objects.unscoped("test").count() == 1
    with pytest.raises(Refused):
        reopen_opportunity(deal, by=cast.alice)
    with pytest.raises(Refused):
        delete_opportunity(deal, by=cast.alice)


def test_op6_losing_needs_a_reason_and_some_reasons_a_note(cast):
    """OP-6."""
    deal = create_opportunity({"name": "A", "probability": 44}, by=cast.alice)
    rival = create_account({"name": "Rival", "is_competitor": True}, by=cast.alice)
    other = LossReason.objects.get(name="Other")
    with pytest.raises(Refused):
        lose_opportunity(deal, None, by=cast.alice)
    with pytest.raises(Refused) as caught:
        lose_opportunity(deal, other, by=cast.alice, note="  ")
    assert caught.value.field == "loss_note"
    lost = lose_opportunity(deal, other, by=cast.alice, note="they moved", lost_to=rival)
    assert (lost.state, lost.probability, lost.lost_to, lost.weighted_base) == ("lost", 0, rival, 0)
    with pytest.raises(Refused):
        move_opportunity(deal, stage("Proposal"), by=cast.alice)
    opened = reopen_opportunity(deal, by=cast.alice)
    assert (opened.stage.name, opened.probability, opened.probability_by_hand) == ("Qualification", 44, True)
    assert (opened.loss_reason, opened.closed_at) == (None, None)
    assert [c.to_state for c in deal.changes.order_by("id")] == ["open", "lost", "open"]


def test_op2_won_and_lost_stages_have_their_fixed_probability(cast):
    """OP-2."""
    won = stage("Won")
    won.probability = 50
    assert save_stage(won, by=cast.rita).probability == 100
    with pytest.raises(PermissionDenied):
        save_stage(won, by=cast.bob)


def test_op2_a_stage_in_use_is_removed_only_with_a_replacement(cast, client_of):
    """OP-2."""
    deal = create_opportunity({"name": "A", "amount": 10, "stage": stage("Needs analysis")}, by=cast.alice)
    by_hand = create_opportunity({"name": "B", "stage": stage("Needs analysis"), "probability": 99}, by=cast.alice)
    gone, target = stage("Needs analysis"), stage("Proposal")
    for wrong in (None, gone, stage("Won")):
        with pytest.raises(Refused):
            remove_stage(gone, wrong, by=cast.rita)
    gone.is_active = False
    with pytest.raises(Refused, match="Open deals are in this stage"):
        save_stage(gone, by=cast.rita)
    browser, url = client_of(cast.rita), f"/admin/sales/stage/{gone.pk}/delete/"
    page = browser.get(f"/admin/sales/pipeline/{gone.pipeline_id}/change/").content.decode()
    assert f"/admin/sales/stage/{gone.pk}/change/" in page
    page = browser.get(url).content.decode()
    assert "Needs analysis: 2 deals are in it" in page
    assert f'<option value="{target.pk}">Proposal' in page
    assert "choose the stage" in browser.post(url, {"post": "yes"}, follow=True).content.decode()
    browser.post(url, {"post": "yes", "replacement": target.pk})
    assert [(again(d).stage.name, again(d).probability) for d in (deal, by_hand)] == [
        ("Proposal", 50), ("Proposal", 99)
    ]  # fmt: skip
    assert Stage.objects.get(pk=gone.pk).is_active is False
    assert deal.changes.order_by("id").last().from_stage == gone or deal.changes.filter(from_stage=gone).exists()


def test_op9_pushes_count_moves_to_a_later_month(cast):
    """OP-9."""
    deal = create_opportunity({"name": "A", "close_date": date(2026, 1, 10)}, by=cast.alice)
    for day in (date(2026, 1, 20), date(2026, 2, 1), date(2026, 1, 5), date(2026, 3, 1)):
        deal = update_opportunity(deal, {"close_date": day}, by=cast.alice)
    assert deal.pushes == 2


def test_op10_revenue_shares_add_up_and_overlay_comes_on_top(cast):
    """OP-10."""
    deal = create_opportunity({"name": "A"}, by=cast.alice)
    with pytest.raises(Refused, match="30 % are missing"):
        set_splits(deal, [{"user": cast.alice, "percent": 70}], by=cast.alice)
    rows = [{"user": cast.alice, "percent": 60}, {"user": cast.charlie, "percent": 40}]
    set_splits(deal, [*rows, {"user": cast.bob, "percent": 150, "kind": "overlay"}], by=cast.alice)
    assert Split.objects.filter(opportunity=deal).count() == 3
    with pytest.raises(Refused, match="twice"):
        set_splits(deal, [rows[0], rows[0]], by=cast.alice)
    set_splits(deal, [], by=cast.alice)
    assert not Split.objects.exists()


def test_people_and_competitors_of_a_deal(cast):
    deal = create_opportunity({"name": "A"}, by=cast.alice)
    ann, rival = (
        create_contact({"first_name": "Ann", "last_name": "Lee"}, by=cast.alice),
        AccountFactory(owner=cast.alice),
    )
    set_contact_roles(deal, [{"contact": ann, "role": "sponsor"}], by=cast.alice)
    set_contact_roles(deal, [{"contact": ann, "role": "blocker"}], by=cast.alice)
    set_competitors(deal, [{"account": rival, "note": "cheap"}], by=cast.alice)
    assert [row.role for row in deal.contact_roles.all()] == ["blocker"]
    assert [row.note for row in deal.competitors.all()] == ["cheap"]
    with pytest.raises(PermissionDenied):
        set_contact_roles(deal, [{"contact": ContactFactory(owner=cast.charlie)}], by=cast.alice)


def test_op1_lines_make_the_amount(cast):
    """OP-1."""
    deal = create_opportunity({"name": "A", "amount": 5}, by=cast.alice)
    deal = set_lines(
        deal, [{"description": "Work", "quantity": Decimal(3), "unit_price": Decimal("33.335")}], by=cast.alice
    )
    assert (deal.amount, deal.amount_from_lines, deal.amount_base) == (Decimal("100.01"), True, Decimal("100.01"))
    with pytest.raises(Refused) as caught:
        update_opportunity(deal, {"amount": Decimal(7)}, by=cast.alice)
    assert caught.value.field == "amount"
    assert update_opportunity(set_lines(deal, [], by=cast.alice), {"amount": Decimal(7)}, by=cast.alice).amount == 7


def test_amounts_in_foreign_money_take_the_rate_of_the_month_or_of_the_closing_day(cast):
    today = timezone.localdate()
    ExchangeRate.objects.create(currency="USD", day=today - timedelta(days=400), rate=Decimal("0.5"))
    deal = create_opportunity({"name": "A", "amount": 100, "currency": "USD"}, by=cast.alice)
    unknown = create_opportunity({"name": "B", "amount": 100, "currency": "CHF"}, by=cast.alice)
    yen = OpportunityFactory(name="C", owner=cast.alice, currency="JPY", amount=Decimal("100.4"), amount_base=None)
    assert (deal.amount_base, unknown.amount_base) == (Decimal("50.00"), None)
    assert update_opportunity(yen, {"amount": Decimal("100.5")}, by=cast.alice).amount == 101
    ExchangeRate.objects.create(currency="CHF", day=today - timedelta(days=9), rate=Decimal("1.111"))
    ExchangeRate.objects.create(currency="USD", day=today.replace(day=1), rate=Decimal("0.9"))
    # The month of a deal that closes in the future takes today's rate.
    assert rebase_amounts(by=None) == 2
    assert (again(deal).amount_base, again(unknown).amount_base) == (Decimal("90.00"), Decimal("111.10"))
    assert rebase_amounts(by=None) == 0
    lost = lose_opportunity(
        deal, LossReason.objects.get(name="Price"), by=cast.alice, closed_on=today.replace(day=1) - timedelta(days=1)
    )
    assert lost.amount_base == Decimal("50.00")


def test_u17_what_happens_to_a_deal_is_told_on_its_timeline(cast):
    """U17."""
    deal = OpportunityFactory(owner=cast.alice)
    move_opportunity(deal, stage("Needs analysis"), by=cast.alice)
    win_opportunity(again(deal), by=cast.alice)
    told = Activity.objects.visible_to(cast.alice).filter(kind="event", regarding_id=deal.pk).order_by("id")
    assert [event.subject.partition(":")[0] for event in told] == ["Went from Qualification to Needs analysis", "Won"]
    assert {event.account_id for event in told} == {deal.account_id}
    assert not Activity.objects.visible_to(cast.charlie).filter(kind="event").exists()


def test_op2_a_stage_holds_what_a_deal_takes_from_it(cast):
    """OP-2: in order, with meaning, probability, category, expected days, needed fields, colour; sums to 100 or 0."""
    found = list(Stage.objects.filter(pipeline__is_default=True).order_by("order"))
    assert [s.name for s in found][:2] == ["Qualification", "Needs analysis"]
    assert {s.state: (s.probability, s.category) for s in found if s.state != "open"} == {
        "won": (100, "closed"), "lost": (0, "lost")}  # fmt: skip
    for one in (s for s in found if s.state == "open"):
        assert one.expected_days
        assert one.colour in Stage.COLOURS
        assert 0 < one.probability < 100
    assert stage("Proposal").required == ["amount"]
    with pytest.raises(Refused):
        save_stage(Stage(pipeline=found[0].pipeline, name="X", order=9, required=["no_such_field"]), by=cast.rita)


def test_op3_a_next_step_that_is_over_needs_a_new_one(cast):
    """OP-3: although something is planned; it stands on the owner's day."""
    soon, yesterday = timezone.now() + timedelta(days=2), timezone.localdate() - timedelta(days=1)
    fine = OpportunityFactory(owner=cast.alice, next_activity_at=soon, next_step_date=timezone.localdate())
    late = OpportunityFactory(owner=cast.alice, next_activity_at=soon, next_step="Call", next_step_date=yesterday)
    assert (hygiene.flags_of(fine), hygiene.flags_of(late)) == ([], ["no_next_step"])
    home = signed_in(cast.alice).get("/")
    assert [row["deal"] for row in home.context_data["deals"]] == [late]
    assert "Needs a next step" in home.content.decode()


def test_op5_a_change_keeps_both_sides_and_goes_back_with_what_failed(cast):
    """OP-5: stage, amount, probability, category, close date, who, when and how long; in the same transaction."""
    deal = create_opportunity({"name": "A", "amount": 100, "close_date": date(2026, 12, 1)}, by=cast.alice)
    since = timezone.now() - timedelta(hours=2)
    Opportunity.objects.unscoped("made earlier").filter(pk=deal.pk).update(stage_since=since)
    values = {"stage": stage("Proposal"), "amount": Decimal(70), "close_date": date(2027, 1, 5)}
    update_opportunity(again(deal), values, by=cast.bob)
    row = deal.changes.order_by("id").last()
    names = ("stage.name", "amount", "probability", "category", "close_date")
    assert [attrgetter(f"from_{n}")(row) for n in names] == ["Qualification", 100, 10, "pipeline", date(2026, 12, 1)]
    assert [attrgetter(f"to_{n}")(row) for n in names] == ["Proposal", 70, 50, "best", date(2027, 1, 5)]
    assert (row.by, row.at, row.seconds // 60) == (cast.bob, again(deal).changed_at, 120)
    with transaction.atomic():
        move_opportunity(again(deal), stage("Negotiation"), by=cast.bob)
        transaction.set_rollback(True)
    assert deal.changes.order_by("id").last() == row


def test_op6_today_is_the_day_unless_another_one_is_given(cast):
    """OP-6: no day of the future; the competitor is kept where one is named."""
    won, lost = (create_opportunity({"name": n, "amount": 1}, by=cast.alice) for n in "AB")
    assert win_opportunity(won, by=cast.alice).sold_on == again(won).close_date == timezone.localdate()
    price, tomorrow = LossReason.objects.get(name="Price"), timezone.localdate() + timedelta(days=1)
    with pytest.raises(Refused):
        lose_opportunity(lost, price, by=cast.alice, closed_on=tomorrow)
    done = lose_opportunity(lost, price, by=cast.alice)
    assert (done.lost_to, done.close_date) == (None, timezone.localdate())


def test_op1_the_record_says_where_its_amount_comes_from(cast):
    """OP-1: and all else that a deal has: people, origin, next step, competitor, why it was lost."""
    ann = create_contact({"first_name": "Ann", "last_name": "Lee"}, by=cast.alice)
    rival = create_account({"name": "Rival", "is_competitor": True}, by=cast.alice)
    values = {"contact": ann, "source": "Fair", "next_step": "Ring", "description": "Long", "amount": 5}
    deal = create_opportunity({"name": "A"} | values, by=cast.alice)
    client = signed_in(cast.alice)
    assert "typed" in client.get(f"/opportunities/{deal.pk}/").content.decode()
    set_lines(deal, [{"description": "Work", "unit_price": Decimal(5)}], by=cast.alice)
    other = LossReason.objects.get(name="Other")
    lose_opportunity(again(deal), other, by=cast.alice, note="Too dear", lost_to=rival)
    page = client.get(f"/opportunities/{deal.pk}/").content.decode()
    for text in ("the sum of the lines", "Ann Lee", "Fair", "Ring", "Long", "Other", "Rival", "Too dear", "Lost"):
        assert text in page, text
