"""What leaves customers/ by a sweep: reminders of activities, invitations to meetings, questions for consent."""

from django.db import transaction
from django.urls import reverse
from django.utils import formats, timezone
from django.utils.translation import gettext as _

from crm_site.core.notifications import notify
from crm_site.core.outbox import Outbox, letter, one_line, send_due
from crm_site.core.outside import whole
from customers.calendars import answer_token, invitation
from customers.models import Activity, Consent, Participant
from customers.operations.activities import repeat_due, zone_of
from customers.operations.consents import OPEN_DAYS, is_open, secret_of

BATCH = 200


def remind_due():
    """Notify the owners of open activities whose reminder is due, each once however many workers sweep."""
    count = 0
    while done := remind_batch():
        count += done
    return count


def repeat_all():
    """Make the next ones of tasks that come again by date; returns how many."""
    count = 0
    while done := repeat_due(by=None):
        count += done
    return count


def remind_batch():
    """Claim some due activities, notify their owners and mark them, in one transaction; returns how many."""
    with transaction.atomic():
        rows = Activity.objects.unscoped("the clock reminds everybody").filter(
            remind_at__lte=timezone.now(), remind_at__isnull=False, reminded_at__isnull=True, status=Activity.OPEN
        )
        rows = rows.select_for_update(skip_locked=True, of=("self",)).select_related("owner").order_by("remind_at")
        found = list(rows[:BATCH])
        notify([reminder(row) for row in found if row.owner_id and not row.deleted_at])
        ids = [row.pk for row in found]
        Activity.objects.unscoped("as above").filter(pk__in=ids).update(reminded_at=timezone.now())
        return len(found)


def reminder(activity):
    """The notification of an activity's reminder; its key holds the moment, so a later reminder is a new one."""
    local = activity.at.astimezone(zone_of(activity.owner))
    words = {"what": activity.subject, "when": formats.date_format(local, "SHORT_DATETIME_FORMAT")}
    return {
        "user_id": activity.owner_id, "text": _("%(when)s: %(what)s") % words, "url": f"/activities/{activity.pk}/",
        "key": f"reminder:{activity.pk}:{activity.remind_at.timestamp():.0f}",
    }  # fmt: skip


def invite_due():
    """Mail the invitations that are due and return how many were sent; see send_due."""
    return send_due(INVITATIONS)


def message_of(row):
    """The mail that invites to a meeting or takes that back, with the calendar file; None where none may go."""
    activity, party = row.activity, row.contact or row.user
    if activity.deleted_at or not party.email or getattr(party, "do_not_contact", False):
        return None
    cancelled = activity.status == Activity.CANCELLED
    zone = zone_of(row.user or activity.owner)
    when = formats.date_format(activity.at.astimezone(zone), "DATETIME_FORMAT")
    words = {"what": one_line(activity.subject), "when": f"{when} ({zone.key})", "place": activity.place}
    link = whole(reverse("customers:invitation_answer", args=[answer_token(row)]))
    if cancelled:
        subject, lines = (
            _("Cancelled: %(what)s") % words,
            [_("The meeting “%(what)s” on %(when)s is cancelled.") % words],
        )
    else:
        subject = _("Invitation: %(what)s") % words
        lines = [
            _("You are invited to “%(what)s”.") % words,
            words["when"],
            words["place"],
            "",
            _("Answer here:"),
            link,
        ]
    key = f"invitation-{row.pk}-{activity.version}"
    mail = letter(key, subject, "\n".join(lines), party.email, answers_to=activity.owner)
    method = "CANCEL" if cancelled else "REQUEST"
    mail.attach("invitation.ics", invitation(activity).decode(), f"text/calendar; method={method}")
    return mail


INVITATIONS = Outbox(
    lambda: Participant.objects.select_related("activity__owner", "contact", "user"),
    "invite_due", "invited_at", message_of, over=lambda row: row.activity.at < timezone.now(),
)  # fmt: skip


def ask_due():
    """Mail the questions for consent that are due and return how many were sent; see send_due."""
    return send_due(QUESTIONS)


def question_mail(entry):
    """The mail that asks somebody to confirm what they are said to want; None where it need not go any more."""
    contact = entry.contact
    if contact.deleted_at or contact.do_not_contact or not is_open(entry):
        return None
    link = whole(reverse("customers:consent_confirm", args=[secret_of(entry)]))
    lines = [
        _("Hello %(name)s,") % {"name": contact.first_name or contact.last_name}, _("Please confirm what we noted:"),
        f"“{entry.text}”", link,
        _("If you do nothing, we do nothing. The link works for %(days)s days.") % {"days": OPEN_DAYS},
    ]  # fmt: skip
    subject = _("Please confirm: %(purpose)s") % {"purpose": entry.purpose}
    return letter(f"consent-{entry.pk}", subject, "\n\n".join(lines), entry.address)


QUESTIONS = Outbox(lambda: Consent.objects.select_related("contact", "purpose"), "mail_due", "mailed_at", question_mail)
