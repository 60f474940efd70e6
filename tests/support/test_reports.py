"""AN-1…AN-3 for support: every number is the count of the list that it leads to, over what the viewer may see."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from support.models import Queue, Survey
from support.operations.cases import mark_spam, reopen_case, resolve_case
from support.operations.merging import merge_cases
from support.operations.messages import post_reply
from support.operations.surveys import answer, ask
from support.reports import SATISFACTION, case_reports
from tests.cast import grant
from tests.conftest import signed_in
from tests.factories import CaseFactory, ContactFactory
from tests.reporting import assert_numbers_equal_lists, numbers
from tests.support.test_merging import HOUR, asked, fresh


@pytest.fixture
def desk(cast):
    """Cases of all sorts: answered, resolved at once, reopened, merged, spam, old."""
    now, other = timezone.now(), Queue.objects.create(name="Repairs")
    people = [ContactFactory(email=f"p{n}@x.test") for n in range(8)]
    once = asked(cast, "Once", 6, people[0], owner=cast.dora)
    post_reply(once, "So.", by=cast.dora, at=now - 4 * HOUR)
    resolve_case(fresh(once), by=cast.dora, at=now - 3 * HOUR)
    twice = asked(cast, "Twice", 50, people[1], owner=cast.dora, queue=other)
    for ago in (48, 46):
        post_reply(twice, "So.", by=cast.dora, at=now - ago * HOUR)
    resolve_case(fresh(twice), by=cast.dora, at=now - 45 * HOUR)
    reopen_case(fresh(twice), by=cast.dora, at=now - 40 * HOUR)
    for ago in (2, 30, 24 * 5, 24 * 40, 24 * 400):
        asked(cast, f"Ago {ago}", ago, people[2])
    mark_spam(asked(cast, "Spam", 1, people[3]), by=cast.dora)
    merge_cases(asked(cast, "Merged", 1, people[4]), fresh(twice), by=cast.dora)
    return once, twice


def test_an1_every_number_leads_to_the_rows_it_counts(cast, desk):
    client, known = signed_in(cast.dora), {}
    for report in case_reports():
        for grouping in report.groupings:
            found = assert_numbers_equal_lists(
                client, f"/support/reports/?show={report.name}&by={grouping.name}", known
            )
            assert found, (report.name, grouping.name)


def test_an2_volume_first_contact_and_reopening(cast, desk):
    made, done, still, again, once = signed_in(cast.dora).get("/support/reports/").context["table"].total
    assert [n.value for n in (made, done, still, again, once)] == [6, 2, 5, 1, 1]
    assert (again.hint, once.hint) == ("50 %", "50 %")


def test_an2_backlog_by_age_and_times(cast, desk):
    client = signed_in(cast.dora)
    rows = client.get("/support/reports/?show=backlog").context["table"].rows
    assert [(names[0], cells[0].value) for names, cells in rows] == [
        ("Up to a day", 1), ("Up to three days", 2), ("Up to a week", 1), ("Up to ninety days", 1), ("Older", 1)
    ]  # fmt: skip
    answered, median, most, *_rest = client.get("/support/reports/?show=replies").context["table"].total
    assert (answered.value, median.text, most.text) == (2, "2.0 h", "2.0 h")
    found = client.get("/support/reports/?show=resolutions&by=queue").context["table"].rows
    assert {names[0]: cells[1].text for names, cells in found} == {"Repairs": "5.0 h", "Support": "3.0 h"}


def test_an1_only_what_the_viewer_sees_is_counted(cast, desk):
    nora = grant(cast.nora, type(desk[0]), view="own")
    CaseFactory(owner=nora)
    assert numbers(signed_in(nora), "/support/reports/?by=queue")[0][1] == "1"
    assert signed_in(cast.paula).get("/support/reports/").status_code in (302, 403, 404)


def test_an1_the_list_of_a_number_can_be_filtered_and_exported(cast, desk):
    address = numbers(signed_in(cast.dora), "/support/reports/?by=queue&channel=email")[0][0]
    assert "channel=email" in address
    assert_numbers_equal_lists(signed_in(cast.dora), "/support/reports/?by=queue&then=owner&channel=email")


def test_cs9_satisfaction_by_agent_queue_product_and_period(cast, desk):
    for n in range(3):
        case = asked(cast, f"Rated {n}", 3, ContactFactory(email=f"r{n}@x.test"), owner=cast.dora)
        resolve_case(case, by=cast.dora, at=timezone.now() - 2 * HOUR)
    ask(by=None)
    for survey, score in zip(
        Survey.objects.filter(case__subject__startswith="Rated").order_by("pk"), (5, 4, 1), strict=True
    ):
        answer(survey, score, "Said so.", by=None)
    client = signed_in(cast.dora)
    asked_, answered, average, good, poor = client.get("/support/satisfaction/?by=agent").context["table"].total
    assert [n.value for n in (asked_, answered, average, good, poor)] == [4, 3, 3.33, 2, 1]
    for grouping in SATISFACTION.groupings:
        assert assert_numbers_equal_lists(client, f"/support/satisfaction/?by={grouping.name}")
    assert "Said so." in client.get("/support/satisfaction/answers/").content.decode()
    assert "Average" in client.get("/support/satisfaction/?file=csv").content.decode()
    assert client.get("/support/satisfaction/answers/?report=volume|made|2026-01-01|2026-02-01").status_code == 404


def test_an3_definitions_stand_below(cast, desk):
    page = signed_in(cast.dora).get("/support/reports/?show=backlog").content.decode()
    assert "Unresolved cases as they stand now" in page
    assert "Those that wait for the customer or a third party." in page


def test_statements_do_not_grow_with_the_rows(cast):
    client, counts = signed_in(cast.dora), []
    for size in (1, 15):
        for _n in range(size):
            CaseFactory(owner=cast.dora, queue=Queue.objects.create(name=f"Q{Queue.objects.count()}"))
        client.get("/support/reports/?by=queue")
        with CaptureQueriesContext(connection) as found:
            client.get("/support/reports/?by=queue")
        counts.append(len(found))
    assert counts[0] == counts[1]
    assert timedelta(hours=1) == HOUR
