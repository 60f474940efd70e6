"""Cases that mails begin: with the first message, its files, what is noted of the sender, and the receipt."""

from django.core.files.base import ContentFile
from django.utils.translation import gettext as _

from crm_site.core.attachments import LARGEST
from support.mail import copies, markup, receipts, threading, trimming
from support.mail.senders import domain_of, suggestions
from support.models import Case
from support.operations.cases import create_cases
from support.operations.story import note_each

ACTIVE_FILES = ("exe", "scr", "com", "bat", "cmd", "pif", "js", "jse", "vbs", "vbe", "wsf", "hta", "msi", "lnk", "jar",
                "ps1", "cpl", "iso", "img", "reg", "app", "dll")  # fmt: skip
# A file's bytes that a program is known by, whatever its name says.
PROGRAMS = (b"MZ", b"\x7fELF")


def open_cases(pairs, people):
    """Open a case for each (InboundMail, Mail), and return their first messages in order.

    `people` are the contacts by address. Who wrote one is known by the address or not at all. The number of
    statements does not grow with the mails.
    """
    rows = []
    for row, mail in pairs:
        first = said_by(row, mail, people)
        rows.append({
            "subject": mail.subject.strip() or _("(no subject)"), "channel": Case.EMAIL, "queue": row.mailbox.queue,
            "first": first | {"files": files_of(mail)[0]}, "contact": first["contact"], "at": row.received_at,
        } | private_to(row.mailbox))  # fmt: skip
    made = [(case, *pair) for case, pair in zip(create_cases(rows, by=None), pairs, strict=True)]
    note_unknown([one for one in made if one[0].contact_id is None], people)
    note_refused(made)
    copies.follow([(case, mail, row.mailbox) for case, row, mail in made if case.opening.is_verified])
    receipts.confirm([(case, mail, row.mailbox) for case, row, mail in made])
    return [case.opening for case, _row, _mail in made]


def private_to(mailbox):
    """Whose alone the cases of a mailbox are, as fields of a case; nothing where they are the queue's."""
    return {"owner": mailbox.private_to, "is_private": True} if mailbox.private_to_id else {}


def said_by(row, mail, people):
    """A mail as the fields of a message; `people` are the contacts by address."""
    body, quoted = trimming.trim(mail.text)
    html = written_in(mail.html) if quoted and mail.html else mail.html
    forged, found = threading.is_forged(mail), people.get(mail.sender, ())
    # Nobody, when several share the address or when it is forged.
    contact = found[0] if len(found) == 1 and not forged else None
    return {
        "contact": contact, "author_name": mail.sender_name or str(contact or ""), "author_email": mail.sender,
        "is_verified": not forged, "at": row.received_at, "subject": mail.subject, "body": body,
        "quoted": quoted, "html": html, "channel": Case.EMAIL, "message_id": row.key, "to": mail.to,
        "cc": mail.cc,
    }  # fmt: skip


def written_in(html):
    """A mail's markup without what it repeats; empty where that stands above or between, so that the text is shown."""
    body, quoted = trimming.trim(markup.text_of(html))
    return markup.up_to(html, body) if quoted else html


def note_unknown(made, people):
    """Say on cases of senders whom nobody knows why, with the accounts that they may be of."""
    strange = {domain_of(mail.sender) for _case, _row, mail in made if not people.get(mail.sender)}
    near = suggestions(strange)
    note_each([(case, unknown(mail, people, near), row.received_at) for case, row, mail in made], by=None)


def unknown(mail, people, near):
    """The sentence about a sender whom nobody knows; `near` are accounts by domain."""
    if threading.is_forged(mail):
        text = _("The sender %(who)s is not proved: the mail did not come from that domain.")
    elif people.get(mail.sender):
        text = _("Several contacts have the address %(who)s. Choose the reporter.")
    elif accounts := near.get(domain_of(mail.sender)):
        what = ", ".join(str(one) for one in accounts)
        return _("%(who)s is not a contact. By the domain, perhaps of: %(what)s") % {"who": mail.sender, "what": what}
    else:
        text = _("%(who)s is not a contact.")
    return text % {"who": mail.sender or "?"}


class Upload(ContentFile):
    """An attachment of a mail as uploads come: a name, a size, and what the markup calls it."""

    def __init__(self, file):
        super().__init__(file.data, name=file.name)
        self.cid = file.cid


def files_of(mail):
    """(uploads, names of those that are not kept): programs and what is larger than an upload may be stay outside."""
    kept, refused = [], []
    for file in mail.files:
        ending = file.name.rpartition(".")[2].strip().lower()
        bad = ending in ACTIVE_FILES or file.data.startswith(PROGRAMS) or len(file.data) > LARGEST
        (refused if bad else kept).append(file)
    return [Upload(file) for file in kept], [file.name for file in refused]


def note_refused(made):
    """Say on (case, InboundMail, Mail) which attachments were not kept; the whole mail still holds them."""
    text = _("Not kept as files, because they could do harm or are too large: %(names)s")
    refused = [(case, row, files_of(mail)[1]) for case, row, mail in made if mail.files]
    note_each([(case, text % {"names": ", ".join(names)[:500]}, None) for case, _row, names in refused if names],
              by=None)  # fmt: skip
