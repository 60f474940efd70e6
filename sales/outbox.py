"""What leaves sales/ by a sweep: the mails with quotes."""

from django.utils import formats
from django.utils.translation import gettext as _

from crm_site.core.later import Later
from crm_site.core.outbox import Outbox, letter, send_due
from crm_site.core.outside import digest
from customers.languages import speaking_to
from sales.models import Quote, QuoteMail
from sales.operations.quotes import answer_url, token_of

pdf = Later("sales.pdf")


def mail_due():
    """Mail the quotes that are due and return how many were sent; see send_due."""
    return send_due(QUOTES)


def message_of(row):
    """The mail: what was written, the address to answer at, and the PDF.

    None for a quote that was answered, superseded or sent anew meanwhile.
    """
    quote = row.quote
    if quote.status != Quote.SENT or quote.deleted_at or quote.token_hash != digest(token_of(quote)):
        return None
    with speaking_to(quote.contact):
        mail = written(row, quote)
    mail.attach(f"{quote.number}-v{quote.edition}.pdf", pdf.quote_pdf(quote), "application/pdf")
    return mail


def written(row, quote):
    """The mail without its paper."""
    lines = [row.message, ""] if row.message else []
    lines += [_("Here is our quote “%(what)s”.") % {"what": quote.subject}]
    if quote.valid_until:
        lines.append(_("It is valid until %(day)s.") % {"day": formats.date_format(quote.valid_until, "DATE_FORMAT")})
    lines += ["", _("Read it and answer here:"), answer_url(quote)]
    subject = _("Quote %(number)s: %(what)s") % {"number": quote.number, "what": quote.subject}
    return letter(f"quote-{row.pk}", subject, "\n".join(lines), row.to, answers_to=quote.owner)


QUOTES = Outbox(
    lambda: QuoteMail.objects.filter(mailed_at__isnull=True).select_related(
        "quote__owner", "quote__customer", "quote__account", "quote__contact"
    ),
    "due", "mailed_at", message_of,
)  # fmt: skip
