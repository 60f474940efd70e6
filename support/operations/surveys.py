"""Satisfaction: asking once after a resolution, and the answer."""

from datetime import timedelta

from django.db import connection
from django.db.models import Exists, OuterRef
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from crm_site.core.models import Setting
from crm_site.core.operations import operation, refuse
from crm_site.core.outside import digest, whole
from customers.consent import allowed, may_contact
from customers.languages import speaking_to
from customers.models import Purpose
from support.models import Case, OutgoingMail, Status, Survey
from support.operations.messages import mailbox_of
from support.operations.story import note_event, said, tell

# After how long a resolution is asked about, and until when: what was resolved long ago is history.
WAIT, LATEST = timedelta(hours=1), timedelta(days=7)
EVERY_DAYS, OPEN_DAYS, EDIT_TIME = 30, 30, timedelta(hours=24)
POOR = 2
SURVEY_LOCK = 6_201_904


def token_of(case_id, resolved_at):
    """The secret part of the address for one resolution; the database keeps its hash only."""
    mac = salted_hmac("support.survey", f"{case_id}:{resolved_at.timestamp():.6f}", algorithm="sha256").hexdigest()
    return f"{case_id:x}-{mac[:40]}"


def survey_of(token):
    """The survey that a secret address names, or None."""
    return Survey.objects.select_related("case", "contact", "agent").filter(token_hash=digest(token)).first()


def address_of(survey):
    """The whole secret address of a survey."""
    token = token_of(survey.case_id, survey.resolved_at)
    return whole(reverse("support:survey_answer", args=[token]))


def every_days():
    """A contact is asked at most once in so many days; the company's choice."""
    value = Setting.objects.filter(pk="satisfaction").values_list("value", flat=True).first() or {}
    return int(value.get("every_days", EVERY_DAYS))


def to_ask(now, limit):
    """Cases whose resolution is to be asked about: one for each contact, the latest one."""
    asked = Survey.objects.filter(contact=OuterRef("contact"), created_at__gt=now - timedelta(days=every_days()))
    rows = Case.objects.unscoped("the sweep asks for everybody").filter(
        category__in=[Status.RESOLVED, Status.CLOSED], resolved_at__range=(now - LATEST, now - WAIT),
        deleted_at__isnull=True, merged_into__isnull=True, is_spam=False, queue__asks_satisfaction=True,
        contact__deleted_at__isnull=True, contact__do_not_contact=False,
    )  # fmt: skip
    rows = rows.filter(allowed(Purpose.SURVEY, "email")).exclude(contact__email="").exclude(Exists(asked))
    rows = rows.exclude(Exists(Survey.objects.filter(case=OuterRef("pk"), resolved_at=OuterRef("resolved_at"))))
    return rows.order_by("contact", "-resolved_at", "-pk").distinct("contact")[:limit]


@operation
def ask(now=None, limit=200, *, by=None):
    """Ask how satisfied customers were with resolutions of the last days; returns how many were asked.

    Nobody is asked twice within some days, nor who refused it or wants no contact, nor about merged cases and spam.
    """
    now = now or timezone.now()
    with connection.cursor() as cursor:
        # Two sweeps at once would both find that a contact was not asked yet.
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [SURVEY_LOCK])
    ids = [case.pk for case in to_ask(now, limit)]
    rows = Case.objects.unscoped("the sweep asks for everybody").filter(pk__in=ids).select_related("contact", "queue")
    cases = list(rows.select_for_update(of=("self",), skip_locked=True))
    surveys = [
        Survey(case=case, contact=case.contact, agent_id=case.owner_id, resolved_at=case.resolved_at, created_at=now,
               token_hash=digest(token_of(case.pk, case.resolved_at)), expires_at=now + timedelta(days=OPEN_DAYS))
        for case in cases if case.resolved_at and not case.merged_into_id
    ]  # fmt: skip
    for survey in Survey.objects.bulk_create(surveys):
        send(survey)
    return len(surveys)


def send(survey):
    """Put the mail that asks into the outbox. The address goes in when it is sent; see `letter_text`."""
    mail = question(survey.case, survey.contact)
    mail.mailbox, mail.key = mailbox_of(survey.case), f"survey:{survey.pk}"
    mail.save()


def question(case, contact):
    """The mail that asks a contact about a case, not stored; {link} stands where the address goes."""
    with speaking_to(contact):
        return asking(case, contact)


def asking(case, contact):
    """The mail in the language that is spoken now."""
    words = {"name": contact.first_name, "number": case.number, "subject": case.subject}
    text = _("Hello %(name)s,\n\nwe closed your request %(number)s, “%(subject)s”. How satisfied are you with our help?"
             "\n\n{link}\n\nOne click and you are done; your answer goes to the team that helped you.")  # fmt: skip
    return OutgoingMail(
        kind=OutgoingMail.SURVEY, case=case, to=contact.email, body=text % words, is_automatic=True,
        subject=_("How did we do? %(subject)s") % {"subject": case.subject},
    )  # fmt: skip


def letter_text(mail):
    """The text of a survey's mail as it is sent; None when it should not go any more."""
    survey = Survey.objects.select_related("case", "contact").filter(pk=mail.key.partition(":")[2]).first()
    if survey is None or survey.contact is None or survey.case.merged_into_id or survey.case.is_spam:
        return None
    if not may_contact([survey.contact], Purpose.SURVEY, "email")[survey.contact_id].may:
        return None
    return mail.body.replace("{link}", address_of(survey))


def is_open(survey, now=None):
    """Whether an answer can be given, or changed within a day."""
    now = now or timezone.now()
    if survey.answered_at:
        return now < survey.answered_at + EDIT_TIME
    return now < survey.expires_at


@operation
def answer(survey, score, comment="", *, by, now=None):
    """Keep the customer's score, 1 to 5, and comment; the agent is told of a poor one. Returns the survey.

    It may be changed for a day after the first answer. Refused later, and for any other score.
    """
    current = Survey.objects.select_for_update().get(pk=survey.pk)
    now = now or timezone.now()
    if not is_open(current, now):
        refuse(_("This survey is closed. Thank you."))
    if score not in range(1, 6):
        refuse(_("Choose one of the five."), "score")
    first = current.answered_at is None
    if not first and (current.score, current.comment) == (score, comment):
        return current
    current.score, current.comment, current.answered_at = score, comment.strip(), current.answered_at or now
    current.save(update_fields=["score", "comment", "answered_at"])
    text = _("The customer gave %(score)s of 5") if first else _("The customer changed the score to %(score)s of 5")
    note_event(current.case, text % {"score": score}, by=by, at=now)
    if score <= POOR and current.agent_id:
        words = said(current.case, text % {"score": score})
        tell(current.case, [current.agent], words, f"survey:{current.pk}:{score}")
    return current
