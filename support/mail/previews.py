"""What a mailbox sends, as it would go out for a real case: nothing is stored, nothing is sent."""

from django.utils.translation import gettext as _

from crm_site.core.outside import whole
from customers.models import Contact
from support.canned import fill
from support.mail.receipts import receipt
from support.mail.sending import letter_of
from support.models import CannedReply, OutgoingMail
from support.operations.messages import reporter_address
from support.operations.surveys import question

CANNED = 50


def previews(mailbox, case, by):
    """[{title, mail, missing}] of each sort of mail: an answer, the receipt, the survey, and every canned reply.

    `mail` is the EmailMessage with the mailbox's sender and signature; `missing` names placeholders without a value.
    """
    to = reporter_address(case) or mailbox.address
    contact = case.contact or Contact(first_name="", email=to)
    rows = [
        (_("Answer"), answer(case, to, _("What the agent writes stands here."))),
        (_("Receipt of a new case"), receipt(case, to, "", mailbox)),
        (_("Question about satisfaction"), question(case, contact)),
    ]
    for canned in CannedReply.objects.filter(is_active=True)[:CANNED]:
        text, missing = fill(canned.body, case, by)
        rows.append((_("Canned reply: %(name)s") % {"name": canned.name}, answer(case, to, text), missing))
    return [shown(mailbox, *row) for row in rows]


def answer(case, to, text):
    """An agent's answer, not stored."""
    return OutgoingMail(kind=OutgoingMail.REPLY, case=case, to=to, subject=case.subject, body=text)


def shown(mailbox, title, row, missing=()):
    """A row as the page shows it; the secret address of a survey is made when it is asked."""
    row.mailbox, row.pk = mailbox, 0
    mail = letter_of(row, row.body.replace("{link}", whole("/…")))
    return {"title": title, "mail": mail, "missing": missing}
