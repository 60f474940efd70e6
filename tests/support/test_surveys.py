"""CS-9: satisfaction is asked once per resolution, answered by a form only, and never asked where it is unwanted."""

import re
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone

from crm_site.core.models import Notification, Setting
from crm_site.core.operations import Refused
from customers.models import Contact, Purpose
from customers.operations.consents import refuse_consent
from support.mail.sending import mail_due
from support.models import Case, OutgoingMail, Survey
from support.operations import surveys
from support.operations.cases import mark_spam, reopen_case, resolve_case
from support.operations.merging import merge_cases
from support.operations.surveys import address_of, answer, ask, letter_text
from tests.architecture.threads import at_once
from tests.cast import make_cast
from tests.conftest import signed_in
from tests.factories import ContactFactory
from tests.support.test_merging import HOUR, asked


def resolved(cast, ago=2, **values):
    """A case resolved by Dora so many hours ago."""
    case = asked(cast, ago=ago + 1, contact=values.pop("contact", None) or ContactFactory(email="ann@x.test"), **values)
    return resolve_case(case, by=cast.dora, at=timezone.now() - ago * HOUR)


@pytest.fixture
def survey(cast):
    """A survey about a case of Dora's."""
    case = resolved(cast, owner=cast.dora)
    assert ask(by=None) == 1
    return Survey.objects.get(case=case)


def path(survey):
    """The address of a survey without the host."""
    return re.sub(r"^https?://[^/]+", "", address_of(survey))


def test_cs9_each_resolution_is_asked_about_once(cast, survey):
    assert ask(by=None) == 0
    mail = OutgoingMail.objects.get(kind="survey")
    assert (mail.to, mail.case, mail.is_automatic) == ("ann@x.test", survey.case, True)
    assert survey.token_hash not in mail.body
    assert "{link}" in mail.body
    assert path(survey) in letter_text(mail)
    assert (survey.agent, survey.resolved_at) == (cast.dora, survey.case.resolved_at)


@pytest.mark.parametrize(
    "why", ["merged", "spam", "silent", "refused", "early", "late", "no address", "queue", "reopened"]
)
def test_cs9_who_is_not_asked(cast, why):
    case = resolved(cast, ago={"early": 0.5, "late": 8 * 24}.get(why, 2))
    rows = Case.objects.unscoped("test").filter(pk=case.pk)
    if why == "merged":
        merge_cases(case, asked(cast), by=cast.dora)
    elif why == "spam":
        mark_spam(case, by=cast.dora)
    elif why == "silent":
        Contact.objects.unscoped("test").filter(pk=case.contact_id).update(do_not_contact=True)
    elif why == "refused":
        refuse_consent(case.contact, Purpose.objects.get(code="survey"), by=None)
    elif why == "no address":
        Contact.objects.unscoped("test").filter(pk=case.contact_id).update(email="")
    elif why == "queue":
        type(case.queue).objects.update(asks_satisfaction=False)
    elif why == "reopened":
        reopen_case(case, by=cast.dora)
    assert rows.exists()
    assert ask(by=None) == 0


def test_cs9_the_mail_that_goes_has_the_link(cast, survey, mailoutbox):
    assert mail_due() == 1
    assert path(survey) in mailoutbox[0].body
    assert "{link}" not in mailoutbox[0].body
    assert OutgoingMail.objects.get(kind="survey").mailed_at


@pytest.mark.parametrize("why", ["silent", "refused"])
def test_cs9_what_changes_before_the_mail_goes_keeps_it_back(cast, survey, why):
    mail = OutgoingMail.objects.get(kind="survey")
    if why == "silent":
        Contact.objects.unscoped("test").filter(pk=survey.contact_id).update(do_not_contact=True)
    else:
        refuse_consent(survey.contact, Purpose.objects.get(code="survey"), by=None)
    assert letter_text(mail) is None
    assert mail_due() == 0


def test_cs9_a_contact_is_asked_at_most_once_in_some_days(cast, survey):
    resolved(cast, contact=survey.contact)
    resolved(cast, contact=survey.contact)
    assert ask(by=None) == 0
    Survey.objects.update(created_at=timezone.now() - timedelta(days=29))
    assert ask(by=None) == 0
    Setting.objects.create(pk="satisfaction", value={"every_days": 7})
    assert ask(by=None) == 1
    assert ask(by=None) == 0


def test_cs9_a_scanner_that_follows_the_link_records_nothing(cast, survey, client_of):
    client = client_of(None)
    for address in (path(survey), f"{path(survey)}?score=5"):
        for method in (client.get, client.head):
            assert method(address).status_code == 200
    assert client.put(path(survey)).status_code == 405
    survey.refresh_from_db()
    assert (survey.score, survey.answered_at) == (None, None)
    assert 'value="5" required checked' in client.get(f"{path(survey)}?score=5").content.decode()


def test_cs9_the_score_is_a_post_and_may_be_changed_for_a_day(cast, survey, client_of):
    client = client_of(None)
    assert client.post(path(survey), {"score": "4", "comment": "Good."}).status_code == 302
    assert "Thank you" in client.get(f"{path(survey)}?thanks=1").content.decode()
    client.post(path(survey), {"score": "2", "comment": "Broke again."})
    survey.refresh_from_db()
    assert (survey.score, survey.comment) == (2, "Broke again.")
    assert Notification.objects.get(user=cast.dora, key__startswith="survey").url == f"/cases/{survey.case_id}/"
    Survey.objects.update(answered_at=timezone.now() - timedelta(hours=25))
    assert "closed" in client.post(path(survey), {"score": "5"}).content.decode()
    survey.refresh_from_db()
    assert survey.score == 2


@pytest.mark.parametrize("score", ["0", "6", "", "x", "1e1"])
def test_another_score_is_refused(survey, client_of, score):
    assert client_of(None).post(path(survey), {"score": score}).status_code == 422
    with pytest.raises(Refused):
        answer(survey, 6, by=None)


def test_cs9_the_link_ends_and_a_wrong_one_opens_nothing(survey, client_of):
    client = client_of(None)
    assert client.get(path(survey)[:-2] + "x/").status_code == 404
    Survey.objects.update(expires_at=timezone.now())
    page = client.get(path(survey))
    assert "closed" in page.content.decode()
    assert page["X-Robots-Tag"] == "noindex, nofollow"
    client.post(path(survey), {"score": "5"})
    assert Survey.objects.get().score is None


def test_the_public_page_is_rate_limited(survey, client_of):
    cache.clear()
    client = client_of(None)
    answers = [client.post("/satisfaction/1-abc/").status_code for _try in range(32)]
    assert answers[:30] == [404] * 30
    assert answers[-1] == 429
    cache.clear()


def test_the_case_shows_what_the_customer_said(cast, survey):
    answer(survey, 5, "Quick help!", by=None)
    assert "Quick help!" in signed_in(cast.dora).get(f"/cases/{survey.case_id}/surveys/").content.decode()
    assert signed_in(cast.pat).get(f"/cases/{survey.case_id}/surveys/").status_code == 404


def test_r25_many_sweeps_ask_once(transactional_db):
    cast = make_cast()
    contact = ContactFactory(email="ann@x.test")
    for _case in range(3):
        resolved(cast, contact=contact)
    counts = at_once(*[lambda: ask(by=None)] * 4)
    assert sorted(counts) == [0, 0, 0, 1]
    assert OutgoingMail.objects.filter(kind="survey").count() == 1
    assert surveys.every_days() == 30
