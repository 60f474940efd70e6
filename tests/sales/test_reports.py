"""The sales reports: every number is the count of the list that it leads to, over what the viewer may see."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from sales.models import Lead, LossReason, Opportunity, Stage
from sales.operations.closing import lose_opportunity, win_opportunity
from sales.operations.opportunities import move_opportunity
from sales.reports import sales_reports
from tests.conftest import signed_in
from tests.factories import AccountFactory, LeadFactory, OpportunityFactory
from tests.reporting import assert_numbers_equal_lists, numbers


@pytest.fixture
def deals(cast):
    """Won, lost and open deals of Alice, one of Charlie, and some leads."""
    rival = AccountFactory(owner=cast.charlie, name="Rival")
    made = [OpportunityFactory(owner=cast.alice, source=("Web", "Fair")[n % 2]) for n in range(6)]
    OpportunityFactory(owner=cast.charlie, source="Web")
    stages = list(Stage.objects.filter(pipeline=made[0].pipeline_id, state=Stage.OPEN).order_by("order"))
    move_opportunity(made[0], stages[1], by=cast.alice)
    win_opportunity(made[0], by=cast.alice)
    lose_opportunity(made[1], LossReason.objects.first(), by=cast.alice)
    Opportunity.objects.unscoped("set up").filter(pk=made[1].pk).update(lost_to=rival)
    now = timezone.now()
    for hours in (0.5, 3, None):
        LeadFactory(owner=cast.alice, created_at=now - timedelta(hours=5), respond_by=now - timedelta(hours=1),
                    responded_at=hours and now - timedelta(hours=5 - hours))  # fmt: skip
    return made


def test_an1_every_number_leads_to_the_rows_it_counts(cast, deals):
    """U42, U45: the ageing of stages and who is stuck in them among the others."""
    client, known = signed_in(cast.alice), {}
    for report in sales_reports():
        for grouping in report.groupings:
            assert assert_numbers_equal_lists(client, f"/reports/sales/?show={report.name}&by={grouping.name}", known)


def test_an1_two_groups_filters_and_only_what_is_visible(cast, deals):
    own = assert_numbers_equal_lists(signed_in(cast.alice), "/reports/sales/?by=source&then=owner")
    assert own
    assert numbers(signed_in(cast.alice), "/reports/sales/?by=owner")[0][1] == "6"
    assert numbers(signed_in(cast.bob), "/reports/sales/?by=source&source=web")[0][1] == "4"
    assert_numbers_equal_lists(signed_in(cast.bob), "/reports/sales/?by=month&source=web")


def test_an2_funnel_win_loss_and_answers(cast, deals):
    client = signed_in(cast.alice)
    total = client.get("/reports/sales/").context["table"].total
    assert [number.value for number in total[:3]] == [6, 6, 1]
    closed, won, lost = client.get("/reports/sales/?show=winloss").context["table"].total[:3]
    assert (closed.value, won.value, won.hint, lost.value) == (2, 1, "50 %", 1)
    answers = client.get("/reports/sales/?show=answers").context["table"].total
    assert [number.value for number in answers] == [3, 2, 1.75, 1, 1, 0]
    assert answers[2].text == "1.8 h"


def test_a_competitor_out_of_reach_is_not_named(cast, deals):
    rows = signed_in(cast.alice).get("/reports/sales/?show=winloss&by=competitor").context["table"].rows
    assert [names for names, _cells in rows] == [["not visible to you"], ["None"]]


def test_an3_the_definition_stands_below_and_the_file_has_the_same_numbers(cast, deals):
    client = signed_in(cast.alice)
    assert "Deals won, and their share of those closed." in client.get("/reports/sales/?show=winloss").content.decode()
    lines = client.get("/reports/sales/?show=winloss&by=reason&file=csv").content.decode("utf-8-sig").splitlines()
    assert lines[0].startswith("Loss reason,Closed,Won,Won (%)")
    assert lines[-1].startswith("Total,2,1,50")


@pytest.mark.parametrize("query", [
    "show=nothing&by=nothing", "first=x&last=99999-01-01", "first=2026-02-31", "by=%FF", "show=winloss&by=month&then=month",
])  # fmt: skip
def test_nonsense_in_the_address_is_left_out(cast, query):
    assert signed_in(cast.alice).get(f"/reports/sales/?{query}").status_code == 200


@pytest.mark.parametrize(
    "text", ["x", "winloss|won|2026-01-01|x", "winloss|won|2026-01-01|2026-02-01|owner=x", "a|b|c|d", "|||"]
)
def test_a_slice_that_names_nothing_is_told(cast, text):
    answer = signed_in(cast.alice).get("/opportunities/", {"report": text})
    assert answer.status_code == 200


def test_statements_do_not_grow_with_the_groups(cast):
    client = signed_in(cast.alice)
    client.get("/reports/sales/?show=answers&by=source")
    counts = []
    for size in (1, 12):
        for number in range(size):
            LeadFactory(owner=cast.alice, source=f"S{number}-{size}")
        with CaptureQueriesContext(connection) as found:
            client.get("/reports/sales/?show=answers&by=source")
        counts.append(len(found))
    assert counts[0] == counts[1]
    assert Lead.objects.unscoped("count").count() == 13
