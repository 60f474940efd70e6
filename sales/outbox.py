"""What leaves sales/ by a sweep: the mails with quotes."""

import smtplib
from datetime import timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db import transaction
from django.utils import formats, timezone
from django.utils.translation import gettext as _

from crm_site.core.notifications import one_line
from sales import pdf
from sales.models import Quote, QuoteMail
from sales.operations.quotes import answer_url, digest, token_of

BATCH = 100
GIVE_UP = timedelta(days=3)
TRY_AGAIN = timedelta(hours=1)


def mail_due():
    """Mail the quotes in the outbox and return how many were sent; each is claimed, sent and marked by itself."""
    sent = 0
    with get_connection() as connection:
        for _turn in range(BATCH):
            done = mail_next(connection)
            if done is None:
                return sent
            sent += done
    return sent


def mail_next(connection):
    """Mail the next quote: 1 when sent, 0 when it was put off or dropped, None when nothing is due.

    One that was answered, superseded or sent anew meanwhile is dropped.
    """
    with transaction.atomic():
        rows = QuoteMail.objects.filter(due__lte=timezone.now(), due__isnull=False, mailed_at__isnull=True)
        rows = rows.select_for_update(skip_locked=True, of=("self",)).order_by("due")
        row = rows.select_related("quote__owner", "quote__customer", "quote__account", "quote__contact").first()
        if row is None:
            return None
        quote = row.quote
        if quote.status != Quote.SENT or quote.deleted_at or quote.token_hash != digest(token_of(quote)):
            settle(row, due=None)
            return 0
        try:
            message_of(row, connection).send()
        except (smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError, ValueError):
            late = timezone.now() - row.created_at > GIVE_UP
            settle(row, due=None if late else timezone.now() + TRY_AGAIN)
            return 0
        settle(row, due=None, mailed_at=timezone.now())
        return 1


def settle(row, **values):
    """Set what became of a mail."""
    QuoteMail.objects.filter(pk=row.pk).update(**values)


def message_of(row, connection):
    """The mail: what was written, the address to answer at, and the PDF."""
    quote = row.quote
    lines = [row.message, ""] if row.message else []
    lines += [_("Here is our quote “%(what)s”.") % {"what": quote.subject}]
    if quote.valid_until:
        lines.append(_("It is valid until %(day)s.") % {"day": formats.date_format(quote.valid_until, "DATE_FORMAT")})
    lines += ["", _("Read it and answer here:"), answer_url(quote)]
    subject = one_line(_("Quote %(number)s: %(what)s") % {"number": quote.number, "what": quote.subject})[:150]
    mail = EmailMessage(subject, "\n".join(lines), to=[row.to], connection=connection)
    if quote.owner:
        mail.reply_to = [quote.owner.email]
    host = urlsplit(settings.BASE_URL).hostname or "localhost"
    mail.extra_headers["Message-ID"] = f"<quote-{row.pk}@{host}>"
    mail.attach(f"{quote.number}-v{quote.edition}.pdf", pdf.quote_pdf(quote), "application/pdf")
    return mail
