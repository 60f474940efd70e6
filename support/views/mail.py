"""The mails of a case, and the page on which administrators see how the mailboxes do."""

import functools

from django.contrib import messages
from django.http import FileResponse, Http404
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from crm_site.core import pages
from crm_site.core.converters import read_id
from crm_site.core.models import Fold
from crm_site.core.outside import whole
from crm_site.core.parts import rights
from crm_site.core.views.jobs import attachment
from customers.models import Account
from sales.models import Lead
from support.kinds import CASES
from support.mail import fetching, reconciling, sending
from support.mail.intake import retry
from support.mail.keys import new_key
from support.mail.previews import previews
from support.mail.senders import domain_of, suggestions
from support.models import Case, InboundMail, Mailbox, OutgoingMail, Reconciliation
from support.models.mail import readable_by
from support.operations.messages import reporter_address

SHOWN = 100


def administrators(view):
    """Only who may open the administration has this page; for all others there is none."""

    @functools.wraps(view)
    def guarded(request, *args, **kwargs):
        if not (request.user.is_staff and request.user.door == request.user.STAFF):
            raise Http404
        return view(request, *args, **kwargs)

    return guarded


@administrators
@require_GET
def mailbox_list(request):
    """All mailboxes with their lights and last counts, and the mails that could not be read or sent."""
    rows = []
    for mailbox in Mailbox.objects.select_related("queue"):
        counts = reconciling.latest(mailbox)
        color, why = reconciling.light(mailbox, counts)
        done = max(0, mailbox.backlog - mailbox.behind)
        rows.append({"mailbox": mailbox, "color": color, "why": why, "counts": counts, "done": done})
    own = readable_by(request.user)
    parked = InboundMail.objects.filter(own, state=InboundMail.PARKED).order_by("-id")[:SHOWN]
    failing = OutgoingMail.objects.filter(own, mailed_at__isnull=True).exclude(error="").order_by("-id")[:SHOWN]
    waiting = InboundMail.objects.filter(state=InboundMail.WAITING)[:1000].count()
    context = {"title": _("Mailboxes"), "rows": rows, "parked": parked, "failing": failing, "waiting": waiting}
    return TemplateResponse(request, "support/mail/mailboxes.html", context)


@administrators
@require_GET
def mailbox_preview(request, pk):
    """What the mailbox sends of itself, as it would go out for the case that ?case= names, else for its latest one."""
    mailbox = found(Mailbox.objects.filter(pk=pk))
    cases = Case.objects.visible_to(request.user).select_related("contact", "queue", "product", "account", "customer")
    asked = read_id(request.GET.get("case", ""))
    case = (cases.filter(pk=asked) if asked else cases.filter(queue=mailbox.queue_id).order_by("-pk")).first()
    made = previews(mailbox, case, request.user) if case else []
    context = {
        "title": _("What %(name)s sends") % {"name": mailbox.name},
        "mailbox": mailbox,
        "case": case,
        "mails": made,
    }
    return TemplateResponse(request, "support/mail/preview.html", context)


@administrators
@require_POST
def mailbox_key(request, pk):
    """Make a new key for the provider that posts mails, and show its address this once."""
    mailbox = found(Mailbox.objects.filter(pk=pk))
    key = new_key(mailbox)
    address = whole(reverse("support:mail_post", args=[mailbox.pk, key]))
    context = {"title": _("Address for your provider"), "mailbox": mailbox, "address": address}
    return TemplateResponse(request, "support/mail/key.html", context)


@administrators
@require_POST
def mailbox_check(request, pk):
    """Let a mailbox be read with the next sweep, whatever pause its troubles brought."""
    fetching.read_soon(found(Mailbox.objects.filter(pk=pk)))
    messages.success(request, _("It is read within half a minute."))
    return redirect("support:mailbox_list")


@administrators
@require_POST
def mailbox_missing(request, pk):
    """Fetch the mails that a count found missing."""
    row = found(Reconciliation.objects.select_related("mailbox").filter(pk=pk))
    try:
        count = reconciling.fetch_missing(row)
    except fetching.TROUBLE as error:
        messages.error(request, _("The mailbox cannot be read: %(why)s") % {"why": error})
    else:
        messages.success(request, _("%(count)s mails were fetched.") % {"count": count})
    return redirect("support:mailbox_list")


@administrators
@require_POST
def mail_retry(request, pk):
    """Read a parked mail anew."""
    retry(found(InboundMail.objects.filter(readable_by(request.user), pk=pk)))
    messages.success(request, _("It is tried again."))
    return redirect("support:mailbox_list")


@administrators
@require_GET
def parked_source(request, pk):
    """A mail that is on no case, as it came."""
    return source(found(InboundMail.objects.filter(readable_by(request.user), pk=pk, case__isnull=True)))


def found(rows):
    """The row, or there is no such page."""
    return rows.first() or not_there()


def not_there():
    """Say that there is no such page."""
    raise Http404


def source(mail):
    """A mail as it came, to be saved: no browser shows it within the site."""
    try:
        opened = mail.raw.open()
    except FileNotFoundError as missing:
        raise Http404 from missing
    return attachment(FileResponse(opened, as_attachment=True, filename=f"mail-{mail.pk}.eml"))


@require_GET
def case_mails(request, pk):
    """The mails of a case, in and out, with what failed; and whose the sender may be, while nobody is the reporter."""
    case = pages.get_visible_or_404(CASES, request.user, pk)
    came = InboundMail.objects.filter(case=case).order_by("-id")[:SHOWN]
    sent = OutgoingMail.objects.filter(case=case).order_by("-id")[:SHOWN]
    sender = "" if case.contact_id or case.account_id else reporter_address(case)
    domain = domain_of(sender)
    ids = [account.pk for account in suggestions({domain}).get(domain, ())]
    leads = Lead.objects.visible_to(request.user).alias(folded=Fold("email")).exclude(email="").filter(folded=sender)
    context = {
        "kind": CASES, "record": case, "case": case, "came": came, "sent": sent, "sender": sender,
        "may_change": "change" in rights(request.user, case),
        "leads": leads.order_by("-pk")[:3] if sender else (),
        "accounts": Account.objects.visible_to(request.user).filter(pk__in=ids),
        "title": _("Mails of %(case)s") % {"case": case},
    }  # fmt: skip
    return pages.fragment(request, "support/mail/_mails.html", context)


@require_GET
def mail_source(request, pk, mail):
    """A mail of a case as it came, for who may change the case: it names all recipients."""
    case = pages.get_visible_or_404(CASES, request.user, pk, "change")
    return source(found(InboundMail.objects.filter(pk=mail, case=case)))


@require_POST
def mail_again(request, pk, mail):
    """Send a mail again that was refused."""
    case = pages.get_visible_or_404(CASES, request.user, pk, "change")
    sending.send_again(found(OutgoingMail.objects.filter(pk=mail, case=case, mailed_at__isnull=True)))
    messages.success(request, _("It is sent again."))
    return redirect(CASES.record_url(case.pk))
