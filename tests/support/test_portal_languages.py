"""PT-6: the portal and its mails speak the customer's language; German is whole, the staff's pages stay as they are."""

import re
from datetime import date
from gettext import GNUTranslations, NullTranslations

import pytest
from babel.messages.pofile import read_po
from django.core import mail
from django.test import Client
from django.utils import translation
from django.utils.translation import trans_real

from crm_site.core.models import Notification
from customers.consent import REASONS
from customers.models import Consent, ContactMechanism
from sales.models import Quote, Sale
from support.mail.sending import mail_due
from support.models import Case, PortalToken, Status
from support.operations.articles import create_articles
from support.operations.portal import send_link
from support.operations.states import close_case, resolve_case
from support.operations.surveys import question
from support.portal_urls import PORTAL_URLS
from tests.conftest import ROOT, signed_in
from tests.factories import InstalledProductFactory, MechanismFactory, QuoteFactory, QuoteLineFactory, SaleFactory
from tests.support.portal_world import TwoCompanies, browser, case_of

CATALOGUE = ROOT / "crm_site" / "locale" / "de" / "LC_MESSAGES"
NAMES = re.compile(r"%\(\w+\)s|%%|\{\w+\}")


@pytest.fixture
def world(cast, settings, tmp_path):
    """Ada, who has one of everything and reads German."""
    settings.MEDIA_ROOT = tmp_path
    signed_in(cast.rita).get("/")  # what is read once for all is read by now
    made = TwoCompanies(cast)
    made.ada.may_invite, made.ada.reach = True, "subtree"
    made.ada.save()
    made.ada.contact.language = "de"
    made.ada.contact.save()
    about = {"account": made.acme, "contact": made.ada.contact}
    made.quote = QuoteFactory(valid_until=date(2030, 11, 3), **about)
    QuoteLineFactory(quote=made.quote)
    Quote.objects.filter(pk=made.quote.pk).update(status=Quote.SENT, token_hash="f" * 64)
    made.sale = SaleFactory(**about)
    made.way = MechanismFactory(contact=made.ada.contact, type="phone", value="030 5")
    made.more = [case_of(made.ada, word) for word in ("Solved", "Closed", "Late")]
    resolve_case(made.more[0], by=cast.rita)
    close_case(resolve_case(made.more[1], by=cast.rita), by=cast.rita)
    InstalledProductFactory(account=made.acme)
    [made.article] = create_articles(
        [{"name": "Help", "body": "So", "audience": "public", "state": "published"}], by=cast.rita
    )
    return made


class Missed(NullTranslations):
    """Stands behind the German catalogues and notes what none of them has."""

    def __init__(self):
        super().__init__()
        self.texts = set()

    def gettext(self, message):
        """The text as it is."""
        self.texts |= {message} if message.strip() and "\x04" not in message else set()
        return message

    def ngettext(self, one, many, number):
        """The text as it is, of one or of many."""
        return self.gettext(one if number == 1 else many)


@pytest.fixture
def missed(monkeypatch):
    """The texts that were asked for in German and are in no catalogue."""
    found = Missed()
    monkeypatch.setattr(trans_real.translation("de"), "_fallback", found)
    return found.texts


def pages(world):
    """Every address of the portal that Ada may open."""
    ids = {"cases": world.case.pk, "ways": world.way.pk, "quotes": world.quote.pk, "orders": world.sale.pk,
           "answers": world.article.pk}  # fmt: skip
    own = [f"/portal/{word}/{pk}/" for word, pk in ids.items() if word != "ways"]
    own += [f"/portal/cases/{case.pk}/" for case in world.more] + [f"/portal/profile/ways/{world.way.pk}/"]
    fixed = [str(route.pattern) for route in PORTAL_URLS if "<" not in str(route.pattern)]
    kinds = ["email", "phone", "postal", "web", "social"]
    own += [f"/portal/profile/ways/new/?type={kind}" for kind in kinds]
    return own + ["/" + path for path in fixed if path.startswith("portal/") and "data" not in path] + SIGNING


WRONG = {"email": "x", "value": "x", "password": "x", "score": "9", "new_password1": "x", "first_name": " "}
SIGNING = [
    "/portal/auth/password/change/",
    "/portal/auth/2fa/",
    "/portal/nowhere/",
    "/portal/link/x/",
    "/portal/email/x/",
]


def test_pt6_every_page_of_the_portal_is_german(world, missed):
    """Each page of a German reader, empty forms sent, and the strangers' pages of a German browser."""
    german = {"HTTP_ACCEPT_LANGUAGE": "de-AT,de;q=0.9,en;q=0.5"}
    ada, stranger = browser(world.ada, **german), Client(**german)
    outside = [
        path for path in pages(world) if any(word in path for word in ("sign", "link", "password", "email", "nowhere"))
    ]
    for client, paths in ((ada, pages(world)), (stranger, outside)):
        for path in paths:
            answer = client.get(path, follow=True)
            assert answer.status_code in (200, 404, 405), path
            if answer.status_code != 405 and answer["Content-Type"].startswith("text/html"):
                page = answer.content.decode()
                assert "<html" not in page or '<html lang="de"' in page, path
            client.post(path, {})
            client.post(path, WRONG)
    assert missed == set()


def test_pt6_every_word_for_a_state_is_german(missed):
    """What no record of the walk above happens to be is said in German, too."""
    words = [REASONS, Consent.STATUSES, Consent.SOURCES, ContactMechanism.TYPES, Quote.STATUSES, Sale.STATUSES, Sale.PROGRESS,
             Status.CATEGORIES, Case.TYPES]  # fmt: skip
    with translation.override("de"):
        assert all(str(word) for found in words for word in found.values())
    assert missed == set()


def test_pt6_control_a_text_without_a_translation_is_found(missed):
    """Negative control."""
    with translation.override("de"):
        assert translation.gettext("Nobody ever said this") == "Nobody ever said this"
        translation.gettext("Sign in")
    assert missed == {"Nobody ever said this"}


def test_pt6_the_compiled_words_are_those_of_the_list():
    """The file that is read is made of the one that is written, every entry of which says something."""
    with (CATALOGUE / "django.po").open("rb") as words:
        listed = read_po(words, locale="de")
    assert not [one.id for one in listed if one.id and (not one.string or one.fuzzy)]
    with (CATALOGUE / "django.mo").open("rb") as compiled:
        read = GNUTranslations(compiled)
    for one in filter(lambda one: one.id, listed):
        if isinstance(one.id, str):
            said = read.pgettext(one.context, one.id) if one.context else read.gettext(one.id)
            assert said == one.string, one.id
        else:
            assert [read.ngettext(*one.id, number) for number in (1, 2)] == list(one.string)
    assert len([key for key in read._catalog if key and not (isinstance(key, tuple) and key[1])]) == len(listed)
    for one in listed:
        for text in [one.string] if isinstance(one.string, str) else one.string:
            source = one.id if isinstance(one.id, str) else one.id[1]
            assert set(NAMES.findall(text)) == set(NAMES.findall(source)), one.id


def test_pt6_the_choice_is_kept_and_comes_before_the_browser(world):
    """Whoever chose English reads English with a German browser; who chose nothing reads the browser's language."""
    ada = browser(world.ada, HTTP_ACCEPT_LANGUAGE="de")
    assert "Neue Anfrage" in ada.get("/portal/").content.decode()
    ada.post("/portal/profile/", {"job_title": "", "language": "en", "time_zone": ""})
    world.ada.contact.refresh_from_db()
    assert world.ada.contact.language == "en"
    assert "New request" in ada.get("/portal/").content.decode()
    eve = browser(world.eve, HTTP_ACCEPT_LANGUAGE="de")
    assert "Neue Anfrage" in eve.get("/portal/").content.decode()
    assert "New request" in browser(world.eve, HTTP_ACCEPT_LANGUAGE="fi").get("/portal/").content.decode()


def test_pt6_days_are_written_as_the_language_has_it(world):
    page = browser(world.ada).get(f"/portal/quotes/{world.quote.pk}/").content.decode()
    assert "3. November 2030" in page or "03.11.2030" in page


def test_staff_read_english_whatever_their_browser_asks_for(world, missed):
    """Also right after a German customer was served by the same process."""
    browser(world.ada).get("/portal/")
    missed.clear()
    client = signed_in(world.cast.rita, HTTP_ACCEPT_LANGUAGE="de")
    for path in ("/", "/cases/", f"/cases/{world.case.pk}/", "/admin/", "/auth/password/change/"):
        page = client.get(path, follow=True).content.decode()
        assert '<html lang="en' in page, path
    assert missed == set()


def test_what_staff_are_told_of_a_german_customer_is_english(world):
    """A customer's deed is told in the language of whoever reads of it."""
    ada = browser(world.ada)
    ada.post(f"/portal/cases/{world.case.pk}/reply/", {"body": "Es geht noch nicht."})
    ada.post("/portal/profile/name/", {"first_name": "Adele", "last_name": "Adason"})
    texts = list(Notification.objects.values_list("text", flat=True))
    assert any("asks for another name" in text for text in texts)


def test_pt6_mails_speak_the_readers_language(world):
    """Links and questions, sent by whom and from where ever; the quote, too."""
    with translation.override("en"):
        PortalToken.objects.all().delete()
        for access in (world.ada, world.eve):
            send_link(access.user, PortalToken.SIGN_IN)
        asked = [question(case, case.contact).subject for case in (world.case, world.foreign)]
        mail_due()
    assert {sent.subject for sent in mail.outbox if "K-" not in sent.subject} == {
        "Ihr Link zum Anmelden",
        "Your link to sign in",
    }
    assert [subject.split("?")[0] for subject in asked] == ["Wie zufrieden sind Sie", "How did we do"]
