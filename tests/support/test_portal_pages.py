"""PT-1, PT-2, PT-6, CS-9, U53–U56: a customer's own data, requests from beginning to end, quotes, answers."""

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import Group
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from crm_site.core.models import Notification, User
from crm_site.core.roles import LEAD
from customers.models import Consent, Purpose
from sales.models import Quote
from support import asked, portal
from support.disclosure import all_held
from support.links import text_of
from support.models import (
    Article,
    ArticleVersion,
    Case,
    CaseField,
    Message,
    OutgoingMail,
    PortalAccess,
    ProfileChange,
    Status,
    Survey,
)  # fmt: skip
from support.models.common import NEVER
from support.operations.cases import close_case, resolve_case
from support.operations.messages import receive_message
from support.operations.portal import revoke_access
from support.operations.profile import decide_change
from tests.conftest import signed_in
from tests.factories import CaseFactory, QuoteFactory, SaleFactory
from tests.support.portal_world import PASSWORD, TwoCompanies, browser, case_of, file

pytestmark = pytest.mark.django_db
HEX = re.compile(r"/portal/email/(\w+)/")


@pytest.fixture
def world(cast, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    cache.clear()
    return TwoCompanies(cast)


def article(name="Paper jams", **fields):
    """A public article as published."""
    made = Article.objects.create(**({"name": name, "audience": "public", "state": "published"} | fields))
    made.published = ArticleVersion.objects.create(article=made, number=1, name=name, body="Open **the door**.")
    made.save()
    return made


def test_pt_2_a_new_request(world):
    """PT-2, U53: two fields and a file are enough; number and promised time are said; twice sent it is one."""
    client = browser(world.ada)
    page = client.get("/portal/cases/new/").content.decode()
    assert len(re.findall(r"<(?:input|textarea|select)[^>]*\srequired", page)) == 2
    once = re.search(r'name="once" value="([^"]+)"', page)[1]
    fields = {"subject": "No toner", "body": "It is empty", "once": once}
    again = client.post("/portal/cases/new/", {"files": [file("a.txt")]}).content.decode()
    assert "Choose your files once more." in again
    assert "Choose your files once more." not in page
    urls = [client.post("/portal/cases/new/", fields | {"files": [file("a.txt")]}).url for _twice in (1, 2)]
    assert urls[0] == urls[1]
    case = Case.objects.unscoped("look").get(subject="No toner")
    assert (case.channel, case.contact, case.account, case.type) == (
        "portal",
        world.ada.contact,
        world.acme,
        "question",
    )
    assert case.messages.get(kind="public").files.count() == 1
    said = client.get(urls[0]).content.decode()
    assert case.number in said
    assert case.due_at < NEVER
    assert "You will hear from us by" in said


def asked_of_problems():
    """Two questions about problems, one of them for staff alone, and one about everything."""
    return CaseField.objects.bulk_create([
        CaseField(key="display", label="What does it say?", type="problem", kind="choice", choices=["E1", "E2"],
                  required=True),
        CaseField(key="lot", label="Which lot?", type="problem", in_portal=False),
        CaseField(key="since", label="Since when?", kind="date", order=1),
    ])  # fmt: skip


def test_pt_2_a_kind_of_request_asks_its_own_fields(world, cast):
    """PT-2: category, its fields, what helps, files: asked without scripts, checked by the server, shown to both."""
    asked_of_problems()
    client, new = browser(world.ada), "/portal/cases/new/"
    assert "What does it say?" not in client.get(new).content.decode()
    page = client.get(f"{new}?type=problem").content.decode()
    assert page.index("What kind") < page.index("What does it say?") < page.index('id="answers"') < page.index("Files")
    assert "Which lot?" not in page
    typed = {"type": "problem", "subject": "It stopped", "body": "Just so", "asked_since": "2026-11-02"}
    page = client.post(new, typed | {"choose": "1"}).content.decode()
    assert 'value="It stopped"' in page
    assert "What does it say?" in page
    for wrong in ("", "E9"):
        assert not Case.objects.unscoped("look").filter(subject="It stopped").exists()
        assert client.post(new, typed | {"asked_display": wrong}).status_code != 302
    url = client.post(new, typed | {"asked_display": "E2", "asked_lot": "smuggled"}).url
    case = Case.objects.unscoped("look").get(subject="It stopped")
    assert case.details == {"display": "E2", "since": "2026-11-02"}
    assert "What does it say?" in client.get(url).content.decode()
    desk = signed_in(cast.dora)
    assert "What does it say?" in desk.get(f"/cases/{case.pk}/").content.decode()
    form = desk.get(f"/cases/{case.pk}/edit/").context["form"]
    kept = {name: form.initial.get(name) or "" for name in form.fields if name != "tags"}
    kept |= {"status": case.status_id, "asked_display": "E1", "asked_lot": "L7"}
    assert desk.post(f"/cases/{case.pk}/edit/", kept).status_code == 302
    case.refresh_from_db()
    assert case.details == {"display": "E1", "lot": "L7", "since": "2026-11-02"}
    assert (
        desk.post(f"/cases/{case.pk}/edit/", kept | {"version": case.version, "asked_display": ""}).status_code == 200
    )
    history = desk.get(f"/cases/{case.pk}/history/").content.decode()
    assert "L7" in history


def test_pt_2_fields_travel_in_files(db):
    """PT-2: what an export writes an import reads; what no field understands is named, not kept."""
    asked_of_problems()
    details = {"display": "E2", "since": "2026-11-02"}
    assert asked.read_line(asked.line_of(details)) == (details, [])
    assert asked.read_line("display: E9; colour: red; lot: 7") == ({"lot": "7"}, ["display: E9", "colour: red"])


def test_pt_2_expected_time_in_the_customers_zone(world):
    """PT-2, PT-6: the promised moment is said as a day and a time of the customer's own zone."""
    zone = ZoneInfo("Asia/Tokyo")
    due = datetime.now(zone).replace(hour=14, minute=5, second=0, microsecond=0) + timedelta(days=3)
    Case.objects.unscoped("set up").filter(pk=world.case.pk).update(due_at=due, due_metric="next", category="open")
    User.objects.filter(pk=world.ada.user_id).update(time_zone="Asia/Tokyo")
    page = browser(world.ada).get(f"/portal/cases/{world.case.pk}/").content.decode()
    assert f"You will hear from us by {due:%A} 14:05." in page


@pytest.mark.parametrize(("fields", "sentence"), [
    ({"due_at": timezone.now() - timedelta(hours=1), "due_metric": "first"}, "later than we promised"),
    ({"due_at": NEVER, "due_metric": ""}, "as soon as we can"),
    ({"due_at": timezone.now() + timedelta(days=9), "due_metric": "resolution"}, "to have it solved by"),
    ({"category": "waiting"}, "We are waiting for your answer"),
])  # fmt: skip
def test_pt_2_plain_words(world, fields, sentence):
    """PT-2: the state and what comes next in plain words, never the staff's."""
    if fields.get("category"):
        fields = fields | {"status": Status.objects.get(category="waiting", is_default=True)}
    Case.objects.unscoped("set up").filter(pk=world.case.pk).update(**({"category": "open"} | fields))
    page = browser(world.ada).get(f"/portal/cases/{world.case.pk}/").content.decode()
    assert sentence in page
    for jargon in ("SLA", "breach", "queue", "Waiting for customer", "assignee", "ticket"):
        assert jargon not in page


def test_pt_2_reply_close_reopen_rate(world):
    """PT-2, CS-9: answer with a file, close with a reason, open again within the time, rate; later a new one follows."""
    client, path = browser(world.ada), f"/portal/cases/{world.case.pk}/"
    assert client.post(f"{path}reply/", {"body": "Thanks", "files": [file("b.txt")]}).status_code == 302
    assert client.post(f"{path}reply/", {"files": [file("only.txt")]}).status_code == 302
    assert "only.txt" in client.get(path).content.decode()
    assert "Write something or choose a file." in client.post(f"{path}reply/", {"body": " "}).content.decode()
    assert client.post(f"{path}close/", {"reason": ""}).status_code == 422
    assert client.post(f"{path}rate/", {"score": 5}).status_code == 302
    assert not Survey.objects.exists()
    assert client.post(f"{path}close/", {"reason": "Works now"}).status_code == 302
    world.case.refresh_from_db()
    assert (world.case.category, world.case.close_reason) == ("closed", "Works now")
    for score in (2, 4):
        client.post(f"{path}rate/", {"score": score, "comment": "fine"})
    assert Survey.objects.get().score == 4
    assert client.post(f"{path}rate/", {"score": 9}).status_code == 422
    client.post(f"{path}reopen/")
    world.case.refresh_from_db()
    assert world.case.category == "open"
    close_case(world.case, by=None, at=timezone.now() - timedelta(days=60))
    client.post(f"{path}reopen/")
    world.case.refresh_from_db()
    assert world.case.category == "closed"
    assert "begins a new one" in client.get(path).content.decode()
    follow = client.post(f"{path}reply/", {"body": "Again"}).url
    made = Case.objects.unscoped("look").latest("pk")
    assert (follow, made.follows) == (f"/portal/cases/{made.pk}/", world.case)


def test_pt_2_suggestions(world):
    """PT-2: public answers are offered while typing, and by a button that keeps what was typed."""
    article(), article("Paper of ours", audience="internal"), article("Paper drafts", state="draft")
    client = browser(world.ada)
    assert b"Paper jams" in client.get("/portal/cases/suggest/?subject=paper jams").content
    before = Case.objects.unscoped("look").count()
    page = client.post(
        "/portal/cases/new/", {"subject": "Paper jams", "body": "My words", "look": "1"}
    ).content.decode()
    assert "Paper jams" in page
    assert "My words" in page
    assert "of ours" not in page
    assert Case.objects.unscoped("look").count() == before
    listed = client.get("/portal/answers/").content.decode()
    assert "jams" in listed
    assert "of ours" not in listed
    assert "drafts" not in listed
    for words, fits in (("which door", True), ("drafts", False), ("nothing like it", False)):
        assert ("jams" in client.get(f"/portal/answers/?q={words}").content.decode()) == fits


def test_articles_show_what_was_published(world):
    """The published text, made safe."""
    made = article()
    ArticleVersion.objects.update(body="**So** <script>alert(1)</script>")
    Article.objects.update(body="A draft of ours")
    page = browser(world.ada).get(f"/portal/answers/{made.pk}/").content.decode()
    assert "<strong>So</strong>" in page
    assert "<script>alert" not in page
    assert "draft of ours" not in page


def test_pt_1_profile(world):
    """PT-1: own words at once; a name when staff say yes; nothing else of the contact, nobody else's."""
    client = browser(world.ada)
    fields = {"job_title": "Chief", "language": "en", "time_zone": "Asia/Tokyo", "do_not_contact": "on", "owner": 1}
    assert (
        client.post("/portal/profile/", fields | {"last_name": "Hacked", "account": world.evil.pk}).status_code == 302
    )
    contact = type(world.ada.contact).objects.unscoped("look").get(pk=world.ada.contact_id)
    assert (contact.job_title, contact.do_not_contact, contact.last_name, contact.owner_id) == (
        "Chief",
        True,
        "Adason",
        None,
    )
    assert User.objects.get(pk=world.ada.user_id).time_zone == "Asia/Tokyo"
    page = client.get("/portal/profile/").content.decode()
    assert re.search(r'<select name="time_zone"[^>]*><option value="Asia/Tokyo" selected>Asia/Tokyo</option>', page)
    assert client.post("/portal/profile/", fields | {"time_zone": "Mars/Base"}).status_code == 422
    PortalAccess.objects.filter(pk=world.ada.pk).update(invited_by=world.cast.rita)
    client.post("/portal/profile/name/", {"first_name": "Ada", "last_name": "Lovelace"})
    change = ProfileChange.objects.get()
    with pytest.raises(PermissionDenied):
        decide_change(change, by=world.cast.nora, approve=True)
    staff = Client()
    staff.force_login(world.cast.rita, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert "Lovelace" in staff.get("/contacts/names/").content.decode()
    assert browser(type("A", (), {"user": world.cast.nora})).post(f"/contacts/names/{change.pk}/").status_code == 404
    told = Notification.objects.get(url="/contacts/names/")
    assert (told.user, "Ada Lovelace" in told.text) == (world.cast.rita, True)
    staff.post(f"/contacts/names/{change.pk}/", {"answer": "yes"})
    assert "now “Ada Lovelace”" in OutgoingMail.objects.get(kind="notice", to=world.ada.user.email).body
    contact.refresh_from_db()
    assert contact.last_name == "Lovelace"
    assert staff.post(f"/contacts/names/{change.pk}/", {"answer": "no"}).status_code == 404


def confirmed(mail):
    """Use the button behind a mailed link; the page."""
    path = f"/portal/email/{HEX.search(text_of(mail))[1]}/"
    assert Client().get(path).status_code == 200
    return Client().post(path)


def test_pt_1_email_is_confirmed_at_both_ends(world):
    """PT-1, R18: a new address counts when both mails were answered, each once; then only it opens the door."""
    client = browser(world.ada)
    client.post("/portal/profile/address/", {"email": "New@customer.test"})
    old, new = OutgoingMail.objects.filter(kind="link").order_by("pk")
    assert (old.to, new.to) == ("ada@customer.test", "new@customer.test")
    assert HEX.search(text_of(old))[1] != HEX.search(text_of(new))[1]
    confirmed(new)
    assert User.objects.get(pk=world.ada.user_id).email == "ada@customer.test"
    assert "Done" in confirmed(old).content.decode()
    assert User.objects.get(pk=world.ada.user_id).email == "new@customer.test"
    assert world.ada.contact.mechanisms.get(type="email", is_primary=True).normalised == "new@customer.test"
    assert Client().post(f"/portal/email/{HEX.search(text_of(old))[1]}/").status_code == 404
    assert client.get("/portal/").status_code == 302
    assert Client().post("/portal/sign-in/", {"login": "ada@customer.test", "password": PASSWORD}).status_code == 200
    assert Client().post("/portal/sign-in/", {"login": "new@customer.test", "password": PASSWORD}).status_code == 302


@pytest.mark.parametrize("why", ["taken", "turned out", "late"])
def test_pt_1_an_address_that_cannot_be(world, why):
    """PT-1: somebody else's address is not told apart beforehand, and never taken over."""
    email = world.cast.alice.email if why == "taken" else "new@customer.test"
    assert browser(world.ada).post("/portal/profile/address/", {"email": email}).status_code == 302
    old, new = OutgoingMail.objects.filter(kind="link").order_by("pk")
    if why == "late":
        ProfileChange.objects.update(created_at=timezone.now() - timedelta(minutes=61))
        assert Client().post("/portal/email/x/").status_code == 404
    elif why == "turned out":
        revoke_access(world.ada, by=world.cast.rita)
    if why != "late":
        confirmed(old)
        assert "cannot be used" in confirmed(new).content.decode()
    assert User.objects.get(pk=world.ada.user_id).email == "ada@customer.test"


def test_pt_1_ways(world):
    """PT-1: numbers and addresses are added, changed and removed, and each may be kept but not be used."""
    client = browser(world.ada)
    assert client.get("/portal/profile/ways/new/?type=postal").status_code == 200
    client.post("/portal/profile/ways/new/?type=phone", {"type": "phone", "value": "+49 30 123456", "purpose": "work"})
    way = world.ada.contact.mechanisms.get()
    fields = {"value": "+49 30 654321", "purpose": "work"}
    client.post(f"/portal/profile/ways/{way.pk}/", fields | {"do_not_use": "on"})
    way.refresh_from_db()
    assert (way.normalised, way.do_not_use, way.is_primary) == ("+4930654321", True, False)
    assert "not to be used" in client.get("/portal/profile/").content.decode()
    client.post(f"/portal/profile/ways/{way.pk}/", fields)
    way.refresh_from_db()
    assert not way.do_not_use
    client.post(f"/portal/profile/ways/{way.pk}/remove/")
    assert not world.ada.contact.mechanisms.exists()


def test_articles_are_judged_once_a_person(world):
    """DOMAIN §8: helpful or not, one vote each, by a plain form; nobody votes on what they do not see."""
    made = article(owner=world.cast.mia)
    ada, address = browser(world.ada), f"/portal/answers/{made.pk}/"
    assert "Did this help you?" in ada.get(address).content.decode()
    for said in ("yes", "yes", "no", "maybe"):
        assert ada.post(f"{address}vote/", {"helped": said}).url == address
    assert "did not help" in ada.get(address).content.decode()
    ada.post(f"{address}vote/", {"helped": "no", "comment": "Which <lid>?"})
    assert "Which &lt;lid&gt;?" in ada.get(address).content.decode()
    assert "Which &lt;lid&gt;?" in signed_in(world.cast.mia).get(f"/articles/{made.pk}/").content.decode()
    browser(world.eve).post(f"{address}vote/", {"helped": "yes"})
    made.refresh_from_db()
    assert (made.helpful, made.unhelpful, made.votes.count()) == (1, 1, 2)
    Article.objects.unscoped("set up").update(audience="internal")
    assert ada.post(f"{address}vote/", {"helped": "yes"}).status_code == 404


def test_what_costs_us_is_limited_for_a_get_too(world):
    """R18: papers and downloads are made twenty times a minute; looks at mailed links sixty times."""
    cache.clear()
    quote = QuoteFactory(contact=world.ada.contact, status=Quote.SENT, sent_at=timezone.now(), token_hash="1" * 64)
    ada = browser(world.ada)
    paths = ["/portal/profile/data/"] * 19 + [f"/portal/quotes/{quote.pk}/pdf/"] * 2
    assert [ada.get(path).status_code for path in paths] == [200] * 20 + [429]
    assert browser(world.eve).get("/portal/profile/data/").status_code == 200
    statuses = [Client().get(f"/portal/link/{'0' * 64}/").status_code for _look in range(61)]
    assert statuses == [404] * 60 + [429]
    assert Client().get("/portal/sign-in/").status_code == 200


def test_u56_being_forgotten_is_a_request(world):
    """U56: asking to be forgotten makes one open request, however often."""
    client = browser(world.ada)
    urls = {client.post("/portal/profile/erase/").url for _twice in (1, 2)}
    assert len(urls) == 1
    assert Case.objects.unscoped("look").filter(contact=world.ada.contact, type="request").count() == 1


def test_quotes_and_orders(world):
    """Quotes that were sent are read and answered in the customer's name; drafts and others' are not there."""
    about = {"contact": world.ada.contact, "account": world.acme, "owner": world.cast.alice}
    quote = QuoteFactory(**about, subject="Ten", status=Quote.SENT, sent_at=timezone.now(), token_hash="e" * 64)
    QuoteFactory(**about, subject="Draft of ours")
    sale = SaleFactory(**about, name="An order")
    client = browser(world.ada)
    page = client.get("/portal/quotes/").content.decode()
    assert "Ten" in page
    assert "Draft of ours" not in page
    assert client.get(f"/portal/quotes/{quote.pk}/pdf/")["Content-Type"] == "application/pdf"
    client.post(f"/portal/quotes/{quote.pk}/answer/", {"answer": "accepted"})
    quote.refresh_from_db()
    assert (quote.status, quote.answered_by) == (Quote.ACCEPTED, "Ada Adason")
    assert "An order" in client.get(f"/portal/orders/{sale.pk}/").content.decode()


def test_search_reads_what_was_said_to_the_customer(world):
    """U54, PT-2: words of both sides, all of them in one message; no note, no reply that is held back, nobody else's."""
    Message.objects.create(case=world.case, kind="public", direction="out", body="Change the Fusér unit.")
    Message.objects.create(case=world.case, kind="note", body="This customer is a nuisance")
    held = Message.objects.create(case=world.case, kind="public", direction="out", body="An unfinished thought")
    OutgoingMail.objects.create(kind="reply", message=held, due=timezone.now() + timedelta(minutes=1))
    client, here = browser(world.ada), f"/portal/cases/{world.case.pk}/"
    for words, fits in (("fuser UNIT", True), ("fuser unknown", False), ("nuisance", False), ("unfinished", False)):
        assert (here in client.get(f"/portal/cases/?q={words}").content.decode()) == fits, words
    assert here not in browser(world.eve).get("/portal/cases/?q=fuser").content.decode()


def test_search_and_pages(world):
    """U54: requests are found by a word and by their number, twenty a page."""
    for n in range(25):
        case_of(world.ada, f"Request {n}")
    client = browser(world.ada)
    assert client.get("/portal/cases/").content.decode().count("K-0") == 20
    assert (
        client.get(f"/portal/cases/?q={world.case.number.lower()}")
        .content.decode()
        .count(f"/portal/cases/{world.case.pk}/")
        == 1
    )
    with CaptureQueriesContext(connection) as queries:
        page = client.get("/portal/cases/?page=2").content.decode()
    assert not any("COUNT(" in query["sql"] for query in queries)
    assert page.count("K-0") == 6
    assert 'href="?page=1' in page
    assert 'rel="next"' not in page
    for odd in ("0", "-1", "x", "9" * 30):
        assert client.get(f"/portal/cases/?page={odd}").status_code == 200
    resolve_case(world.case, by=None, resolution="Turned it on")
    assert "printer" in client.get("/portal/cases/?state=done").content.decode()
    assert "Turned it on" in client.get(f"/portal/cases/{world.case.pk}/").content.decode()


def test_a_long_conversation_is_read_in_pages(world):
    """The newest messages first, the earlier ones by a link; never more statements than for a short one."""
    client = browser(world.ada)
    address = f"/portal/cases/{world.case.pk}/"
    costs = []
    for numbers in (range(2), range(2, portal.PAGE + 20)):
        for number in numbers:
            receive_message(world.case, name="Ada", body=f"said {number:03}", channel="portal")
        client.get(address)
        with CaptureQueriesContext(connection) as queries:
            page = client.get(address)
        costs.append(len(queries))
    assert costs[1] <= costs[0]  # the first page has a message with a file, one look more
    text = page.content.decode()
    assert f"said {portal.PAGE + 19:03}" in text
    assert "said 005" not in text
    older = client.get(f"{address}?before={page.context['earlier']}")
    assert "said 005" in older.content.decode()
    assert older.context["earlier"] == 0


def test_pt_1_a_customer_decides_what_we_may_do(world):
    """PT-1, CG-1: allowed and taken back by forms, each once, with text, address and sign-in; others' stay theirs."""
    client, news = browser(world.ada), Purpose.objects.get(code="marketing_email")
    address = f"/portal/profile/consents/{news.pk}/"
    assert news.text in client.get("/portal/profile/").content.decode()
    for said in ("yes", "yes", "no", "no", "maybe"):
        client.post(address, {"said": said})
    first, last = Consent.objects.order_by("pk")
    assert (first.status, first.source, first.text, first.ip) == ("granted", "portal", news.text, "127.0.0.1")
    assert (last.status, last.by, last.contact) == ("withdrawn", world.ada.user, world.ada.contact)
    assert world.ada.user.email in first.proof
    assert [row["status"] for row in all_held(world.ada)["consents"]] == ["granted", "withdrawn"]
    Purpose.objects.update(in_portal=False)
    assert client.post(address, {"said": "yes"}).status_code == 404


def test_pt_2_managers_say_what_is_asked_and_lists_go_by_the_answers(cast):
    """PT-2: a page of its own to add, look at, order and retire fields, for who runs support; cases found by answers."""
    assert signed_in(cast.dora).get("/cases/fields/").status_code == 404
    dora = cast.dora
    dora.groups.set([Group.objects.get(name=LEAD)])
    desk, new = signed_in(type(dora).objects.get(pk=dora.pk)), "/cases/fields/new/"
    typed = {"label": "What does it say?", "type": "problem", "kind": "choice", "in_portal": "on", "is_active": "on"}
    assert desk.post(new, typed).status_code == 422
    typed["choices"] = "E1,E2"
    assert "<legend" in desk.post(new, typed | {"do": "look"}).content.decode()
    assert not CaseField.objects.exists()
    assert desk.post(new, typed).status_code == desk.post(new, typed | {"kind": "date", "type": ""}).status_code == 302
    first, second = CaseField.objects.all()
    assert (first.key, second.key) == ("what-does-it-say", "what-does-it-say-2")
    for kind, asks in (("problem", 2), ("request", 1)):
        assert len(desk.get(f"/cases/fields/?kind={kind}").context["preview"].fields) == asks
    desk.post(f"/cases/fields/{second.pk}/move/", {"to": "up"})
    assert list(CaseField.objects.all()) == [second, first]
    found, _other = (CaseFactory(details={first.key: answer}) for answer in ("E1", "E2"))
    listed = desk.get("/cases/", {asked.PREFIX + first.key: "E1"})
    assert [row["id"] for row in listed.context["rows"]] == [found.pk]
    assert "What does it say?: E1" in listed.content.decode()
    assert desk.post(f"/cases/fields/{first.pk}/", typed | {"is_active": "", "kind": "text"}).status_code == 302
    first.refresh_from_db()
    assert (first.kind, first.is_active) == ("choice", False)
    assert asked.PREFIX + first.key not in desk.get("/cases/filters/").context["form"].fields
    listed = desk.get("/cases/", {asked.PREFIX + first.key: "E1"})
    assert [row["id"] for row in listed.context["rows"]] == [found.pk]
