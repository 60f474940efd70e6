"""What support/ mails: answers, receipts, surveys, links and notices, as the mailbox of the case."""

import mimetypes
from datetime import timedelta
from email.utils import formataddr

from django.conf import settings
from django.core.mail import EmailMessage
from django.utils import timezone
from django.utils.translation import gettext as _

from crm_site.core.outbox import Outbox, one_line, send_due
from support.links import text_of
from support.mail.references import message_id_of, reply_address, with_number
from support.models import Mailbox, Message, MessageFile, OutgoingMail
from support.operations.surveys import letter_text

# So many earlier mails are named at most: the first one and the latest.
NAMED = 12
LARGEST_FILES = 20 * 1024 * 1024


def mail_due(limit=200):
    """Send the mails that are due and return how many went; see send_due."""
    return send_due(MAILS, limit)


def message_of(row):
    """The mail of a row, with the headers by which mail programs keep a conversation together.

    None for a case that is gone, and for a link or a survey that nobody needs any more.
    """
    text = WRITERS.get(row.kind, written)(row)
    return None if text is None or (row.case and row.case.deleted_at) else letter_of(row, text)


def letter_of(row, text):
    """The mail of a row that says a text."""
    case, mailbox = row.case, row.mailbox or mailbox_for(row.case)
    subject = row.subject or (case.subject if case else "")
    if case:
        subject = with_number(answering(subject) if row.kind == OutgoingMail.REPLY else subject, case)
    mail = EmailMessage(
        one_line(subject)[:200], signed(text, mailbox), sender_of(mailbox), [row.to], cc=row.cc,
        headers=headers_of(row, mailbox),
    )  # fmt: skip
    if mailbox and mailbox.plus_addresses and case:
        mail.reply_to = [formataddr((mailbox.from_name, reply_address(mailbox, case)))]
    if row.message_id:
        attach(mail, row.message)
    return mail


def mailbox_for(case):
    """The mailbox that a case is answered from when the row names none: one of its queue, else any in use."""
    rows = Mailbox.objects.filter(is_active=True).order_by("pk")
    return (case and rows.filter(queue=case.queue_id).first()) or rows.first()


def sender_of(mailbox):
    """Whom a mail comes from."""
    return formataddr((one_line(mailbox.from_name), mailbox.address)) if mailbox else settings.DEFAULT_FROM_EMAIL


def answering(subject):
    """A subject as answers have it."""
    return subject if subject[:3].lower() in ("re:", "aw:") else f"Re: {subject}"


def written(row):
    """What a mail says as its row has it, else its message; nothing of what was said before, whoever is in copy."""
    return row.body or (row.message.body if row.message_id else "")


# Mails whose secret address is not kept, but put in as they go.
WRITERS = {OutgoingMail.LINK: text_of, OutgoingMail.SURVEY: letter_text}


def signed(text, mailbox):
    """The text with the mailbox's signature."""
    signature = mailbox.signature.strip() if mailbox else ""
    return f"{text}\n\n-- \n{signature}\n" if signature else text


def headers_of(row, mailbox):
    """Message-ID, what it answers, and the marks by which other machines leave it unanswered."""
    headers = {"Message-ID": f"<{message_id_of(row)}>"}
    if row.case_id:
        headers["X-Kith-Case"] = message_id_of(row).rpartition("-")[0]
        if names := conversation(row):
            headers |= {"In-Reply-To": f"<{names[-1]}>", "References": " ".join(f"<{name}>" for name in names)}
    if row.is_automatic or row.kind in (OutgoingMail.RECEIPT, OutgoingMail.SURVEY):
        headers |= {"Auto-Submitted": "auto-replied", "X-Auto-Response-Suppress": "All"}
    elif row.kind in (OutgoingMail.NOTICE, OutgoingMail.LINK):
        headers["Auto-Submitted"] = "auto-generated"
    return headers


def conversation(row):
    """The Message-IDs of the mails of a case before this one, as they came, the latest last."""
    came = Message.objects.filter(
        case=row.case_id, direction=Message.IN, message_id__contains="@", at__lte=row.created_at
    ).order_by("-at", "-pk")  # fmt: skip
    rows = OutgoingMail.objects.filter(case=row.case_id, mailed_at__isnull=False, pk__lt=row.pk).order_by("-pk")
    sent = [(one.mailed_at, message_id_of(one)) for one in rows.select_related("case")[:NAMED]]
    both = sorted([*((one.at, one.message_id.partition("#")[0]) for one in came[:NAMED]), *sent])
    names = [name for _at, name in both][-NAMED:]
    latest = next((one.message_id.partition("#")[0] for one in came[:1]), None)
    # An answer names the customer's mail last, even where a receipt of ours went between.
    return [*(name for name in names if name != latest), latest] if latest else names


def attach(mail, message):
    """Put the files of a message to its mail; where they are too large together, say what stays behind."""
    size, left = 0, []
    for file in MessageFile.objects.filter(message=message).select_related("attachment").order_by("pk"):
        kept = file.attachment
        size += kept.size
        if size > LARGEST_FILES:
            left.append(kept.name)
            continue
        kind = mimetypes.guess_type(kept.name)[0] or "application/octet-stream"
        with kept.file.open("rb") as opened:
            mail.attach(kept.name, opened.read(), kind if not kind.startswith(("text/", "message/")) else
                        "application/octet-stream")  # fmt: skip
    if left:
        mail.body += "\n\n" + _("Too large for a mail, ask us for it: %(names)s") % {"names": ", ".join(left)}


def over(row):
    """Whether trying a refused mail again makes no sense."""
    return timezone.now() - row.created_at > timedelta(days=3)


def send_again(row):
    """Let a mail that was given up, or waits after a refusal, go with the next sweep."""
    OutgoingMail.objects.filter(pk=row.pk, mailed_at__isnull=True).update(due=timezone.now())


def rows():
    """The mails that have not gone, with what they are made of."""
    return OutgoingMail.objects.filter(mailed_at__isnull=True).select_related("case", "message", "mailbox")


MAILS = Outbox(rows, "due", "mailed_at", message_of, over=over, error="error")
