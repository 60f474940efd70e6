"""Secret addresses that are mailed: made anew from the row that they belong to, so that nothing kept could open a door.

A row keeps the hash of its secret. Its mail stands in the outbox with MARK where the address goes; `text_of` puts it
there when the mail is sent. All addresses begin with the site's own, whatever host a request named.
"""

from datetime import timedelta

from django.urls import reverse
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from crm_site.core.outside import whole
from support.models import OutgoingMail, PortalToken, ProfileChange

LIVES = timedelta(hours=1)
MARK = "{link}"
TOKEN, CHANGE = "portal-link", "profile"


def secret_of(row, side=""):
    """The secret part of a row's address; `side` tells the two addresses of a change apart.

    That of a token is known before the token is kept: it is its user's, of its purpose and moment.
    """
    whose = f"{row.user_id}:{row.purpose}" if isinstance(row, PortalToken) else row.pk
    said = f"{row._meta.label_lower}:{whose}:{row.created_at.timestamp():.6f}:{side}"
    return salted_hmac("support.portal.link", said, algorithm="sha256").hexdigest()


def mail_link(row, to, subject, lines, side="", *, later=""):
    """Put a mail into the outbox that will hold the row's secret address; `later` is said below it."""
    kind = TOKEN if isinstance(row, PortalToken) else CHANGE
    lives = _("The link works once, for an hour. If you did not expect it, you need not do anything.")
    OutgoingMail.objects.create(
        kind=OutgoingMail.LINK, to=to, subject=subject, body="\n\n".join(filter(None, [*lines, MARK, lives, later])),
        key=f"{kind}:{row.pk}:{side}", is_automatic=True,
    )  # fmt: skip


def text_of(mail):
    """The text of a mail of the outbox with its address in it; None when its row is gone. Others are as written."""
    if mail.kind != OutgoingMail.LINK or MARK not in mail.body:
        return mail.body
    kind, pk, side = mail.key.split(":")
    model, page = (PortalToken, "portal_link") if kind == TOKEN else (ProfileChange, "portal_email")
    row = model.objects.filter(pk=pk).first()
    if row is None:
        return None
    if kind == TOKEN and row.purpose == PortalToken.RESET:
        page = "portal_password_new"
    return mail.body.replace(MARK, whole(reverse(f"support:{page}", args=[secret_of(row, side)])))
