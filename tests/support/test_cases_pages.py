"""The pages of cases: the list by what is due, the forms, the verbs, the panels on other records, changes of many."""

from datetime import timedelta

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from crm_site.core import bulk
from crm_site.core.jobs import run_now, start_job
from crm_site.core.kinds import DEPENDENTS
from crm_site.core.models import User
from support.columns.case import due_of
from support.kinds.case import CASES
from support.models import NEVER, Case, Queue, QueueMember, Status
from support.operations.cases import add_watcher, create_case, create_cases, status_of, update_case
from support.operations.many_cases import after_assign
from support.operations.states import set_status, state_of
from tests.conftest import signed_in
from tests.factories import AccountFactory, CaseFactory, ContactFactory, CustomerFactory, ProductFactory, QueueFactory

pytestmark = pytest.mark.django_db


def again(case):
    """The case as it is now."""
    return Case.objects.unscoped("a test looks").get(pk=case.pk)


def texts(client, *addresses):
    """What the pages say."""
    answers = [client.get(address) for address in addresses]
    assert [answer.status_code for answer in answers] == [200] * len(answers)
    return [answer.content.decode() for answer in answers]


def test_u27_what_is_due_is_said_in_words_and_stands_first(cast):
    """U27: the remaining time in words and in a tone that is not the only sign; the most urgent first."""
    now = timezone.now()
    late = CaseFactory(subject="Late one", owner=cast.dora, due_at=now - timedelta(hours=3), due_metric="first")
    soon = CaseFactory(subject="Soon one", owner=cast.dora, due_at=now + timedelta(minutes=95), due_metric="next",
                       warn_at=now - timedelta(minutes=1))  # fmt: skip
    far = CaseFactory(due_at=now + timedelta(days=3, hours=2), due_metric="resolution")
    rest = CaseFactory(due_at=NEVER, due_metric="resolution", status=status_of("waiting"))
    assert due_of(late, now)[:2] == ("3\xa0hours late", "red")
    assert due_of(soon, now)[:2] == ("1\xa0hour, 35\xa0minutes left", "orange")
    assert due_of(far, now)[:2] == ("3\xa0days left", "green")
    assert due_of(rest, now)[:2] == ("Paused", "yellow")
    assert due_of(CaseFactory()) is None
    assert due_of(soon, now)[2].startswith("Next response: ")
    (page,) = texts(signed_in(cast.dora), CASES.base)
    assert page.index("Late one") < page.index("Soon one") < page.index(far.subject)
    assert "3\xa0hours late" in page


def test_the_views_that_everybody_has(cast):
    mine, free = CaseFactory(subject="Mine", owner=cast.dora), CaseFactory(subject="Nobody's")
    waits = CaseFactory(subject="Rests", status=status_of("waiting"))
    over = CaseFactory(
        subject="Ended", status=status_of("closed"), resolved_at=mine.created_at, closed_at=mine.created_at
    )
    soon = CaseFactory(subject="Ticks", owner=cast.rita, due_at=timezone.now(), due_metric="first")
    shown = {}
    for preset in CASES.presets:
        rows = signed_in(cast.dora).get(f"{CASES.base}?{preset.query}").context["rows"]
        shown[preset.name] = {row["label"] for row in rows}
    assert shown["mine"] == {str(mine)}
    assert shown["unassigned"] == {str(free)}
    assert shown["next"] == {str(soon)}
    assert shown["waiting"] == {str(waits)}
    assert str(over) not in set.union(*shown.values())


def test_a_case_is_made_with_a_subject_alone(cast):
    client, queue = signed_in(cast.dora), QueueFactory(is_active=False)
    form = client.get("/cases/new/", headers={"HX-Request": "true", "HX-Target": "modal-content"}).context["form"]
    assert [name for name, field in form.fields.items() if field.required] == ["subject", "priority", "channel"]
    whole = client.get("/cases/new/")
    assert queue not in whole.context["form"].fields["queue"].queryset
    assert whole.context["form"].initial["owner"] is None
    answer = client.post("/cases/new/", {"subject": "No light", "type": "problem", "priority": 2, "channel": "phone",
                                         "answered": "on", "once": str(whole.context["form"].initial["once"])})  # fmt: skip
    assert answer.status_code == 302, answer.context["form"].errors
    made = Case.objects.visible_to(cast.dora).get()
    assert (made.status.category, made.owner, made.queue.name, made.priority) == ("new", None, "Support", 2)
    assert client.get(f"/cases/{made.pk}/edit/").status_code == 200
    assert "answered" not in client.get(f"/cases/{made.pk}/edit/").context["form"].fields


def test_a_form_begins_with_whom_one_came_from(cast):
    business = CustomerFactory(owner=cast.alice)
    form = signed_in(cast.dora).get(f"/cases/new/?customer={business.pk}").context["form"]
    assert (int(form.initial["customer"]), form.initial["account"]) == (business.pk, business.account_id)


def test_open_cases_of_the_reporter_are_shown_while_one_is_typed(cast):
    ann = ContactFactory()
    case, _other = CaseFactory(contact=ann), CaseFactory()
    CaseFactory(contact=ann, status=status_of("resolved"), resolved_at=timezone.now())
    answer = signed_in(cast.dora).post("/cases/similar/", {"contact": ann.pk, "subject": "x"})
    assert [found["url"] for found in answer.context["found"]] == [CASES.record_url(case.pk)]
    answer = signed_in(cast.dora).post("/cases/similar/", {"contact": ann.pk, "itself": case.pk})
    assert answer.context["found"] == []
    assert signed_in(cast.dora).post("/cases/similar/", {"contact": "x"}).context["found"] == []


def test_what_is_done_on_the_page(cast):
    client, case = signed_in(cast.dora), create_case({"subject": "x"}, by=cast.rita)
    part = CaseFactory(parent=case)
    url = CASES.record_url(case.pk)
    (page,) = texts(client, url)
    assert f"{url}take/" in page
    client.post(f"{url}take/")
    client.post(f"{url}resolve/", {"resolution": "Light on."})
    assert (again(case).owner, again(case).category, again(case).resolution) == (cast.dora, "resolved", "Light on.")
    client.post(f"{url}reopen/")
    assert again(case).category == "open"
    assert "with_children" in client.get(f"{url}close/").context["form"].fields
    assert f"/cases/new/?parent={case.pk}" in client.get(f"{url}parts/").content.decode()
    assert client.get(f"/cases/new/?parent={case.pk}").context["form"]["parent"].value() == str(case.pk)
    dialog = {"HTTP_HX_REQUEST": "true", "HTTP_HX_TARGET": "modal-content"}
    address = client.get(f"/cases/new/?parent={case.pk}", **dialog).context["action_url"]
    client.post(address, {"subject": "Part", "priority": 3, "channel": "phone", "parent": case.pk}, **dialog)
    assert Case.objects.unscoped("test").get(subject="Part").parent == case
    client.post(f"{url}close/", {"reason": "Twice", "with_children": "on"})
    assert (again(case).close_reason, again(part).category) == ("Twice", "closed")
    other = CaseFactory()
    client.post(f"/cases/{other.pk}/spam/")
    assert again(other).is_spam


def test_the_customers_salesperson_leaves_a_note(cast):
    """A rep sees cases and works on none; what they know still belongs there. An auditor only reads."""
    case = CaseFactory(owner=cast.dora)
    url = CASES.record_url(case.pk)
    (page,) = texts(signed_in(cast.alice), url)
    assert f"{url}note/" in page
    assert signed_in(cast.alice).post(f"{url}note/", {"body": "They will buy more."}).status_code == 302
    assert again(case).messages.get(kind="note").user == cast.alice
    assert cast.dora.notifications.count() == 1
    assert signed_in(cast.audrey).get(f"{url}note/").status_code == 404


def test_followers_on_the_page(cast):
    case, ann = CaseFactory(), ContactFactory(email="ann@x.test")
    url, client = CASES.record_url(case.pk), signed_in(cast.dora)
    client.post(f"{url}follow/")
    client.post(f"{url}followers/new/", {"contact": ann.pk})
    assert client.post(f"{url}followers/new/", {"contact": ann.pk, "email": "x@y.test"}).status_code == 200
    (page,) = texts(client, f"{url}followers/")
    assert str(ann) in page
    assert "Follow no longer" in page
    client.post(f"{url}followers/{case.watchers.get(contact=ann).pk}/remove/")
    client.post(f"{url}follow/")
    assert not case.watchers.exists()
    watcher = add_watcher(CaseFactory(), by=cast.rita, email="x@y.test")
    assert client.post(f"{url}followers/{watcher.pk}/remove/").status_code == 404


def test_cu4_open_cases_of_a_whole_tree_stand_on_the_account(cast):
    """CU-4: the roll-up of open cases over the subtree, and the list behind it says the same number."""
    top = AccountFactory(owner=cast.alice)
    low = AccountFactory(parent=AccountFactory(parent=top, owner=cast.alice), owner=cast.alice)
    CaseFactory(account=top)
    CaseFactory.create_batch(2, account=low)
    CaseFactory(account=low, status=status_of("resolved"), resolved_at=timezone.now())
    client = signed_in(cast.dora)
    answer = client.get(f"/accounts/{top.pk}/cases/", headers={"HX-Request": "true"})
    assert (answer.context["open"], answer.context["below"]) == (1, 3)
    assert client.get(answer.context["below_url"]).context["count_text"].startswith("3")


def test_open_cases_stand_first_on_other_records(cast):
    product = ProductFactory(owner=cast.alice)
    ended = CaseFactory.create_batch(9, product=product, status=status_of("resolved"), resolved_at=timezone.now())
    later, soon = (CaseFactory(product=product, due_at=timezone.now() + timedelta(hours=n)) for n in (9, 2))
    client = signed_in(cast.rita)
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(f"/products/{product.pk}/cases/", headers={"HX-Request": "true"})
    rows = [case.pk for case in answer.context["rows"]]
    assert rows[:3] == [soon.pk, later.pk, ended[-1].pk]
    assert len(rows) == 8
    assert len(queries) < 15, [q["sql"][:200] for q in queries]


def test_cu5_deleting_a_contact_asks_about_its_open_cases(cast):
    """CU-5: the preview names them and needs a choice."""
    contact = ContactFactory(owner=cast.alice)
    case = CaseFactory(contact=contact)
    client = signed_in(cast.rita)
    (page,) = texts(client, f"/contacts/{contact.pk}/delete/")
    assert "Open cases" in page
    assert client.post(f"/contacts/{contact.pk}/delete/", {}).status_code == 200
    choices = {
        d.name: d.choices[0][0] for d in DEPENDENTS["customers.contact"] if d.choices and d.count(contact, cast.rita)
    }
    assert client.post(f"/contacts/{contact.pk}/delete/", choices | {"cases": "close"}).status_code == 302
    assert again(case).category == "closed"


def changed(name, cases, user, **values):
    """How many a change of many changed, and how many statements it took."""
    rows = Case.objects.unscoped("a test").filter(pk__in=[case.pk for case in cases])
    job = start_job("bulk", "support.case", user, {"action": name, "values": values})
    with CaptureQueriesContext(connection) as queries:
        done = bulk.CHANGES[name].do(job, CASES, rows)
    return done, len([q for q in queries if not q["sql"].startswith(("SAVEPOINT", "RELEASE"))])


@pytest.mark.parametrize(
    ("name", "values", "most"),
    [("set_priority", {"priority": 1}, 15), ("set_queue", {"queue_id": None}, 20), ("after_assign", {}, 8)],
)
def test_many_cases_change_by_the_same_statements(cast, name, values, most):
    """Twenty-five and sixty rows cost the same, in a process that knows its content types."""
    ContentType.objects.get_for_models(Case, User)
    counts = []
    for number in (25, 60):
        cases = CaseFactory.create_batch(number, queue=QueueFactory(team=cast.service), changed_by=cast.rita)
        if "queue_id" in values:
            values = {"queue_id": QueueFactory(team=cast.service).pk}
        if name == "after_assign":
            Case.objects.unscoped("a test").filter(pk__in=[c.pk for c in cases]).update(
                owner=cast.dora, team=cast.north
            )
            with CaptureQueriesContext(connection) as queries:
                after_assign([case.pk for case in cases])
            counts.append(len(queries))
            assert {again(case).team for case in cases} == {cast.service}
            continue
        done, count = changed(name, cases, cast.rita, **values)
        assert done == number
        counts.append(count)
        field, wanted = next(iter(values.items()))
        assert {getattr(again(case), field) for case in cases} == {wanted}
    assert counts[0] == counts[1] <= most, counts


def test_many_cases_get_a_status_with_all_that_follows(cast):
    """Dates, ends, counts and events as one by one; cases without clocks cost no statement of their own."""
    queues = [QueueFactory(close_days=3), QueueFactory(close_days=0)]
    counts = []
    for number in (24, 60):
        cases = [CaseFactory(queue=queues[n % 2]) for n in range(number)]
        counts.append(changed("set_status", cases, cast.rita, status_id=status_of("resolved").pk)[1])
    assert counts[0] == counts[1] <= 12, counts
    first, second = again(cases[0]), again(cases[1])
    assert first.closes_at - first.resolved_at == timedelta(days=3)
    assert (second.closes_at, second.first_resolved_at) == (None, second.resolved_at)
    assert first.messages.filter(kind="event", body="Status: New → Resolved").exists()
    changed("set_status", cases[:2], cast.rita, status_id=status_of("closed").pk)
    assert again(cases[0]).resolved_at == first.resolved_at
    changed("set_status", cases[:2], cast.rita, status_id=status_of("open").pk)
    opened = again(cases[0])
    assert (opened.reopened, opened.resolved_at, opened.closed_at, opened.category) == (1, None, None, "open")


def test_many_made_spam_at_once(cast):
    cases = create_cases([{"subject": f"Buy {n}"} for n in range(3)], by=None)
    assert changed("mark_spam", cases, cast.dora)[0] == 3
    assert {(c.is_spam, c.category, c.due_at) for c in map(again, cases)} == {(True, "closed", NEVER)}


@pytest.mark.parametrize("name", ["set_status", "set_priority", "set_queue", "mark_spam"])
def test_pl3_a_change_of_many_cases_is_taken_back(cast, name):
    """PL-3: each has again what it had, with its clocks running; one that somebody changed since stays."""
    queue = QueueFactory(mode=Queue.ROUND_ROBIN)
    QueueMember.objects.create(queue=queue, user=cast.dora)
    values = {"set_status": {"status_id": status_of("resolved").pk}, "set_priority": {"priority": 1}}
    values["set_queue"] = {"queue_id": queue.pk}
    rows = [{"subject": f"Boat {n}", "priority": 3 + n % 2} for n in range(3)]
    cases = create_cases(rows, by=cast.rita)
    set_status(cases[1], status_of("waiting"), by=cast.rita)
    before = [state(again(case)) for case in cases]
    options = {"action": name, "ids": [case.pk for case in cases], "values": values.get(name, {})}
    job = run_now(bulk.start_bulk_change(CASES, options, by=cast.rita), seconds=60)
    assert job.counts["changed"] == 3
    assert all(state(again(case)) != told for case, told in zip(cases, before, strict=True))
    update_case(again(cases[2]), {"subject": "Mine now"}, by=cast.dora)
    kept = state(again(cases[2]))
    assert run_now(bulk.undo_bulk_change(job, by=cast.rita), seconds=60).counts["changed"] == 2
    assert [state(again(case)) for case in cases] == [*before[:2], kept]


def state(case):
    """What a change of many may change, and how many clocks run and stand still."""
    live = (
        case.clocks.filter(stopped_at__isnull=True).order_by("metric").values_list("metric", "state", "target_seconds")
    )
    return {**state_of(case), "of": (case.priority, case.queue_id, case.team_id, case.owner_id), "clocks": list(live)}


def test_a_change_of_many_from_the_list(cast):
    cases = CaseFactory.create_batch(3)
    client = signed_in(cast.dora)
    page = client.post("/cases/bulk/", {"action": "set_status", "row": [case.pk for case in cases]})
    form = page.context["form"]
    data = {name: value for name, value in form.initial.items() if value}
    answer = client.post("/cases/bulk/", data | {
        "action": "set_status", "row": [c.pk for c in cases], "status": status_of("waiting").pk, "go": "1",
        "once": form["once"].value(), "confirm": "1",
    })  # fmt: skip
    assert answer.status_code == 302
    assert {again(case).category for case in cases} == {Status.WAITING}
