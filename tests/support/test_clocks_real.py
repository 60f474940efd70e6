"""Clocks against the histories of other systems, and against a naive oracle (SL-4, SL-5, SL-8, R31)."""

import json
import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.clocks import agent_replied, customer_wrote, promise_changed
from support.ledger import begin, pause, resume, stop
from support.models import Clock, Policy, PolicyVersion
from tests.support.clockwork import case_at, clock, level, moved

DATA = Path(os.environ.get("KITH_DATA", Path(__file__).parents[2].parent / "shared" / "data"))


def cases_with(*names):
    """The cases of service levels in the data folder that have these fields."""
    found = []
    for path in sorted(DATA.glob("sla/*.json")):
        found += [case for case in json.loads(path.read_text()).get("cases", []) if {*names} <= set(case)]
    return [pytest.param(case, id=case["id"]) for case in found] or [None]


def kept(calendar):
    """A calendar of the data as a version keeps it."""
    days = {day: [] for day in calendar["holidays"]} | calendar.get("special_hours", {})
    return {"zone": calendar["timezone"], "week": calendar["hours"], "days": days}


def at(text, calendar):
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=ZoneInfo(calendar["timezone"]))


@pytest.mark.real_data
@pytest.mark.django_db
@pytest.mark.parametrize("case", cases_with("op", "calendar"))
def test_sl4_the_81_cases_of_working_time_through_clocks(case):
    """SL-4, SL-5: added time is when a clock falls due, time between is what it has used, pauses are statuses."""
    if case is None:
        pytest.skip("no data folder")
    calendar = case["calendar"]
    start = at(case["start"], calendar)
    minutes = case.get("seconds", 60 * 60) / 60
    if case["op"] == "subtract" or not minutes:
        pytest.skip("no clock runs backwards or for no time; tests/core/test_worktime.py has these")
    level(targets={"resolution": {"3": minutes}}, office=kept(calendar), grace_minutes=0)
    made = case_at(start, category="open")
    if case["op"] == "between":
        moved(made, "resolved", at(case["end"], calendar))
        assert clock(made, "resolution").used_seconds == case["expected_seconds"]
        return
    for state, (begins, ends) in zip(("waiting", "resolved"), case.get("pauses", ()), strict=False):
        moved(made, state, at(begins, calendar))
        moved(made, "open", at(ends, calendar))
    assert clock(made, "resolution").due_at == at(case["expected"], calendar)


def lived(case, metrics, replies):
    """A case that went through the events in the order of time; `replies` names the event that answers."""
    minutes = {metric: {"3": case["sla"][name]} for metric, name in metrics.items()}
    policy = level(targets=minutes, office=kept(case["calendar"]))
    events = sorted(case["events"], key=lambda event: event["at"])
    made = case_at(datetime.fromisoformat(events[0]["at"]))
    for event in events:
        moment = datetime.fromisoformat(event["at"])
        if event["event"] == "customer_message":
            customer_wrote(made, moment)
        elif event["event"] == replies:
            agent_replied(made, moment)
        elif event["event"] == "priority_changed_to_unmatched":
            Policy.objects.filter(pk=policy.pk).update(is_active=False)
            promise_changed(made, moment, "Priority")
    return made


def due(case, metric):
    live = Clock.objects.filter(case=case, metric=metric, state="running").first()
    return live and live.due_at


@pytest.mark.real_data
@pytest.mark.django_db
@pytest.mark.parametrize("case", cases_with("sla", "events"))
def test_sl8_the_8_life_cycles_of_zammad(case):
    """SL-7 to SL-11: each metric by itself, since there the next response runs beside the first one (zammad#5177)."""
    if case is None:
        pytest.skip("no data folder")
    expected = {name: value and (datetime.fromisoformat(value) if "due" in name or name == "next_escalation" else value)
                for name, value in case["expected"].items()}  # fmt: skip
    whole = {"resolution": "solution_min"}
    first = lived(case, whole | {"first": "first_response_min"}, "first_response")
    other = lived(case, whole | {"next": "next_response_min"}, "agent_contact")
    assert due(first, "first") == expected["first_response_due"]
    assert due(other, "next") == expected["next_response_due"]
    assert due(first, "resolution") == due(other, "resolution") == expected["solution_due"]
    dues = [due(first, "first"), due(other, "next"), due(first, "resolution")]
    assert min(filter(None, dues), default=None) == expected["next_escalation"]
    for made, metric, name in ((first, "first", "first_response"), (other, "next", "next_response")):
        if f"{name}_in_min" in expected:
            ended = Clock.objects.filter(case=made, metric=metric, state__in=("met", "breached"))
            worst = ended.order_by("-used_seconds").first()
            assert worst.used_seconds / 60 == expected[f"{name}_in_min"]
            assert (worst.target_seconds - worst.used_seconds) / 60 == expected[f"{name}_diff_min"]
            assert (worst.state == "met") == (expected[f"{name}_diff_min"] >= 0)


ZONES = (
    "UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Africa/Casablanca",
    "Pacific/Apia", "Asia/Kathmandu", "America/St_Johns", "Pacific/Auckland", "Africa/Cairo", "America/Santiago",
)  # fmt: skip
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
EDGE = st.integers(16, 96).map(lambda quarter: quarter * 15)
WINDOWS = st.lists(st.tuples(EDGE, EDGE).filter(lambda w: w[0] < w[1]), max_size=2)
WEEK = st.lists(WINDOWS, min_size=7, max_size=7).filter(any)
# Beside plain years the last days of 2011, of which Apia has one less.
MINUTES = st.one_of(st.integers(0, 3 * 365 * 1440), st.integers(-4389 * 1440, -4380 * 1440))
START = MINUTES.map(lambda n: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=n))
EXAMPLES = int(os.environ.get("KITH_EXAMPLES", "60"))


def text(minutes):
    return f"{minutes // 60:02}:{minutes % 60:02}"


def version(zone, week, holidays, start, target):
    """A version that promises a solution at normal priority in so many minutes."""
    days = {(start.date() + timedelta(days=n)).isoformat(): [] for n in holidays}
    hours = {"zone": zone, "days": days,
             "week": {day: [[text(a), text(b)] for a, b in found] for day, found in zip(DAYS, week, strict=True)}}  # fmt: skip
    return PolicyVersion(policy=Policy(name="x"), hours=hours, targets={"resolution": {"3": target}})


def naive(found):
    """Whether a minute is open, by the clock on the wall and nothing else."""
    zone, days = ZoneInfo(found.hours["zone"]), found.hours["days"]
    week = [[tuple(int(t[:2]) * 60 + int(t[3:]) for t in window) for window in found.hours["week"][d]] for d in DAYS]

    def is_open(minute):
        local = minute.astimezone(zone)
        if local.date().isoformat() in days:
            return False
        now = local.hour * 60 + local.minute
        return any(begins <= now < ends for begins, ends in week[local.weekday()])

    return is_open


def minutes(start, end):
    while start < end:
        yield start
        start += timedelta(minutes=1)


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.sampled_from(ZONES), WEEK, st.sets(st.integers(0, 12), max_size=3), START,
       st.lists(st.integers(0, 2000), min_size=1, max_size=6), st.integers(1, 3000))  # fmt: skip
def test_r31_clocks_agree_with_counting_minutes(zone, week, holidays, start, spans, target):
    """R31, SL-5, SL-15: any calendar, zone and pauses: what is used, when it is due, and that segments add up."""
    found, case = version(zone, week, holidays, start, target), SimpleNamespace(
        pk=1, priority=3, queue_id=None, team_id=None, owner_id=None
    )  # fmt: skip
    is_open, moment, used = naive(found), start, 0
    made = begin(case, "resolution", found, start)
    plain = made.due_at
    for number, span in enumerate(spans):
        if made.state == "running":
            assert made.due_at >= plain
            ends = moment + timedelta(minutes=span)
            used += sum(map(is_open, minutes(moment, ends)))
            assert (made.due_at < ends) == breaks(is_open, moment, ends, made)
            if number < len(spans) - 1:
                pause(made, ends, "")
        else:
            ends = moment + timedelta(minutes=span)
            resume(made, ends, "")
        moment = ends
    assert made.due_at is None or is_open(made.due_at - timedelta(minutes=1)) or made.used_seconds >= target * 60
    stop(made, case, moment)
    assert made.used_seconds == used * 60
    assert (made.state == "met") == (made.breached_at is None)
    assert made.over_seconds == max(0, used - target) * 60
    assert sum((s.ended_at - s.started_at for s in made.trail), timedelta()) == moment - start


def breaks(is_open, moment, ends, made):
    """Whether what is left runs out before the end, minute by minute."""
    left = (made.target_seconds - made.used_seconds) // 60
    if left <= 0:
        return made.due_at < ends
    for minute in minutes(moment, ends - timedelta(minutes=1)):
        left -= is_open(minute)
        if not left:
            return True
    return False


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.sampled_from(ZONES), WEEK, START, st.integers(1, 600), st.integers(0, 3000), st.integers(0, 6000))
def test_r31_a_pause_never_shortens_a_promise(zone, week, start, target, before, wait):
    """SL-5: a promise that waits is due no earlier, and later by no less than the working time of the pause."""
    found, case = version(zone, week, (), start, target), SimpleNamespace(
        pk=1, priority=3, queue_id=None, team_id=None, owner_id=None
    )  # fmt: skip
    made = begin(case, "resolution", found, start)
    plain = made.due_at
    pause(made, start + timedelta(minutes=before), "")
    resume(made, start + timedelta(minutes=before + wait), "")
    if made.breached_at is None:
        assert made.due_at >= plain
        is_open, naive_left = naive(found), target - made.used_seconds // 60
        assert sum(map(is_open, minutes(start + timedelta(minutes=before + wait), made.due_at))) == naive_left


def test_r31_the_oracle_finds_wall_time_added():
    """R31, negative control: Bottle's way, wall time added to the due moment, is found out."""
    week = [[(540, 1020)]] * 5 + [[], []]
    start = datetime(2026, 1, 9, 16, tzinfo=UTC)
    found = version("UTC", week, (), start, 240)
    made = begin(SimpleNamespace(pk=1, priority=3, queue_id=None, team_id=None, owner_id=None), "resolution", found,
                 start)  # fmt: skip
    wrong = made.due_at + (datetime(2026, 1, 12, 9, tzinfo=UTC) - datetime(2026, 1, 9, 17, tzinfo=UTC))
    assert wrong == datetime(2026, 1, 15, 4, tzinfo=UTC)
    assert not naive(found)(wrong - timedelta(minutes=1))
    assert date(2026, 1, 15).strftime("%a") == "Thu"
