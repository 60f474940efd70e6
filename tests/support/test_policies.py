"""Service levels: which one holds and why, their versions, and applying one anew (SL-1, SL-2, SL-3, SL-4)."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile

from crm_site.core.hours_admin import CalendarForm
from crm_site.core.models import Calendar, Holiday, User
from crm_site.core.operations import Refused
from support.models import Case, Clock, Entitlement, Policy, Queue, Webhook
from support.operations.policies import keep_hours, new_version, re_apply
from support.policies import policies_for
from support.steps import checked_steps, lines_of, step_of_line
from tests.conftest import signed_in
from tests.factories import AccountFactory, CustomerFactory
from tests.support.clockwork import case_at, clock, level, moment

pytestmark = pytest.mark.django_db
GOLD = [{"field": "tier", "op": "equals", "value": "gold"}]
MAIL = [{"field": "channel", "op": "equals", "value": "email"}]


def test_sl2_one_level_wins_in_the_order_of_the_paper(cast):
    """SL-2: named, contract, who it is, what it is, the queue's, the default; and it says why."""
    default = level("Default")
    mail, gold = level("Mail", conditions=MAIL, default=False), level("Gold", conditions=GOLD, default=False)
    named, sold, desk = (level(name, default=False, conditions=[]) for name in ("Named", "Sold", "Desk"))
    customer = CustomerFactory(tier="gold")
    contract = Entitlement.objects.create(name="Care", customer=customer, policy=sold, starts_on=date(2026, 1, 1))
    queue = Queue.objects.create(name="VIP", policy=desk)
    case = Case(subject="x", customer=customer, channel="email", policy=named, entitlement=contract, queue=queue)
    case.created_at = datetime(2026, 2, 1, tzinfo=UTC)
    expected = [(named, "named on the case"), (sold, "contract Care"), (gold, "service tier is gold"),
                (mail, "email"), (desk, "queue VIP"), (default, "no other holds")]  # fmt: skip
    undo = [("policy", None), ("entitlement", None), ("customer", None), ("channel", "phone"), ("queue", None)]
    for (policy, why), (name, value) in zip(expected, [*undo, ("subject", "y")], strict=True):
        found, said = policies_for([case])[0]
        assert found == policy
        assert why in said
        setattr(case, name, value)


def test_sl2_an_ended_contract_and_a_level_out_of_use_do_not_hold(cast):
    """SL-2."""
    default, sold = level("Default"), level("Sold", default=False)
    customer = CustomerFactory()
    contract = Entitlement.objects.create(
        name="Old", customer=customer, policy=sold, starts_on=date(2025, 1, 1), ends_on=date(2025, 12, 31)
    )
    case = Case(subject="x", entitlement=contract, created_at=datetime(2026, 1, 1, 12, tzinfo=UTC))
    assert policies_for([case])[0][0] == default
    Policy.objects.filter(pk=sold.pk).update(is_active=False)
    assert policies_for([Case(subject="x", policy=sold)])[0][0] == default


def test_sl2_the_tier_of_an_account_is_that_of_its_customer(cast):
    """SL-1, SL-2: a case that names only the account."""
    level("Default")
    gold = level("Gold", conditions=GOLD, default=False)
    account = AccountFactory()
    CustomerFactory(account=account, tier="gold")
    assert policies_for([Case(subject="x", account=account)])[0][0] == gold


def test_sl2_many_cases_cost_no_more_statements_than_one(cast, django_assert_max_num_queries):
    """SL-2."""
    level("Default")
    gold = level("Gold", conditions=GOLD, default=False)
    account = AccountFactory()
    CustomerFactory(account=account, tier="gold")
    cases = [Case(subject=str(n), account_id=account.pk, queue=None) for n in range(40)]
    with django_assert_max_num_queries(3):
        assert {policy for policy, _why in policies_for(cases)} == {gold}


def targets(first=60, resolution=120):
    return {"first": {"3": first}, "resolution": {"3": resolution}}


def test_sl1_first_response_is_due_no_later_than_the_resolution(cast):
    """SL-1: as Frappe has it; and targets may be empty."""
    policy = level()
    with pytest.raises(ValidationError, match="Normal: the first response"):
        new_version(policy, {"targets": targets(121)}, by=cast.rita)
    made = new_version(policy, {"targets": targets(120)}, by=cast.rita)
    assert made.targets == {"first": {"3": 120}, "resolution": {"3": 120}}
    with pytest.raises(ValidationError):
        new_version(policy, {"targets": targets(0)}, by=cast.rita)
    with pytest.raises(PermissionDenied):
        new_version(policy, {"targets": targets()}, by=cast.dora)


def test_sl3_what_changes_makes_a_version_and_what_does_not_makes_none(cast):
    """SL-3: numbered, with the hours as they were."""
    calendar = Calendar.objects.create(name="Desk", zone="Europe/Berlin")
    Holiday.objects.create(calendar=calendar, day=date(2026, 1, 6), name="Epiphany")
    policy = level()
    made = new_version(policy, {"calendar": calendar, "targets": targets()}, by=cast.rita)
    assert (made.number, made.hours["zone"], made.hours["days"]) == (2, "Europe/Berlin", {"2026-01-06": []})
    assert new_version(policy, {"targets": targets()}, by=cast.rita) == made
    assert keep_hours(by=None) == 0
    Holiday.objects.create(calendar=calendar, day=date(2026, 1, 5), name="Bridge", opens="10:00", closes="12:00")
    assert keep_hours(by=None) == 1
    policy.refresh_from_db()
    assert (policy.current.number, policy.current.hours["days"]["2026-01-05"]) == (3, [["10:00", "12:00"]])
    calendar.hours = {}
    calendar.save()
    with pytest.raises(Refused):
        new_version(policy, {}, by=cast.rita)


def test_sl3_applying_anew_shows_first_and_changes_then(cast):
    """SL-3: a preview with old and new due times, nothing kept of it."""
    policy, now = level(hours={"resolution": 4}, office={}), datetime.now(UTC)
    cases = [case_at(now) for _n in range(3)]
    new_version(policy, {"targets": {"resolution": {"3": 60}}}, by=cast.rita)
    count, rows = re_apply(policy, by=cast.rita, dry_run=True)
    assert (count, len(rows)) == (3, 3)
    assert rows[0][2:] == (now + timedelta(hours=4), now + timedelta(hours=1))
    assert Clock.objects.count() == 3
    assert re_apply(policy, by=cast.rita)[0] == 3
    assert {clock(case, "resolution").due_at for case in cases} == {now + timedelta(hours=1)}
    assert re_apply(policy, by=cast.rita) == (0, [])


def line(metric="first", minutes=10, do="owner", whom="", spent=""):
    return {"metric": metric, "minutes": minutes, "spent": spent, "do": do, "whom": whom}


def test_sl12_steps_are_chosen_in_lines(cast):
    """SL-12: the promise, the minutes, what happens, and whom or where, each from a list; checked on the server."""
    second = Queue.objects.create(name="Second level")
    hook = Webhook.objects.create(name="Pager", url="https://pager.example.com/")
    lines = [
        line(minutes=-15, spent="working"), line(minutes=0, do="webhook", whom=f"hook:{hook.pk}"),
        line("resolution", 0, "priority"), line("resolution", 30, "priority", "priority:1"),
        line("resolution", 60, "user", f"user:{cast.bob.pk}", "working"),
        line("resolution", 120, "queue", f"queue:{second.pk}"),
    ]  # fmt: skip
    kept = checked_steps([step_of_line(one) for one in lines])
    assert [{name: step[name] for name in line()} for step in lines_of(kept)] == lines
    User.objects.filter(pk=cast.bob.pk).update(is_active=False)
    for wrong in (line(minutes=None), line("second"), line(do="fly"), line(do="user"), line(do="webhook"),
                  line(do="user", whom=f"user:{cast.bob.pk}"), line(do="queue", whom=f"user:{cast.dora.pk}"),
                  line(do="user", whom="user:1 OR 1=1"), line(do="priority", whom="priority:9")):  # fmt: skip
        with pytest.raises(ValidationError):
            step_of_line(wrong)


def form_of(client, address):
    answer = client.get(address)
    form = answer.context["adminform"].form
    data = {name: form[name].value() for name in form.fields}
    data = {name: "" if value is None else value for name, value in data.items() if value is not False}
    return data | {"versions-TOTAL_FORMS": 0, "versions-INITIAL_FORMS": 0}


def test_sl1_the_administration_makes_versions_and_previews_them(cast):
    """SL-1, SL-3: the form shows what the current version promises; saving another target makes the next one."""
    policy, client = level(), signed_in(cast.rita)
    case_at(moment(0, 9))
    address = f"/admin/support/policy/{policy.pk}/change/"
    data = form_of(client, address)
    assert data["first_3"] == 60
    step = line(minutes=30, do="lead", spent="working")
    lines = {"field_0": "tier", "op_0": "in", "value_0": "gold, platinum"} | {f"{k}_0": v for k, v in step.items()}
    assert client.post(address, data | lines | {"first_3": 600}).status_code == 200
    assert client.post(address, data | lines | {"first_3": 30}).status_code == 302
    policy.refresh_from_db()
    assert (policy.current.number, policy.current.targets["first"]["3"]) == (2, 30)
    assert policy.conditions == [{"field": "tier", "op": "in", "value": "gold, platinum"}]
    assert policy.current.steps[0]["key"] == "first+30w:lead:"
    again = form_of(client, address)
    assert [again[f"{name}_0"] for name in ("metric", "minutes", "spent", "do")] == ["first", 30, "working", "lead"]
    wrong = client.post(address, again | {"metric_1": "first", "minutes_1": "5", "do_1": "queue"})
    assert wrong.context["adminform"].form.errors["whom_1"] == ["Say which queue."]
    assert "whom_1" in client.post(address, again | {"do_1": "lead"}).context["adminform"].form.errors
    assert client.post(address, again | {"metric_0": ""}).status_code == 302
    policy.refresh_from_db()
    assert policy.current.steps == []
    page = client.get(f"/admin/support/policy/{policy.pk}/apply/")
    assert page.context["count"] == 1
    assert client.post(f"/admin/support/policy/{policy.pk}/apply/").status_code == 302
    assert client.get("/admin/support/policy/").status_code == 200
    assert client.get("/admin/support/clock/").status_code == 200


ICAL = b"""BEGIN:VCALENDAR
VERSION:2.0
BEGIN:VEVENT
UID:1
DTSTART;VALUE=DATE:20201225
DTEND;VALUE=DATE:20201227
RRULE:FREQ=YEARLY
SUMMARY:Christmas
END:VEVENT
BEGIN:VEVENT
UID:2
DTSTART;VALUE=DATE:20260403
SUMMARY:Good Friday
END:VEVENT
END:VCALENDAR
""".replace(b"\n", b"\r\n")


def test_sl4_holidays_come_from_an_ical_file(cast, time_machine):
    """SL-4: yearly ones for years ahead, none twice; what is no calendar is refused with a sentence."""
    time_machine.move_to(datetime(2026, 3, 1, tzinfo=UTC), tick=False)
    calendar, client = Calendar.objects.create(name="Desk", zone="UTC"), signed_in(cast.rita)
    Holiday.objects.create(calendar=calendar, day=date(2026, 4, 3), name="Half day", opens="09:00", closes="12:00")
    address = f"/admin/core/calendar/{calendar.pk}/change/"
    data = {"name": "Desk", "zone": "UTC", "mon": "9:00-17:00", "holidays-TOTAL_FORMS": 0,
            "holidays-INITIAL_FORMS": 0}  # fmt: skip
    answer = client.post(address, data | {"ical": SimpleUploadedFile("h.ics", ICAL)})
    assert answer.status_code == 302
    days = dict(calendar.holidays.values_list("day", "name"))
    assert days[date(2026, 4, 3)] == "Half day"
    assert {day for day in days if day.month == 12} == {
        date(year, 12, day) for year in range(2025, 2032) for day in (25, 26)
    }  # fmt: skip
    form = CalendarForm(data, {"ical": SimpleUploadedFile("h.ics", b"nonsense")}, instance=calendar)
    assert "ical" in form.errors


def test_sl4_holidays_of_a_year_again_in_the_next(cast):
    """SL-4: recurring dates."""
    calendar = Calendar.objects.create(name="Desk", zone="UTC")
    Holiday.objects.create(calendar=calendar, day=date(2026, 5, 1), name="May day")
    signed_in(cast.rita).post("/admin/core/calendar/", {"action": "repeat", "_selected_action": calendar.pk})
    assert set(calendar.holidays.values_list("day", flat=True)) == {date(2026, 5, 1), date(2027, 5, 1)}


def test_sl4_one_off_extra_hours_on_a_closed_day(cast):
    """SL-4: a Saturday on which the desk works counts."""
    calendar = Calendar.objects.create(name="Desk", zone="UTC")
    Holiday.objects.create(calendar=calendar, day=date(2026, 1, 10), name="Stocktaking", opens="10:00", closes="12:00")
    policy = level()
    new_version(policy, {"calendar": calendar, "targets": {"resolution": {"3": 120}}}, by=None)
    assert clock(case_at(moment(4, 16)), "resolution").due_at == moment(5, 11)


def test_sl4_lunch_breaks_are_windows(cast):
    """SL-4, frappe/helpdesk#2212: several windows a day."""
    week = {"mon": [["09:00", "12:00"], ["13:00", "17:00"]]}
    level(hours={"resolution": 2}, office={"zone": "UTC", "week": week, "days": {}})
    assert clock(case_at(moment(0, 11)), "resolution").due_at == moment(0, 14)
