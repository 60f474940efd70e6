"""Activities: logging, links, finishing, repeating, the timeline (AC-1, AC-2, AC-4, PM-3, U16, U17)."""

import uuid
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from crm_site.core.history import entries
from crm_site.core.operations import Refused, Stale
from customers import timeline
from customers.days import day_start
from customers.models import Activity, Customer, Participant
from customers.operations import activities as do
from customers.tasks import repeat_tasks
from tests.factories import AccountFactory, ActivityFactory, ContactFactory, CustomerFactory
from tests.filling import without_indexes

HTMX = {"hx-request": "true"}
pytestmark = pytest.mark.django_db


def open_task(by, **values):
    """A task of the user's, due in an hour unless said otherwise."""
    return do.log_activity(
        {"kind": "task", "subject": "Call back", "at": timezone.now() + timedelta(hours=1)} | values, by=by
    )


def ac_1_party(cast):
    """An account of Alice's with a customer and a contact."""
    customer = CustomerFactory(owner=cast.alice)
    contact = ContactFactory(owner=cast.alice, account=customer.account)
    return customer, customer.account, contact


def test_ac_1_missing_links_are_derived_from_the_contact(cast):
    """AC-1: one primary record and the others behind it."""
    customer, account, contact = ac_1_party(cast)
    made = do.log_activity({"kind": "call", "subject": "Hello", "contact": contact}, by=cast.alice)
    assert (made.account_id, made.customer_id) == (account.pk, customer.pk)
    assert (made.regarding_type.model, made.regarding_id) == ("contact", contact.pk)
    assert (made.followed_owner_id, made.followed_team_id) == (cast.alice.pk, cast.north.pk)


def test_ac_1_individual_customer_is_found_and_leads_to_its_contact(cast):
    """AC-1: a person who is a customer counts whether the call is logged on the person or on the customer."""
    contact = ContactFactory(owner=cast.alice)
    customer = Customer.objects.create(kind="individual", contact=contact, name=str(contact), owner=cast.alice)
    on_person = do.log_activity({"subject": "a", "contact": contact}, by=cast.alice)
    on_customer = do.log_activity({"subject": "b", "customer": customer}, by=cast.alice)
    assert on_person.customer_id == customer.pk
    assert on_customer.contact_id == contact.pk


def test_ac_1_many_are_logged_by_a_constant_number_of_statements(cast, django_assert_max_num_queries):
    """A thousand rows cost as few statements as two."""
    _customer, _account, contact = ac_1_party(cast)
    rows = [{"kind": "note", "subject": f"Note {n}", "contact": contact} for n in range(900)]
    cast.alice.scopes  # noqa: B018 - roles are read once a request
    with django_assert_max_num_queries(14):
        made = do.log_activities(rows, by=cast.alice)
    assert len(made) == 900


def test_ac_1_what_is_out_of_reach_cannot_be_logged_on(cast):
    """Nobody puts an activity on a record that they cannot see."""
    theirs = ContactFactory(owner=cast.charlie)
    with pytest.raises(PermissionDenied):
        do.log_activity({"subject": "x", "contact": theirs}, by=cast.alice)
    assert not Activity.objects.exists()


@pytest.mark.parametrize(
    ("row", "kind"),
    [({"seconds": 420}, "call"), ({"ends_at": timezone.now()}, "meeting"), ({"status": "open"}, "task"), ({}, "note")],
)
def test_ac_1_a_file_without_kinds_is_understood(cast, row, kind):
    """Files of calls, events and tasks have no column that says so."""
    made = do.log_activity({"subject": "x"} | row, by=cast.alice)
    assert made.kind == kind
    assert made.duration == (7 if kind == "call" else None)


def test_ac_1_subject_comes_from_the_notes(cast):
    """Typing in one field is enough."""
    assert do.log_activity({"kind": "note", "body": "They like it.\nMore"}, by=cast.alice).subject == "They like it."


def test_ac_1_changing_the_contact_moves_the_links(cast):
    """The other links and the owner to follow go with the contact; the version guards."""
    _customer, _account, contact = ac_1_party(cast)
    other = CustomerFactory(owner=cast.bob)
    second = ContactFactory(owner=cast.bob, account=other.account)
    made = do.log_activity({"subject": "x", "contact": contact}, by=cast.bob)
    changed = do.update_activity(made, {"contact": second}, by=cast.bob, version=1)
    assert (changed.account_id, changed.customer_id) == (other.account_id, other.pk)
    assert changed.followed_owner_id == cast.bob.pk
    with pytest.raises(Stale):
        do.update_activity(made, {"subject": "late"}, by=cast.bob, version=1)


def test_ac_1_activities_follow_their_record(cast, django_assert_num_queries):
    """When a record changes hands, one statement hands its activities on."""
    _customer, _account, contact = ac_1_party(cast)
    made = do.log_activities([{"subject": "x", "contact": contact}] * 3, by=cast.alice)
    contact.owner, contact.team = cast.charlie, cast.south
    do.follow(contact)
    with django_assert_num_queries(1):
        do.follow(contact)
    assert {a.followed_owner_id for a in Activity.objects.filter(pk__in=[m.pk for m in made])} == {cast.charlie.pk}


def test_ac_1_a_new_customer_adopts_earlier_activities(cast):
    """What happened before somebody became a customer counts for it."""
    account = AccountFactory(owner=cast.alice)
    made = do.log_activity({"subject": "x", "account": account}, by=cast.alice)
    do.adopt(CustomerFactory(owner=cast.alice, account=account))
    made.refresh_from_db()
    assert made.customer.account_id == account.pk


def test_ac_2_a_repeating_task_makes_the_next_one_once(cast):
    """AC-2: completing twice, or again after an undo, makes one."""
    task = open_task(cast.alice, repeats="weekly", remind_at=timezone.now())
    for _time in range(2):
        do.complete_activity(task, by=cast.alice, outcome="fine")
    do.reopen_activity(task, by=cast.alice)
    do.complete_activity(task, by=cast.alice)
    following = Activity.objects.exclude(pk=task.pk).get()
    assert following.at - task.at == timedelta(days=7)
    assert following.remind_at - task.remind_at == timedelta(days=7)
    assert (following.status, following.repeats, following.reminded_at) == ("open", "weekly", None)


def test_ac_2_one_that_comes_again_by_date_waits_for_nobody(cast):
    """AC-2: the next one is there when the day has come, once; the missed one stays open. Others wait to be done."""
    at = timezone.now() - timedelta(minutes=1)
    missed = open_task(cast.alice, repeats="weekly", repeats_by_date=True, at=at)
    open_task(cast.alice, repeats="weekly", at=at)
    open_task(cast.alice, repeats="weekly", repeats_by_date=True)
    assert [repeat_tasks() for _sweep in range(2)] == [1, 0]
    following = Activity.objects.latest("pk")
    assert (following.at - at, following.owner, following.repeats) == (timedelta(days=7), cast.alice, "weekly")
    assert following.repeats_by_date
    do.complete_activity(missed, by=cast.alice)
    assert Activity.objects.count() == 4


@pytest.mark.parametrize(
    ("at", "repeats", "expected"),
    [
        ((2026, 3, 28, 9), "daily", (2026, 3, 29, 9)),  # the clocks change on the 29th
        ((2026, 10, 24, 9), "daily", (2026, 10, 25, 9)),
        ((2026, 1, 31, 9), "monthly", (2026, 2, 28, 9)),
        ((2026, 2, 28, 9), "monthly", (2026, 3, 31, 9)),
        ((2026, 1, 30, 9), "monthly", (2026, 2, 28, 9)),
        ((2024, 2, 29, 9), "yearly", (2025, 2, 28, 9)),
    ],
)
def test_ac_2_repeats_keep_the_time_of_day(at, repeats, expected):
    """AC-2: nine o'clock stays nine o'clock over a change of the clocks; the month's end stays the month's end."""
    zone = ZoneInfo("Europe/Berlin")
    start = datetime(*at, tzinfo=zone)
    assert do.next_time(start, repeats, zone, now=start) == datetime(*expected, tzinfo=zone)


def test_ac_2_missed_repeats_are_skipped():
    """A daily task that lay for ten days comes back tomorrow, not ten times."""
    zone = ZoneInfo("UTC")
    start = datetime(2026, 1, 1, 9, tzinfo=zone)
    assert do.next_time(start, "daily", zone, now=start + timedelta(days=10, hours=1)) == start + timedelta(days=11)


def test_ac_2_today_is_the_users_day(cast):
    """AC-2: the same moment is overdue in Auckland and due today in Los Angeles."""
    with time_machine.travel(datetime(2026, 6, 10, 20, tzinfo=ZoneInfo("UTC")), tick=False):
        task = open_task(cast.alice, at=datetime(2026, 6, 10, 10, tzinfo=ZoneInfo("UTC")))
        with timezone.override("Pacific/Auckland"):
            assert timeline.is_overdue(task, timezone.localdate())
        with timezone.override("America/Los_Angeles"):
            assert not timeline.is_overdue(task, timezone.localdate())


def test_ac_2_a_day_has_23_or_25_hours_when_the_clocks_change():
    """AC-2: days begin at midnight of the zone also when the clocks change."""
    zone = ZoneInfo("Europe/Berlin")
    with timezone.override(zone):
        for month, day, hours in ((3, 29, 23), (10, 25, 25), (6, 1, 24)):
            with time_machine.travel(datetime(2026, month, day, 12, tzinfo=zone), tick=False):
                assert day_start(1).timestamp() - day_start().timestamp() == hours * 3600


@pytest.mark.parametrize(("due", "found"), [("overdue", "old"), ("today", "now"), ("tomorrow", "next")])
def test_ac_2_due_filter(cast, client_of, due, found):
    """AC-2: the list's filter knows the user's zone."""
    cast.alice.time_zone = "Pacific/Auckland"
    cast.alice.save()
    with timezone.override("Pacific/Auckland"):
        for subject, days in (("old", -1), ("now", 0), ("next", 1)):
            open_task(cast.alice, subject=f"Task {subject}", at=day_start(days) + timedelta(hours=1))
    text = client_of(cast.alice).get(f"/activities/?due={due}").content.decode()
    assert [name for name in ("old", "now", "next") if f"Task {name}" in text] == [found]


def test_reopening_brings_the_due_time_back(cast):
    """Completing says when it happened; taking that back says when it is due."""
    task = open_task(cast.alice)
    done = do.complete_activity(task, by=cast.alice)
    assert done.at < task.at
    assert do.reopen_activity(task, by=cast.alice).at == task.at


def test_snoozing_moves_the_reminder_and_only_what_is_open(cast):
    """A task put off until tomorrow reminds tomorrow."""
    task = open_task(cast.alice, remind_at=timezone.now())
    later = do.snooze_activity(task, task.at + timedelta(days=1), by=cast.alice)
    assert later.remind_at == task.remind_at + timedelta(days=1)
    do.complete_activity(task, by=cast.alice)
    with pytest.raises(Refused):
        do.snooze_activity(task, timezone.now(), by=cast.alice)


def test_only_who_may_change_completes(cast, client_of):
    """A stranger's click answers 404 and changes nothing."""
    task = open_task(cast.alice)
    assert client_of(cast.charlie).post(f"/activities/{task.pk}/complete/").status_code == 404
    task.refresh_from_db()
    assert task.status == "open"


def test_u25_one_click_from_home_and_list(cast, client_of):
    """U25: the buttons on home, the list and the timeline answer with an undo."""
    task, client = open_task(cast.alice, at=timezone.now()), client_of(cast.alice)
    assert f"/activities/{task.pk}/complete/" in client.get("/").content.decode()
    assert f'formaction="/activities/{task.pk}/complete/"' in client.get("/activities/").content.decode()
    answer = client.post(f"/activities/{task.pk}/complete/", headers=HTMX)
    assert f"/activities/{task.pk}/reopen/" in answer["HX-Trigger"]
    assert client.post(f"/activities/{task.pk}/reopen/").status_code == 302
    client.post(f"/activities/{task.pk}/snooze/", {"until": "tomorrow"})
    task.refresh_from_db()
    assert timezone.localdate(task.at) == timezone.localdate() + timedelta(days=1)


def test_u16_a_call_with_its_next_task_in_one_form(cast, client_of):
    """U16: one post logs the call and the task; the call is first on the timeline at once."""
    _customer, account, _contact = ac_1_party(cast)
    ActivityFactory(owner=cast.alice, account=account, subject="Older call")
    client, url = client_of(cast.alice), f"/accounts/{account.pk}/"
    sent = {"kind": "call", "body": "They want an offer", "follow_subject": "Send the offer", "once": uuid.uuid4()}
    answer = client.post(f"{url}log/", sent, headers=HTMX)
    assert answer.status_code == 200
    assert "timelineChanged" in answer["HX-Trigger"]
    text = client.get(f"{url}timeline/", headers=HTMX).content.decode()
    assert text.index("Send the offer") < text.index("They want an offer") < text.index("Older call")


def test_ac1_each_type_can_be_logged(cast, client_of):
    """AC-1: task, call, meeting, e-mail, note and SMS, whose direction is kept like that of a call."""
    _customer, account, _contact = ac_1_party(cast)
    client, kinds = client_of(cast.alice), {"task", "call", "meeting", "email", "note", "sms"}
    for kind in kinds:
        sent = {"kind": kind, "subject": f"A {kind}", "at": "2026-03-02T10:00", "direction": "in", "once": uuid.uuid4()}
        assert client.post(f"/accounts/{account.pk}/log/", sent).status_code == 302
    made = dict(Activity.objects.filter(account=account).values_list("kind", "direction"))
    assert made == dict.fromkeys(kinds, "") | dict.fromkeys(("call", "email", "sms"), "in")
    assert "SMS · Inbound" in client.get(f"/accounts/{account.pk}/timeline/?kind=sms", headers=HTMX).text


def test_u16_sending_twice_makes_one(cast, client_of):
    """The same form sent again, as by a double click without a script, changes nothing."""
    _customer, account, _contact = ac_1_party(cast)
    client, sent = client_of(cast.alice), {"kind": "note", "body": "Once", "once": uuid.uuid4()}
    for _time in range(2):
        assert client.post(f"/accounts/{account.pk}/log/", sent).status_code == 302
    assert Activity.objects.filter(body="Once").count() == 1


@pytest.mark.parametrize(
    "sent", [{"kind": "note"}, {"kind": "meeting", "subject": "x"}, {"kind": "event", "subject": "x"}]
)
def test_u16_a_bad_form_comes_back_with_what_was_typed(cast, client_of, sent):
    """A form that says nothing, a meeting without a time, and a kind that people do not log."""
    _customer, account, _contact = ac_1_party(cast)
    answer = client_of(cast.alice).post(f"/accounts/{account.pk}/log/", sent | {"place": "Room 5"}, headers=HTMX)
    assert answer.status_code == 422
    assert "Room 5" in answer.content.decode()
    assert not Activity.objects.exists()


def test_pm_3_who_sees_a_record_sees_its_activities_but_no_private_ones(cast, client_of):
    """PM-3: a colleague of Alice's sees her call on the account; her private note is hers alone."""
    account = AccountFactory(owner=cast.alice)
    shared = do.log_activity({"subject": "Open call", "account": account}, by=cast.alice)
    private = do.log_activity({"subject": "Secret note", "account": account, "is_private": True}, by=cast.alice)
    for user, sees in ((cast.alice, True), (cast.bob, False), (cast.rita, False), (cast.dora, False)):
        client = client_of(user)
        text = client.get(f"/accounts/{account.pk}/timeline/").content.decode()
        assert "Open call" in text
        assert ("Secret note" in text) == sees
        assert client.get(f"/activities/{shared.pk}/").status_code == 200
        assert client.get(f"/activities/{private.pk}/").status_code == (200 if sees else 404)
    stranger = client_of(cast.charlie)
    for path in (f"/accounts/{account.pk}/timeline/", f"/accounts/{account.pk}/log/", f"/activities/{shared.pk}/"):
        assert stranger.get(path).status_code == 404


def test_pm_3_taking_part_opens_a_meeting(cast, client_of):
    """Who takes part in a meeting reads it, and sees it on the home page."""
    at = timezone.now() + timedelta(minutes=1)
    meeting = do.log_activity(
        {"kind": "meeting", "subject": "Planning", "at": at, "participants": [cast.charlie]}, by=cast.alice
    )
    client = client_of(cast.charlie)
    assert client.get(f"/activities/{meeting.pk}/").status_code == 200
    assert "Planning" in client.get("/").content.decode()
    assert client.post(f"/activities/{meeting.pk}/cancel/").status_code == 404


def test_u17_filter_pin_and_pages(cast, client_of):
    """U17: a short first page, the next by a link, one kind alone, pinned ones first."""
    account = AccountFactory(owner=cast.alice)
    now = timezone.now()
    rows = [
        {"kind": "note", "subject": f"Note {n:03d}", "account": account, "at": now - timedelta(hours=n)}
        for n in range(60)
    ]
    made = do.log_activities(
        [*rows, {"kind": "call", "subject": "The call", "account": account, "at": now}], by=cast.alice
    )
    do.pin_activity(made[59], by=cast.alice)
    client, url = client_of(cast.alice), f"/accounts/{account.pk}/timeline/"
    text = client.get(url, headers=HTMX).content.decode()
    assert text.index("Note 059") < text.index("The call") < text.index("Note 000") < text.index("Note 008")
    assert "Note 009" not in text
    following = text.split('hx-get="')[-1].split('"')[0].replace("&amp;", "&")
    assert "Note 009" in (rest := client.get(following, headers=HTMX).content.decode())
    assert "Note 008" not in rest
    assert "Note 058" in rest
    assert "Note" not in client.get(f"{url}?kind=call", headers=HTMX).content.decode().split("<ol")[1]


def test_u17_the_number_of_statements_does_not_grow(cast, client_of):
    """U17: a timeline of twenty costs as many statements as one of a thousand."""
    counts = []
    for number in (20, 1000):
        account = AccountFactory(owner=cast.alice)
        ActivityFactory.create_batch(5, owner=cast.alice, account=account, status="open")
        Activity.objects.bulk_create(
            Activity(kind="note", subject=f"n{n}", account=account, owner=cast.alice, at=timezone.now())
            for n in range(number)
        )
        client = client_of(cast.alice)
        client.get(f"/accounts/{account.pk}/timeline/", headers=HTMX)
        with CaptureQueriesContext(
            connection,
        ) as seen:
            client.get(f"/accounts/{account.pk}/timeline/", headers=HTMX)
        counts.append(len(seen))
    assert counts[0] == counts[1] <= 12


def test_ac_4_seventy_thousand_items_are_read_along_the_index(cast):
    """AC-4: whole, one kind alone, from a cursor on, and what stands above: by an index, never by the table."""
    customer = CustomerFactory(owner=cast.alice)
    with connection.cursor() as sql:
        sql.execute("SET LOCAL session_replication_role = replica")
        with without_indexes(sql, "customers_activity"):
            sql.execute(
                "INSERT INTO customers_activity (kind, direction, status, subject, body, outcome, place, priority, repeats,"
                " at,"
                " is_private, is_pinned, owner_id, customer_id)"
                " SELECT (array['note','call','email'])[1 + n %% 3], '', 'done',"
                " 'Item ' || n, '', '', '', 2, '', now() - n * interval '1 minute', false, false, %s, c"
                " FROM generate_series(1, 70000) n, unnest(array[%s, NULL, NULL]::bigint[]) c",
                [cast.alice.pk, customer.pk],
            )
        sql.execute(
            "INSERT INTO customers_activitylink (activity_id, content_type_id, object_id, kind, at, on_top)"
            " SELECT id, %s, CASE WHEN id %% 2 = 0 THEN %s ELSE id END, kind, at, false"
            " FROM customers_activity WHERE customer_id IS NULL ORDER BY customers_activity.id LIMIT 20000",
            [ContentType.objects.get_for_model(customer).pk, customer.pk],
        )
        sql.execute("ANALYZE customers_activity, customers_activitylink")
    _top, page, after = timeline.read(customer, cast.alice)
    assert (len(page), page[0].subject) == (timeline.FIRST_PAGE, "Item 1")
    for call in (
        lambda: timeline.read(customer, cast.alice), lambda: timeline.read(customer, cast.alice, "call"),
        lambda: timeline.read(customer, cast.alice, "meeting"),
        lambda: timeline.read(customer, cast.alice, before=after),
    ):  # fmt: skip
        plan = plan_of(call)
        assert "activity_customer_ix" in plan
        assert "activity_link_order_ix" in plan
        assert "Seq Scan on customers_activity" not in plan
    assert "activity_customer_top_ix" in plan_of(lambda: timeline.read(customer, cast.alice))


def plan_of(call):
    """How the database carries out the one statement of a call."""
    with CaptureQueriesContext(connection) as seen:
        call()
    statement = next(query["sql"] for query in seen if "customers_activity" in query["sql"])
    with connection.cursor() as sql:
        sql.execute(f"EXPLAIN (ANALYZE, BUFFERS) {statement}".replace("%", "%%"))
        return "\n".join(row[0] for row in sql.fetchall())


def test_participants_are_kept_with_their_answers(cast):
    """Changing who takes part keeps the answers of those who stay."""
    contact = ContactFactory(owner=cast.alice)
    meeting = do.log_activity(
        {"kind": "meeting", "subject": "x", "participants": [contact, cast.bob, contact]}, by=cast.alice
    )
    assert meeting.participants.count() == 2
    Participant.objects.filter(user=cast.bob).update(answer="accepted")
    do.update_activity(meeting, {"participants": [cast.bob, cast.dora]}, by=cast.alice, version=1)
    assert {(p.user.first_name, p.answer) for p in meeting.participants.all()} == {("Bob", "accepted"), ("Dora", "")}
    do.answer_invitation(meeting.participants.get(user=cast.dora), "declined", by=None)
    told = [sentence for entry in entries(meeting, cast.charlie)[0] for sentence in entry["sentences"]]
    assert {f"{cast.bob} takes part.", f"{cast.bob} answered: Accepted.", f"{cast.dora} answered: Declined.",
            "Somebody not visible to you takes part no more."} < set(told)  # fmt: skip
    assert "Saved again." not in told


def test_forms_create_and_edit(cast, client_of):
    """The form makes an activity with participants and changes it."""
    client, contact = client_of(cast.alice), ContactFactory(owner=cast.alice)
    sent = {
        "kind": "meeting",
        "subject": "Demo",
        "at": "2026-12-01T10:00",
        "status": "open",
        "priority": 2,
        "guests": contact.pk,
    }
    sent["owner"] = cast.alice.pk
    assert client.post("/activities/new/", sent).status_code == 302
    made = Activity.objects.get()
    assert made.participants.get().contact == contact
    assert client.get(f"/activities/{made.pk}/edit/").status_code == 200
    sent |= {"subject": "Longer demo", "version": made.version, "guests": []}
    assert client.post(f"/activities/{made.pk}/edit/", sent).status_code == 302
    made.refresh_from_db()
    assert (made.subject, made.participants.count()) == ("Longer demo", 0)
