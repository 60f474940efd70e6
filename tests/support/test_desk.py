"""The agents' desk: one conversation in few statements, what is internal stays inside, and nobody writes past another."""

import re
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from crm_site.core.attachments import attachments_of
from crm_site.core.operations import Refused
from support import canned, desk
from support.models import (
    CannedReply,
    Case,
    Draft,
    DraftFile,
    Macro,
    Message,
    MessageFile,
    OutgoingMail,
    Presence,
    Queue,
    Status,
)
from support.operations.cases import create_cases, status_of, update_case
from support.operations.desk import answer_case, keep_draft, note_presence
from support.operations.macros import run_macro
from support.operations.messages import post_reply, receive_message
from tests.cast import grant
from tests.conftest import signed_in
from tests.factories import (
    AccountFactory,
    CaseFactory,
    ContactFactory,
    CustomerFactory,
    OpportunityFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true", "HX-Boosted": "true", "HX-Target": "conversation"}


@pytest.fixture
def case(cast):
    """A case of Ann of Boats, which Dora has."""
    account = AccountFactory(name="Boats", owner=cast.alice)
    CustomerFactory(account=account, name="Boats", tier="gold", owner=cast.alice)
    contact = ContactFactory(
        email="ann@x.test", first_name="Ann", last_name="Albers", account=account, owner=cast.alice
    )
    first = {"body": "It does not start.", "author_name": "Ann Albers", "author_email": "ann@x.test"}
    row = {"subject": "Broken boat", "contact": contact, "channel": "email", "first": first, "owner": cast.dora}
    return create_cases([row], by=cast.dora)[0]


def taken(client, url, **headers):
    """(statements without savepoints, the answer)."""
    client.get(url, headers=headers)
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(url, headers=headers)
    return len([q for q in queries if "SAVEPOINT" not in q["sql"]]), answer


def test_a_page_costs_the_same_however_long_the_case_is(cast, case):
    """PERFORMANCE 17 and the case page: constant statements, the newest thirty messages, older ones by a button."""
    client, url = signed_in(cast.dora), f"/cases/{case.pk}/?view=all"
    few, _answer = taken(client, url)
    now = timezone.now()
    Message.objects.bulk_create(
        Message(case=case, kind="public", direction="in", channel="email", body=f"Message {n:03d}", at=now + timedelta(n))
        for n in range(300)
    )  # fmt: skip
    CaseFactory.create_batch(40, queue=case.queue)
    many, answer = taken(client, url)
    assert many == few <= 20
    text = answer.content.decode()
    ids = re.findall(r'\bid="([^"]+)"', text)
    assert len(ids) == len(set(ids)), "each panel stands there once"
    assert "Message 299" in text
    assert "Message 270" in text
    assert "Message 269" not in text
    first = answer.context["thread"]["messages"][0].pk
    older, answer = taken(client, f"/cases/{case.pk}/thread/?before={first}", **{"HX-Request": "true"})
    text = answer.content.decode()
    assert "Message 269" in text
    assert "Message 270" not in text
    assert older <= 10


def test_the_side_bar_says_where_one_is(cast, case):
    """A case beside a view's list is a page of the desk; by itself it is one of the cases."""
    client, here = signed_in(cast.dora), r'<a href="([^"?]+)[^"]*" aria-current="page">'
    for query, place in (("", "/cases/"), ("?view=all", "/desk/")):
        assert re.findall(here, client.get(f"/cases/{case.pk}/{query}").content.decode())[0] == place


def test_polling_is_cheap(cast, case):
    """The list's refresh and the presence take at most five statements."""
    client = signed_in(cast.dora)
    CaseFactory.create_batch(30, queue=case.queue, owner=cast.dora)
    for view in desk.VIEWS:
        assert taken(client, f"/desk/list/?view={view}", **{"HX-Request": "true"})[0] <= 5, view
    client.post(f"/cases/{case.pk}/here/", {"typing": "1"})
    with CaptureQueriesContext(connection) as queries:
        client.post(f"/cases/{case.pk}/here/", {"typing": "1"})
    # What history wants to know of a change is put before each statement of it, before a savepoint as well.
    work = [q["sql"] for q in queries if "SAVEPOINT" not in q["sql"]]
    assert len(work) <= 5, "; ".join(sql[:90] for sql in work)


def test_views_hold_what_they_say(cast, case):
    """U27: what falls due first stands first; each view holds its cases and no other."""
    now = timezone.now()
    soon = CaseFactory(queue=case.queue, due_at=now + timedelta(hours=1))
    waiting = CaseFactory(queue=case.queue, owner=cast.alice, status=status_of(Status.WAITING))
    other = CaseFactory(queue=Queue.objects.create(name="Billing"), due_at=now - timedelta(hours=1))
    CaseFactory(queue=case.queue, status=status_of(Status.CLOSED), closed_at=now, resolved_at=now)
    Case.objects.unscoped("set up").filter(pk=case.pk).update(due_at=now + timedelta(hours=2))
    queues = list(Queue.objects.values_list("pk", flat=True))

    def ids(view, queue=None):
        return [row.pk for row in desk.cases_in(cast.dora, view, queue, queues)]

    assert ids("mine") == [case.pk]
    assert ids("unassigned") == [other.pk, soon.pk]
    assert ids("unassigned", case.queue_id) == [soon.pk]
    assert ids("breaching") == [other.pk, soon.pk, case.pk]
    assert ids("waiting") == [waiting.pk]
    assert ids("all") == [other.pk, soon.pk, case.pk, waiting.pk]
    assert [row.pk for row in desk.cases_in(grant(cast.nora, Case, view="own"), "all", None, queues)] == []
    text = signed_in(cast.dora).get("/desk/?view=all").content.decode()
    assert "1\xa0hour late" in text
    assert "Paused" in text


def test_cs4_a_note_stays_inside(cast, case):
    """CS-4: a note looks different, makes no mail, and changes nothing that the customer sees."""
    client = signed_in(cast.dora)
    answer = client.post(
        f"/cases/{case.pk}/answer/", {"kind": "note", "body": "The customer is wrong.", "to": "ann@x.test"}
    )
    assert answer.status_code == 302
    note = case.messages.get(kind=Message.NOTE)
    assert (note.to, note.cc, note.direction) == ([], [], "")
    assert not OutgoingMail.objects.exists()
    text = client.get(f"/cases/{case.pk}/").content.decode()
    assert "msg msg-note" in text
    assert "Internal note" in text
    post_reply(case, "We look into it.", by=cast.dora)
    assert "The customer is wrong." not in "".join(OutgoingMail.objects.values_list("body", flat=True))
    portal = signed_in(cast.paula).get(f"/cases/{case.pk}/", follow=True)
    assert "The customer is wrong." not in portal.content.decode()
    assert portal.request["PATH_INFO"] != f"/cases/{case.pk}/"


def test_cs4_what_is_no_choice_is_no_public_reply(cast, case):
    """CS-4: a form without the choice of who reads it posts nothing at all."""
    answer = signed_in(cast.dora).post(f"/cases/{case.pk}/answer/", {"body": "To whom?"})
    assert answer.status_code == 422
    assert case.messages.count() == 1


def test_cs5_a_newer_message_warns_first(cast, case):
    """CS-5: a reply written before the customer wrote again is kept, shown with the new message, and sent knowingly."""
    client = signed_in(cast.dora)
    seen = client.get(f"/cases/{case.pk}/").context["thread"]["newest"]
    receive_message(case, contact=case.contact, name="Ann Albers", body="Wait, it starts again.", channel="email")
    data = {"kind": "public", "body": "Send it to us.", "seen": seen}
    answer = client.post(f"/cases/{case.pk}/answer/", data, headers=HTMX)
    text = answer.content.decode()
    assert answer.status_code == 422
    assert "Ann Albers wrote meanwhile" in text
    assert "Wait, it starts again." in text
    assert "Send it to us.</textarea>" in text
    again = client.post(f"/cases/{case.pk}/answer/", data | {"seen": answer.context["thread"]["newest"]})
    assert again.status_code == 302
    assert case.messages.filter(direction="out", body="Send it to us.").count() == 1


def test_cs5_a_save_over_a_changed_field_shows_both(cast, case):
    """CS-5: who saves over another's change reads both values, and nothing is lost."""
    client, shown = signed_in(cast.dora), Case.objects.unscoped("set up").get(pk=case.pk).version
    update_case(case, {"priority": Case.URGENT}, by=cast.rita)
    answer = client.post(f"/cases/{case.pk}/set/", {"priority": "4", "version": shown}, follow=True)
    told = [str(message) for message in answer.context["messages"]]
    assert told == [
        "Rita Tester changed this case meanwhile: Priority is now Urgent, you chose Low. Nothing was saved; choose again."
    ]
    case.refresh_from_db()
    assert case.priority == Case.URGENT
    client.post(f"/cases/{case.pk}/set/", {"priority": "4", "version": case.version})
    case.refresh_from_db()
    assert case.priority == Case.LOW


def test_u29_presence_says_who_looks_and_who_writes(cast, case):
    """U29: looking is not writing; what is older than half a minute is gone, and leaving ends it at once."""
    here = signed_in(cast.dora)
    note_presence(case, by=cast.rita)
    assert here.post(f"/cases/{case.pk}/here/").json()["others"] == [{"name": "Rita Tester", "typing": False}]
    note_presence(case, by=cast.rita, typing=True)
    assert here.post(f"/cases/{case.pk}/here/").json()["others"] == [{"name": "Rita Tester", "typing": True}]
    Presence.objects.filter(user=cast.rita).update(seen_at=timezone.now() - timedelta(seconds=31))
    assert here.post(f"/cases/{case.pk}/here/").json()["others"] == []
    assert "left" in here.post(f"/cases/{case.pk}/here/").json()["due"]
    here.post(f"/cases/{case.pk}/here/", {"gone": "1"})
    assert not Presence.objects.filter(user=cast.dora).exists()


def test_u27_what_is_promised_comes_anew_beside_an_open_case(cast, case):
    """U27: the clocks and the badge of the head, as they are now and not as they were when the page was opened."""
    url = f"/cases/{case.pk}/promised/"
    assert re.search(r"id=\"case-due\"[^>]*><span [^>]*>.*left</span>", signed_in(cast.dora).get(url).content.decode())
    update_case(case, {"status": status_of(Status.RESOLVED)}, by=cast.rita)
    text = signed_in(cast.dora).get(url).content.decode()
    assert "Kept" in text
    assert '<span id="case-due" hx-swap-oob="true"></span>' in text
    assert signed_in(cast.dora).post(f"/cases/{case.pk}/here/").json()["due"] == ""


def test_u30_a_draft_is_the_writers_own_and_goes_when_sent(cast, case):
    """U30: the draft comes back with what it was meant as; another's is not shown; sending drops it."""
    client = signed_in(cast.dora)
    client.post(f"/cases/{case.pk}/here/", {"body": "Begun ", "kind": "note"})
    said = [client.post(f"/cases/{case.pk}/here/", {"body": "Begun ", "kind": "note", "was": was}).json()["elsewhere"]
            for was in ("", "Other")]  # fmt: skip
    assert said == [False, False]  # the same text from two windows takes nothing away
    for was, told in (("Begun ", False), ("Begun ", True)):
        text = {"body": f"Begun {told}", "kind": "note", "was": was}
        assert client.post(f"/cases/{case.pk}/here/", text).json()["elsewhere"] is told
    client.post(f"/cases/{case.pk}/here/", {"body": "Begun ", "kind": "note"})
    answer = client.get(f"/cases/{case.pk}/")
    assert answer.context["composer"]["body"] == "Begun "
    assert answer.context["composer"]["kind"] == "note"
    assert "Begun" not in signed_in(cast.rita).get(f"/cases/{case.pk}/").content.decode()
    client.post(f"/cases/{case.pk}/answer/", {"kind": "public", "body": "Done"})
    assert not Draft.objects.exists()
    keep_draft(case, "x", by=cast.dora)
    keep_draft(case, " ", by=cast.dora)
    assert not Draft.objects.exists()


def test_u30_a_draft_keeps_its_files(cast, case, settings, tmp_path):
    """U30, U36: files wait with the draft, are its writer's own, go with the reply, and leave nothing behind."""
    settings.MEDIA_ROOT = tmp_path
    client, url = signed_in(cast.dora), f"/cases/{case.pk}/draft-files/"
    for name in ("plan.txt", "wrong.txt"):
        assert client.post(url, {"files": [SimpleUploadedFile(name, name.encode())]}).status_code == 200
    wrong = DraftFile.objects.get(name="wrong.txt")
    other = signed_in(cast.rita)
    other.post(url, {"out": wrong.pk})
    assert "plan.txt" not in other.get(f"/cases/{case.pk}/").content.decode()
    client.post(url, {"out": wrong.pk})
    assert client.post(url, {"files": [SimpleUploadedFile("empty.txt", b"")]}).status_code == 422
    keep_draft(case, "", by=cast.dora)
    text = client.get(f"/cases/{case.pk}/").content.decode()
    assert "plan.txt" in text
    assert "wrong.txt" not in text
    client.post(f"/cases/{case.pk}/answer/", {"kind": "public", "body": "See the plan"})
    sent = MessageFile.objects.get(message__body="See the plan").attachment
    assert (sent.name, sent.file.read()) == ("plan.txt", b"plan.txt")
    assert not Draft.objects.exists()
    for kind in ("public", "note"):
        words = {"kind": kind, "body": " "}
        refused = client.post(f"/cases/{case.pk}/answer/", words)
        assert "Write something or choose a file." in refused.content.decode()
        assert refused["HX-Push-Url"] == "false"  # so that a reload finds the case again
        client.post(f"/cases/{case.pk}/answer/", words | {"files": [SimpleUploadedFile(f"{kind}.txt", b"x")]})
        assert MessageFile.objects.get(attachment__name=f"{kind}.txt").message.kind == kind


def test_u31_canned_replies_are_filled_and_say_what_is_missing(cast, case):
    """U31: placeholders are filled, missing ones stay and are named, and none goes out to a customer."""
    text = "Dear {contact.first_name}, about {case.number} and {product.name}: {nonsense}. {agent.name}"
    made, missing = canned.fill(text, case, cast.dora)
    assert made == f"Dear Ann, about {case.number} and {{product.name}}: {{nonsense}}. Dora Tester"
    assert missing == ["product.name"]
    mine = CannedReply.objects.create(name="Which", shortcut="which", body=text)
    CannedReply.objects.create(name="Not ours", shortcut="theirs", body="x", team=cast.north)
    client = signed_in(cast.dora)
    items = client.get(f"/cases/{case.pk}/canned/").json()["items"]
    assert [(item["shortcut"], item["missing"]) for item in items] == [("which", ["product.name"])]
    assert "Dear Ann" in client.get(f"/cases/{case.pk}/?canned={mine.pk}").context["composer"]["body"]
    answer = client.post(f"/cases/{case.pk}/answer/", {"kind": "public", "body": made})
    assert answer.status_code == 422
    assert "Fill in first: {product.name}" in answer.content.decode()
    assert not OutgoingMail.objects.exists()


def test_u32_a_macro_is_all_or_nothing(cast, case):
    """U32: one click sets fields, replies and ends; where a part cannot be done, nothing was."""
    billing = Queue.objects.create(name="Billing")
    macro = Macro.objects.create(name="Solved", actions=[
        {"do": "status", "value": "resolved"}, {"do": "queue", "value": billing.pk}, {"do": "priority", "value": 4},
        {"do": "owner", "value": "me"}, {"do": "add_tags", "value": ["quick"]}, {"do": "note", "value": "By macro."},
        {"do": "reply", "value": "Dear {contact.first_name}, it works."},
    ])  # fmt: skip
    signed_in(cast.dora).post(f"/cases/{case.pk}/macro/", {"macro": macro.pk})
    case.refresh_from_db()
    assert (case.category, case.queue, case.priority, case.owner, case.tags) == (
        "resolved", billing, 4, cast.dora, ["quick"])  # fmt: skip
    assert OutgoingMail.objects.get().body == "Dear Ann, it works."
    assert case.messages.filter(kind="note", body="By macro.").exists()
    bad = Macro.objects.create(name="Bad", actions=[{"do": "note", "value": "x"}, {"do": "queue", "value": 10**9}])
    with pytest.raises(Refused):
        run_macro(case, bad, by=cast.dora)
    assert not case.messages.filter(body="x").exists()
    foreign = Macro.objects.create(name="Theirs", actions=[], team=cast.north)
    assert signed_in(cast.dora).post(f"/cases/{case.pk}/macro/", {"macro": foreign.pk}).status_code == 404


def test_u32_a_macro_runs_on_a_selection(cast, case):
    """U32: also on many cases, each by itself; one that is left says why."""
    nameless = CaseFactory(queue=case.queue, owner=cast.dora)
    macro = Macro.objects.create(name="Thanks", actions=[{"do": "reply", "value": "Dear {contact.first_name}"}])
    client, ids = signed_in(cast.dora), [case.pk, nameless.pk]
    question = client.post("/cases/bulk/", {"action": "macro", "row": ids})
    once = question.context["form"].initial["once"]
    client.post("/cases/bulk/", {"action": "macro", "row": ids, "once": once, "macro": macro.pk}, follow=True)
    assert case.messages.filter(body="Dear Ann").count() == 1
    assert not nameless.messages.exists()


def test_u33_one_action_and_the_next_case(cast, case):
    """U33: sent, resolved and on to the next case of the view; the last one leads back to the list."""
    second = CaseFactory(queue=case.queue, owner=cast.dora)
    data = {"kind": "public", "body": "Done.", "status": status_of(Status.RESOLVED).pk, "view": "mine", "next": "1"}
    client = signed_in(cast.dora)
    answer = client.post(f"/cases/{case.pk}/answer/", data)
    assert answer.url == f"/cases/{second.pk}/?view=mine"
    case.refresh_from_db()
    assert case.category == "resolved"
    answer = client.post(f"/cases/{second.pk}/answer/", data)
    assert answer.url == "/desk/?view=mine"


def test_u34_the_panel_knows_the_customer(cast, case):
    """U34: customer, tier, ways, last cases, open deals, promise and entitlement stand there without a click."""
    deal = OpportunityFactory(name="Big boat", account=case.account, customer=case.customer, owner=cast.alice)
    old = CaseFactory(subject="Old trouble", contact=case.contact, account=case.account, customer=case.customer)
    text = signed_in(cast.dora).get(f"/cases/{case.pk}/").content.decode()
    assert all(word in text for word in ("Ann Albers", "Boats", "Gold", deal.name, old.subject, "First response"))
    blind = grant(UserFactory(), Case, view="all")
    text = signed_in(blind).get(f"/cases/{case.pk}/").content.decode()
    assert deal.name not in text
    assert f"/contacts/{case.contact_id}/" not in text
    assert "data-composer" not in text


def test_u36_a_reply_is_taken_back_and_a_failure_is_seen(cast, case):
    """U36, EM-6: within ten seconds the reply comes back as a draft; what could not be delivered stands in red."""
    client = signed_in(cast.dora)
    picture = SimpleUploadedFile("shot.png", b"\x89PNG", "image/png")
    client.post(
        f"/cases/{case.pk}/answer/", {"kind": "public", "body": "Too fast", "files": [picture], "cc": "bo@x.test"}
    )
    message = case.messages.get(direction="out")
    mail = OutgoingMail.objects.get()
    assert mail.cc == ["bo@x.test"]
    assert timedelta(0) < mail.due - timezone.now() <= timedelta(seconds=10)
    text = client.get(f"/cases/{case.pk}/").content.decode()
    assert "Goes to ann@x.test" in text
    assert "shot.png" in text
    client.post(f"/cases/{case.pk}/undo/?message={message.pk}&view=mine")
    assert not OutgoingMail.objects.exists()
    draft = Draft.objects.get(user=cast.dora)
    assert (draft.body, [(row.name, row.file.read()) for row in draft.files.all()]) == (
        "Too fast", [("shot.png", b"\x89PNG")],
    )  # fmt: skip
    assert not attachments_of(case)
    reply = post_reply(case, "Once more", by=cast.dora)
    OutgoingMail.objects.filter(message=reply).update(due=None, error="550 unknown")
    assert "Not delivered to ann@x.test: 550 unknown" in client.get(f"/cases/{case.pk}/").content.decode()


def test_em3_markup_of_mails_cannot_act(cast, case):
    """EM-3: HTML is shown cleaned, remote pictures are not fetched, quoted history is folded."""
    html = '<p onclick="x()">Hi <b>you</b><img src="https://spy.test/x.gif"><script>evil()</script></p>'
    receive_message(case, contact=case.contact, body="Hi", html=html, quoted="> before", channel="email")
    text = signed_in(cast.dora).get(f"/cases/{case.pk}/").content.decode()
    assert "<b>you</b>" in text
    assert not any(word in text for word in ("spy.test", "evil()", "onclick"))
    assert '<details class="msg-quoted">' in text


def test_taking_the_next_case_goes_by_the_agents_queues(cast, case):
    """CS-3: the next case is that of the list's queue, else of the agent's own queues; a second agent gets another."""
    billing = Queue.objects.create(name="Billing")
    first, second = CaseFactory(queue=case.queue), CaseFactory(queue=billing)
    soon = CaseFactory(queue=billing, due_at=timezone.now(), due_metric="first", owner=cast.rita)
    client = signed_in(cast.dora)
    answer = client.post("/desk/next/", {"view": "unassigned", "queue_shown": billing.pk})
    assert answer.url == f"/cases/{second.pk}/?view=unassigned&queue={billing.pk}"
    Case.objects.unscoped("test").filter(pk=soon.pk).update(owner=None)
    for each in (soon, first):
        assert client.post("/desk/next/").url == f"/cases/{each.pk}/?view=mine"
    assert client.post("/desk/next/").url == "/desk/?view=mine"
    CaseFactory(queue=billing)
    nowhere = client.post("/desk/next/", {"view": "unassigned", "queue_shown": 999_999})
    assert nowhere.url.startswith("/desk/?view=unassigned")
    assert signed_in(cast.alice).post("/desk/next/").status_code == 404


def test_who_only_looks_does_not_write(cast, case):
    """A rep reads the conversation; every verb of the desk is closed to her."""
    client = signed_in(cast.alice)
    assert client.get(f"/cases/{case.pk}/").status_code == 200
    assert client.get("/desk/?view=all").status_code == 404
    for verb in ("answer", "set", "here", "undo", "macro"):
        assert client.post(f"/cases/{case.pk}/{verb}/", {"kind": "note", "body": "x"}).status_code == 404, verb


def test_answering_with_addresses(cast, case):
    """Recipients are checked; more than one after To get a copy."""
    client = signed_in(cast.dora)
    bad = client.post(f"/cases/{case.pk}/answer/", {"kind": "public", "body": "x", "to": "nobody"})
    assert bad.status_code == 422
    values = {"kind": "public", "body": "x", "to": ["bo@x.test", "cy@x.test"], "cc": []}
    message = answer_case(case, values, by=cast.dora)
    assert (message.to, message.cc) == (["bo@x.test"], ["cy@x.test"])


def test_a_note_tells_whom_it_names(cast, case):
    """A colleague named by @ is told; the mark has to stand before a word."""
    values = {"kind": "note", "body": "@rita please look. Mail x@alice.test."}
    message = answer_case(case, values, by=cast.dora)
    assert message.mentions == [cast.rita.pk]


def test_a_note_may_set_the_status(cast, case):
    """A note with a status is one action as well."""
    waiting = status_of(Status.WAITING)
    answer_case(case, {"kind": "note", "body": "Asked the factory."}, by=cast.dora, status=waiting)
    case.refresh_from_db()
    assert case.status == waiting


def test_u32_a_macro_is_put_together_from_lists(cast, case):
    """U32: an administrator chooses each action and what it acts on; what makes no sense is said at its line."""
    client, billing = signed_in(cast.rita), Queue.objects.create(name="Billing")
    solved = status_of(Status.RESOLVED)
    data = {"name": "Solved", "order": 1, "is_active": "on", "do_0": "reply", "text_0": "Dear {contact.first_name}",
            "do_1": "queue", "on_1": f"queue:{billing.pk}", "do_2": "owner", "on_2": "user:me", "do_3": "add_tags",
            "text_3": "quick, easy", "do_4": "status", "on_4": f"status:{solved.pk}", "do_5": "owner",
            "on_5": f"user:{cast.dora.pk}"}  # fmt: skip
    for wrong in ({"on_1": f"status:{solved.pk}"}, {"on_1": f"queue:{10**9}"}, {"text_0": ""}, {"do_0": ""},
                  {"text_0": "{contact.shoe_size}"}, {"on_4": ""}):  # fmt: skip
        assert client.post("/admin/support/macro/add/", data | wrong).context["adminform"].form.errors
    assert client.post("/admin/support/macro/add/", data).status_code == 302
    macro = Macro.objects.get()
    assert macro.actions == [
        {"do": "reply", "value": "Dear {contact.first_name}"}, {"do": "queue", "value": billing.pk},
        {"do": "owner", "value": "me"}, {"do": "add_tags", "value": ["quick", "easy"]},
        {"do": "status", "value": solved.pk}, {"do": "owner", "value": cast.dora.pk},
    ]  # fmt: skip
    run_macro(case, macro, by=cast.dora)
    case.refresh_from_db()
    assert (case.queue, case.owner, case.tags, case.status) == (billing, cast.dora, ["quick", "easy"], solved)
    address = f"/admin/support/macro/{macro.pk}/change/"
    form = client.get(address).context["adminform"].form
    shown = {name: form[name].value() or "" for name in form.fields if form[name].value() is not False}
    assert client.post(address, shown | {"do_5": ""}).status_code == 302
    assert Macro.objects.get().actions == macro.actions[:5]
