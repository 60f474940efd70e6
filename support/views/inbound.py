"""Where a mail provider posts the mails that it took in for us."""

from django.http import Http404, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from crm_site.core.outside import digest
from support.mail.intake import LARGEST_MAIL, take_in
from support.models import Mailbox


# The provider has no session: the key in the address is its right, and a forged request could not know it.
@csrf_exempt
@require_POST
def mail_post(request, pk, key):
    """Keep the mail that is the body (RFC 822). 202 when it is kept, 404 for a wrong key, 413 when it is too large."""
    mailbox = Mailbox.objects.filter(pk=pk, is_active=True).first()
    known = constant_time_compare(digest(key), mailbox.key_hash if mailbox else "")
    if not known:
        raise Http404
    # Read piece by piece up to the limit: what the sender says of its length counts for nothing.
    raw = request.read(LARGEST_MAIL + 1)
    if len(raw) > LARGEST_MAIL:
        return HttpResponse(status=413)
    if not raw.strip():
        return HttpResponse(status=400)
    take_in(mailbox, raw)
    return HttpResponse(status=202)
