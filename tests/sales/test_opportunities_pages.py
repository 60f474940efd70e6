"""The pages of deals: list, board and calendar with the same numbers, the path, the panels, and two at once."""

import random
import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from customers.operations.activities import complete_activity, log_activity, snooze_activity
from sales import hygiene
from sales.models import LossReason, Opportunity, Sale, Stage
from sales.operations.closing import win_opportunity
from sales.operations.opportunities import create_opportunity, move_opportunity
from sales.operations.teamwork import set_lines
from tests.architecture.threads import at_once
from tests.conftest import signed_in
from tests.factories import AccountFactory, ContactFactory, OpportunityFactory

pytestmark = pytest.mark.django_db
SUMS = """
    SELECT stage_id, count(*), coalesce(sum(amount_base), 0), coalesce(sum(weighted_base), 0)
    FROM sales_opportunity WHERE id = ANY(%s) AND state = 'open' GROUP BY 1
"""


def money(number):
    """An amount as the pages show it."""
    return f"{number:,.2f} EUR"


def stage(name):
    """A stage of the shipped pipeline."""
    return Stage.objects.get(name=name)


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("query", ["", "mine=true", "attention=no_amount", "q=blue", "amount_min=300"])
def test_op7_list_board_and_sql_agree_to_the_cent(cast, seed, query):
    """OP-7: Whatever the deals, the filters and the user are."""
    dice, stages = random.Random(seed), list(Stage.objects.order_by("id"))
    for _number in range(40):
        at, owner = dice.choice(stages), dice.choice([cast.alice, cast.bob, cast.charlie])
        amount = dice.choice([None, Decimal(dice.randrange(1, 99999)) / 100])
        OpportunityFactory(
            name=dice.choice(["Blue", "Red"]), owner=owner, stage=at, amount=amount,
            closed_at=None if at.state == "open" else timezone.now(), account=None,
            probability=dice.randrange(101) if at.state == "open" else at.probability,
        )  # fmt: skip
    for user in (cast.alice, cast.bob, cast.charlie, cast.audrey):
        client = signed_in(user)
        rows = client.get(f"/opportunities/?state=open&page_size=100&{query}")
        ids = [row["id"] for row in rows.context_data["rows"]]
        with connection.cursor() as cursor:
            cursor.execute(SUMS, [ids])
            found = {pk: rest for pk, *rest in cursor.fetchall()}
        count, amount, weighted = (sum(row[n] for row in found.values()) for n in range(3))
        assert (rows.context_data["count_text"], len(ids)) == (str(count), count)
        assert [text for _label, text in rows.context_data["sums"]] == [money(amount), money(weighted)]
        board = client.get(f"/opportunities/board/?{query}").context_data
        assert board["sums"] == {"count": str(count), "amount": money(amount), "weighted": money(weighted)}
        for column in board["columns"]:
            n, amount, weighted = found.get(column["stage"].pk, (0, 0, 0))
            assert column["head"] == {"count": str(n), "amount": money(amount), "weighted": money(weighted)}
            assert len(column["cards"]) == n
        if not query:
            report = client.get("/reports/sales/?show=ageing").context["table"].total
            assert [number.value for number in report[:3]] == [
                count,
                *(sum(row[n] for row in found.values()) for n in (1, 2)),
            ]


def test_op8_a_column_loads_fifty_cards_and_then_the_others_in_few_statements(cast):
    """OP-8."""
    OpportunityFactory(owner=cast.alice)
    client, counts = signed_in(cast.alice), []
    for more in (0, 119):
        OpportunityFactory.create_batch(more, owner=cast.alice)
        client.get("/opportunities/board/")
        with CaptureQueriesContext(connection) as caught:
            page = client.get("/opportunities/board/")
        counts.append(len(caught))
    assert counts[0] == counts[1] <= 15
    column = page.context_data["columns"][0]
    assert (column["head"]["count"], len(column["cards"])) == ("120", 50)
    seen, url = [card["pk"] for card in column["cards"]], column["more_url"]
    while url:
        part = client.get(url, headers={"HX-Request": "true"})
        seen += [card["pk"] for card in part.context_data["cards"]]
        url = part.context_data["more_url"]
    assert len(seen) == len(set(seen)) == 120


def test_op8_a_move_is_one_post_and_a_late_one_a_409(cast):
    """OP-8."""
    deal = create_opportunity({"name": "Deal", "amount": 10}, by=cast.alice)
    first, second, third = stage("Qualification"), stage("Needs analysis"), stage("Proposal")
    client, url = signed_in(cast.alice), f"/opportunities/{deal.pk}/move/"
    sent = {"stage": second.pk, "from": first.pk}
    answer = client.post(url, sent, headers={"Accept": "application/json"})
    assert answer.status_code == 200
    late = client.post(url, sent | {"stage": third.pk}, headers={"Accept": "application/json"})
    assert late.status_code == 409
    assert "Alice Tester moved this deal to Needs analysis" in late.json()["text"]
    assert client.post(answer.json()["undo_url"]).status_code == 302
    deal.refresh_from_db()
    assert deal.stage == first
    assert signed_in(cast.charlie).post(url, sent).status_code == 404
    assert signed_in(cast.audrey).post(url, sent).status_code == 404


def test_u15_only_what_is_missing_is_asked_for(cast):
    """U15."""
    deal = create_opportunity({"name": "Deal"}, by=cast.alice)
    target = stage("Proposal")
    client, url = signed_in(cast.alice), f"/opportunities/{deal.pk}/move/?stage={target.pk}"
    assert "Mark stage done" in client.get(f"/opportunities/{deal.pk}/").content.decode()
    asked = client.post(url, {"from": deal.stage_id})
    assert [f for f in asked.context_data["form"].fields if f not in ("once", "version")] == ["amount"]
    by_script = client.post(url, headers={"Accept": "application/json"})
    assert (by_script.status_code, "form_url" in by_script.json()) == (422, True)
    dialog = {"HX-Request": "true", "HX-Target": "modal-content"}
    assert client.post(url, {"amount": ""}, headers=dialog).status_code == 422
    assert client.post(url, {"amount": "12.50"}).status_code == 302
    deal.refresh_from_db()
    assert (deal.stage, deal.amount) == (target, Decimal("12.5"))
    chosen = client.get(f"/opportunities/{deal.pk}/move/").content.decode()
    assert chosen.count('type="radio"') == 6


def test_op6_winning_losing_and_reopening_in_the_browser(cast):
    """OP-6."""
    deal = create_opportunity({"name": "Deal", "amount": 10}, by=cast.alice)
    client, url = signed_in(cast.alice), f"/opportunities/{deal.pk}/"
    other = LossReason.objects.get(name="Other")
    asked = client.post(f"{url}lose/", {"loss_reason": other.pk})
    assert "needs a note" in asked.content.decode()
    done = client.post(f"{url}lose/", {"loss_reason": other.pk, "loss_note": "no money"}, follow=True)
    assert "Deal is lost: Other." in done.content.decode()
    deal.refresh_from_db()
    assert (deal.state, deal.loss_note) == ("lost", "no money")
    path = client.get(url).context["steps"]
    assert [(step.name, step.passed) for step in path][::4] == [("Qualification", False), ("Lost", False)]
    client.post(f"{url}reopen/")
    won = {"amount": "9.00", "closed_on": timezone.localdate(), "version": deal.version}
    late = client.post(f"{url}win/", won).content.decode()
    assert "Alice Tester changed this meanwhile" in late
    deal.refresh_from_db()
    assert (deal.state, f'value="{deal.version}"' in late) == ("open", True)
    done = client.post(f"{url}win/", won | {"version": deal.version}, follow=True).content.decode()
    deal.refresh_from_db()
    assert (deal.state, deal.amount) == ("won", 9)
    sale = Sale.objects.unscoped("test").get()
    assert sale.opportunity == deal
    assert f"Deal is won and became sale {sale.document}." in done
    assert "cancel that first" in client.post(f"{url}reopen/", follow=True).content.decode()


def test_op4_what_is_by_hand_says_so_and_can_be_reset(cast):
    """OP-4."""
    deal = create_opportunity({"name": "Deal", "probability": 70}, by=cast.alice)
    client, url = signed_in(cast.alice), f"/opportunities/{deal.pk}/"
    assert "Reset to stage default" in client.get(url).content.decode()
    client.post(f"{url}reset/")
    assert "Reset to stage default" not in client.get(url).content.decode()


def test_a_new_deal_needs_one_field(cast):
    account, client = AccountFactory(owner=cast.alice, name="Works"), signed_in(cast.alice)
    form = client.get("/opportunities/new/", headers={"HX-Request": "true", "HX-Target": "modal-content"})
    assert [name for name, field in form.context_data["form"].fields.items() if field.required] == []
    assert client.post("/opportunities/new/", {"account": account.pk, "owner": cast.alice.pk}).status_code == 302
    assert str(Opportunity.objects.visible_to(cast.alice).get()) == "Works"


def test_op9_each_flag_has_its_rule_and_its_list(cast):
    """OP-9."""
    now, today = timezone.now(), timezone.localdate()
    ahead = now + timedelta(days=3)
    fine = {"owner": cast.alice, "next_step_date": ahead.date(), "next_activity_at": ahead}
    deals = {
        "overdue": OpportunityFactory(**fine, close_date=today - timedelta(days=1)),
        "pushed": OpportunityFactory(**fine, pushes=3),
        "quiet": OpportunityFactory(**fine, last_activity_at=now - timedelta(days=15)),
        "stuck": OpportunityFactory(**fine, stage_since=now - timedelta(days=15)),
        "no_amount": OpportunityFactory(**fine, amount=None),
        "no_next_step": OpportunityFactory(owner=cast.alice, next_step_date=ahead.date()),
    }
    OpportunityFactory(**fine)
    client = signed_in(cast.alice)
    for flag, deal in deals.items():
        assert hygiene.flags_of(deal) == [flag]
        page = client.get(f"/opportunities/?attention={flag}")
        assert [row["id"] for row in page.context_data["rows"]] == [deal.pk]
        assert str(hygiene.RULES[flag]) in page.content.decode()
    assert len(client.get("/opportunities/?attention=any").context_data["rows"]) == 6
    home = client.get("/")
    assert {row["deal"].pk for row in home.context_data["deals"]} == {deal.pk for deal in deals.values()}
    assert signed_in(cast.charlie).get("/").context_data["deals"] == []


def test_op3_a_deal_knows_its_next_and_its_last_activity(cast):
    """OP-3."""
    deal, soon = OpportunityFactory(owner=cast.alice), timezone.now() + timedelta(days=2)
    task = log_activity({"kind": "task", "subject": "Call", "at": soon, "regarding": deal}, by=cast.alice)
    deal.refresh_from_db()
    assert (deal.next_activity_at, deal.last_activity_at) == (soon, None)
    assert (task.account_id, hygiene.flags_of(deal)) == (deal.account_id, [])
    later = snooze_activity(task, soon + timedelta(days=1), by=cast.alice)
    deal.refresh_from_db()
    assert deal.next_activity_at == later.at
    done = complete_activity(task, by=cast.alice)
    deal.refresh_from_db()
    assert (deal.next_activity_at, deal.last_activity_at) == (None, done.at)
    assert "Call" in signed_in(cast.alice).get(f"/opportunities/{deal.pk}/timeline/").content.decode()
    assert deal.changes.count() == 1


def test_the_calendar_counts_what_its_links_list(cast):
    day = timezone.localdate().replace(day=15)
    OpportunityFactory.create_batch(6, owner=cast.alice, close_date=day)
    OpportunityFactory(owner=cast.charlie, close_date=day)
    client = signed_in(cast.alice)
    page = client.get(f"/opportunities/calendar/?month={day:%Y-%m}")
    found = next(d for week in page.context_data["weeks"] for d in week if d["day"] == day)
    assert (found["count"], len(found["deals"]), found["more"]) == (6, 4, 2)
    assert client.get(found["url"]).context_data["count_text"] == "6"
    assert client.get("/opportunities/calendar/?by=next&month=9999-99").status_code == 200


def test_cu4_an_account_sums_up_the_deals_of_all_below_it(cast):
    top = AccountFactory(owner=cast.alice)
    below = AccountFactory(owner=cast.alice, parent=top)
    OpportunityFactory(owner=cast.alice, account=top, amount=Decimal("10.5"))
    OpportunityFactory(owner=cast.alice, account=below, amount=Decimal(20))
    OpportunityFactory(owner=cast.charlie, account=below, amount=Decimal(500))
    win_opportunity(OpportunityFactory(owner=cast.alice, account=below, amount=Decimal(7)), by=cast.alice)
    client = signed_in(cast.alice)
    sums = client.get(f"/accounts/{top.pk}/opportunities/").context_data["sums"]
    assert [(str(s["label"]), s["count"], s["amount"]) for s in sums] == [
        ("Open", 2, money(30.5)),
        ("Won", 1, money(7)),
    ]
    for line in sums:
        assert client.get(line["url"]).context_data["count_text"] == str(line["count"])


@pytest.mark.parametrize(
    ("choice", "state", "owner"), [("keep", "open", "alice"), ("mine", "open", "bob"), ("close", "lost", "alice")]
)
def test_an_account_with_open_deals_asks_what_becomes_of_them(cast, choice, state, owner):
    account = AccountFactory(owner=cast.alice)
    deal = OpportunityFactory(owner=cast.alice, account=account)
    client, url = signed_in(cast.bob), f"/accounts/{account.pk}/delete/"
    assert "Open opportunities" in client.get(url).content.decode()
    assert client.post(url, {}).status_code == 200
    assert client.post(url, {"opportunities": choice}).status_code == 302
    deal.refresh_from_db()
    assert (deal.state, deal.owner) == (state, getattr(cast, owner))


def test_op5_and_op10_the_panels_of_a_deal(cast):
    """OP-5, OP-10."""
    deal = create_opportunity({"name": "Deal", "amount": 10}, by=cast.alice)
    move_opportunity(deal, stage("Proposal"), by=cast.bob)
    client, url = signed_in(cast.alice), f"/opportunities/{deal.pk}/"
    history = client.get(f"{url}stages/").content.decode()
    assert "from Qualification" in history
    assert "Bob Tester" in history
    wrong = client.post(f"{url}splits/edit/", {"user_0": cast.alice.pk, "percent_0": "60", "kind_0": "revenue"})
    assert "40 % are missing" in wrong.content.decode()
    client.post(f"{url}splits/edit/", {"user_0": cast.alice.pk, "percent_0": "100", "kind_0": "revenue"})
    assert "100 %" in client.get(f"{url}splits/").content.decode()
    ann = ContactFactory(owner=cast.alice)
    client.post(f"{url}people/edit/", {"contact_0": ann.pk, "role_0": "sponsor"})
    assert "Economic buyer" in client.get(f"{url}people/").content.decode()


def test_op5_many_deals_move_at_once_with_their_history_and_back(cast):
    """OP-5."""
    deals = [OpportunityFactory(owner=cast.alice) for _n in range(3)]
    lacking = OpportunityFactory(owner=cast.alice, amount=None)
    by_hand = OpportunityFactory(owner=cast.alice, probability=7, probability_by_hand=True)
    target, client = stage("Proposal"), signed_in(cast.bob)
    asked = client.post("/opportunities/bulk/", {"action": "move", "all": "1", "query": ""})
    once = asked.context_data["form"].initial["once"]
    sent = {"action": "move", "all": "1", "query": "", "stage": target.pk, "once": once}
    assert client.post("/opportunities/bulk/", sent).status_code == 302
    for deal in (*deals, lacking, by_hand):
        deal.refresh_from_db()
    assert {(deal.stage, deal.probability, deal.category) for deal in deals} == {(target, 50, "best")}
    assert (by_hand.stage, by_hand.probability) == (target, 7)
    assert lacking.stage.name == "Qualification"
    change = deals[0].changes.order_by("id").last()
    assert (change.from_stage.name, change.to_stage, change.by) == ("Qualification", target, cast.bob)


def test_u42_the_numbers_of_a_page_hold_no_deal_out_of_reach(cast):
    """U42."""
    OpportunityFactory(owner=cast.charlie, name="Hidden", amount=Decimal(77777))
    for path in ("", "board/", "calendar/", "sums/", "board/heads/"):
        text = signed_in(cast.alice).get(f"/opportunities/{path}").content.decode()
        assert not re.search(r"Hidden|77,777", text)


def test_money_is_shown_with_its_currency(cast):
    OpportunityFactory(owner=cast.alice, currency="JPY", amount=Decimal(1234), amount_base=None)
    assert "1,234 JPY" in signed_in(cast.alice).get("/opportunities/").content.decode()


@pytest.mark.django_db(transaction=True)
def test_two_at_once_win_one_sale_and_move_once(cast):
    deal = create_opportunity({"name": "Deal", "amount": 10}, by=cast.alice)
    start, targets = deal.stage_id, [stage("Needs analysis"), stage("Negotiation")]
    results = at_once(
        *(lambda t=t: move_opportunity(deal, t, by=cast.alice, came_from=start) for t in targets)
    )  # fmt: skip
    assert sum(isinstance(result, Opportunity) for result in results) == 1
    results = at_once(*(lambda: win_opportunity(deal, by=cast.alice) for _n in range(2)))
    assert results[0] == results[1]
    assert Sale.objects.unscoped("test").count() == 1


def test_u24_a_card_says_what_is_next_how_long_and_what_is_wrong(cast):
    """U24: the words beside the colours, the mark of a rotting deal, and a compact view with the same cards."""
    now, today = timezone.now(), timezone.localdate()
    fine = {"owner": cast.alice, "account": None}
    OpportunityFactory(**fine, name="Calm", next_activity_at=now + timedelta(days=1), next_step_date=today)
    OpportunityFactory(
        **fine, name="Rotten", stage_since=now - timedelta(days=40), next_step_date=today - timedelta(days=2)
    )
    OpportunityFactory(**fine, name="Late", close_date=today - timedelta(days=1), amount=None)
    client = signed_in(cast.alice)
    page = client.get("/opportunities/board/")
    cards = {card["name"]: card for card in page.context_data["columns"][0]["cards"]}
    assert {name: card["tone"] for name, card in cards.items()} == {"Calm": "orange", "Rotten": "red", "Late": "grey"}
    assert {name: card["next"].split()[0] for name, card in cards.items()} == {
        "Calm": "Today", "Rotten": "Overdue", "Late": "Nothing"}  # fmt: skip
    assert [card["rotten"] for card in cards.values()].count(True) == 1
    assert (cards["Rotten"]["age"], cards["Late"]["flags"][0][0]) == ("40 days here", "Close date passed")
    text = page.content.decode()
    for said in ("It is in its stage for longer", "no amount", "Move Calm", 'title="The close date has passed'):
        assert said in text, said
    assert "compact-board" in client.get("/opportunities/board/?compact=1").content.decode()
    assert "data-move-menu" not in signed_in(cast.audrey).get("/opportunities/board/").content.decode()


def test_u14_who_decides_is_called_and_mailed_from_the_deal_unless_they_must_not_be_or_are_out_of_sight(
    cast, client_of
):
    """U14."""
    person = ContactFactory(owner=cast.alice, email="kim@dock.test")
    deal, client = OpportunityFactory(owner=cast.alice, account=None, contact=person), client_of(cast.alice)
    page = f"/opportunities/{deal.pk}/"
    assert "mailto:kim@dock.test" in client.get(page).content.decode()
    for values in ({"do_not_contact": True}, {"do_not_contact": False, "owner": cast.charlie, "team": cast.south}):
        type(person).objects.unscoped("test").filter(pk=person.pk).update(**values)
        assert "mailto:" not in client.get(page).content.decode()


def test_op1_an_amount_from_lines_is_not_typed(cast):
    """OP-1: the form shows it and says where it comes from; the rest can be changed."""
    deal = set_lines(create_opportunity({"name": "Lined"}, by=cast.alice), [
        {"description": "A", "quantity": 2, "unit_price": 50},
    ], by=cast.alice)  # fmt: skip
    client, url = signed_in(cast.alice), f"/opportunities/{deal.pk}/edit/"
    form = client.get(url).context["form"]
    assert form.fields["amount"].disabled
    values = {name: "" if form[name].value() is None else form[name].value() for name in form.fields}
    client.post(url, values | {"name": "Renamed", "amount": "7", "tags": ""})
    deal.refresh_from_db()
    assert (deal.name, deal.amount, deal.amount_from_lines) == ("Renamed", 100, True)
