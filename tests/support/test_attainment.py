"""What explains a promise and what reports them: segments that add up, kept promises by month (SL-14, SL-15, U45)."""

import pytest

from support.clocks import agent_replied
from support.explain import explanation, span_text
from support.models import Case, Clock, Queue
from tests.conftest import signed_in
from tests.sales.test_reports import numbers
from tests.support.clockwork import case_at, clock, level, moment, moved

pytestmark = pytest.mark.django_db
PAGE = "/support/attainment/?first=2026-01-01&last=2026-12-31"


def test_sl15_the_segments_add_up_to_what_was_used(cast):
    """SL-15: running, paused and closed hours; the page says which level and why."""
    level(hours={"resolution": 8})
    case = case_at(moment(0, 15), category="open", owner=cast.dora, team=cast.service)
    moved(case, "waiting", moment(0, 16))
    moved(case, "open", moment(1, 10))
    moved(case, "resolved", moment(1, 12, 30))
    (story,) = explanation(case)
    assert [(s.segment.state, s.counted, s.paused, s.closed) for s in story.stretches] == [
        ("running", 3600, 0, 0), ("paused", 0, 7200, 16 * 3600), ("running", 9000, 0, 0),
    ]  # fmt: skip
    assert story.used == clock(case, "resolution").used_seconds == 12600
    assert story.used + story.paused + story.closed == (moment(1, 12, 30) - moment(0, 15)).total_seconds()
    text = signed_in(cast.dora).get(f"/cases/{case.pk}/clocks/").content.decode()
    for words in ("because no other holds", "3 h 30 min used", "Waiting for customer", "16 h"):
        assert words in text
    assert signed_in(cast.paula).get(f"/cases/{case.pk}/clocks/").status_code in (302, 403, 404)


def test_sl15_a_clock_that_runs_is_explained_up_to_now(cast):
    """SL-15."""
    level(hours={"first": 1})
    case = case_at(moment(0, 9))
    (story,) = explanation(case, now=moment(0, 9, 45))
    assert (story.used, story.left, story.tone) == (2700, 900, "blue")
    (story,) = explanation(case, now=moment(0, 10, 30))
    assert (story.left, story.tone) == (-1800, "red")
    assert [span_text(n) for n in (5, 3600, 5400, -1800)] == ["5 seconds", "1 h", "1 h 30 min", "−30 min"]


@pytest.fixture
def ended(cast):
    """First responses: two met and one broken in January, one met in February, one that runs, one cancelled."""
    level(hours={"first": 1})
    queue = Queue.objects.create(name="Desk", team=cast.service)
    made = []
    for day, hours in ((0, 0.5), (1, 1), (2, 3), (35, 0.5), (7, None), (8, 0)):
        case = case_at(moment(day, 9), owner=cast.dora, team=cast.service, queue=queue)
        if hours:
            agent_replied(case, moment(day, 9, int(hours * 60)))
        elif hours == 0:
            moved(case, "closed", moment(day, 10))
        made.append(case)
    return made


def test_sl14_promises_count_in_the_month_in_which_they_ended(cast, ended):
    """SL-14, U45: by month, level, team, queue and agent; what runs or was cancelled does not count."""
    client = signed_in(cast.dora)
    answer = client.get(PAGE + "&by=month")
    rows = {names[0]: [n.text for n in cells[:3]] for names, cells in answer.context["table"].rows}
    assert rows == {"January 2026": ["3", "2", "1"], "February 2026": ["1", "1", "0"]}
    assert [n.hint for n in answer.context["table"].total[1:3]] == ["75 %", "25 %"]
    for group, name in (("queue", "Desk"), ("agent", "Dora Tester"), ("team", "Service"), ("metric", "First response")):
        found = client.get(f"{PAGE}&by={group}").context["table"].rows
        assert [(names, cells[0].text) for names, cells in found] == [([name], "4")]


def test_sl14_every_figure_leads_to_its_cases(cast, ended):
    """SL-14: the rows listed are those counted, each with its case."""
    client = signed_in(cast.dora)
    found = numbers(client, PAGE + "&by=month&then=agent&show=attainmentfirst")
    assert len(found) > 6
    for address, text, hint in found:
        answer = client.get(address)
        assert answer.context["count_text"] == (text if text.isdigit() else hint)
    broken = client.get(next(address for address, _text, _hint in found if "breached" in address))
    assert f"/cases/{ended[2].pk}/clocks/" in broken.content.decode()
    assert "2 h" in broken.content.decode()


def test_sl14_the_file_has_metric_level_team_and_month_at_once(cast, ended):
    """SL-14."""
    text = signed_in(cast.dora).get(PAGE + "&file=whole").content.decode()
    assert "First response,Standard" in text
    assert ",Service,January 2026,3,2,67,1,33" in text


def test_sl14_only_visible_cases_are_counted(cast, ended):
    """SL-14, R03: Pat's role shows his own cases only; who sees no cases has no report."""
    Case.objects.filter(pk=ended[0].pk).update(owner=cast.pat)
    answer = signed_in(cast.pat).get(PAGE)
    assert [n.text for n in answer.context["table"].total[:2]] == ["1", "1"]
    assert signed_in(cast.nora).get(PAGE).status_code == 404
    assert signed_in(cast.pat).get("/support/attainment/clocks/?report=nonsense").status_code == 404
    assert Clock.objects.count() == 6
