"""What is done with a quote: made from a deal, sent, answered, revised, turned into a sale; its PDF."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from crm_site.core import pages
from crm_site.core.kinds import KINDS
from crm_site.core.later import Later
from crm_site.core.operations import Refused
from customers.models import Contact
from customers.views.parties import done, form_page
from sales.forms.papers import SendForm
from sales.operations.quotes import accept_quote, begin_quote, reject_quote, revise_quote, send_quote, win_quote

pdf = Later("sales.pdf")


def opened(request, pk, action="view"):
    """The quote, if the user may do the action on it."""
    return pages.get_visible_or_404(KINDS["sales.quote"], request.user, pk, action)


def go_on(request, do, fallback):
    """Do something that gives a record and go to its page; a refusal is told on the page one came from."""
    try:
        made = do()
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect(fallback)
    except PermissionDenied:
        messages.error(request, _("You may not do that."))
        return redirect(fallback)
    return redirect(KINDS[made._meta.label_lower].record_url(made.pk))


@require_POST
def opportunity_quote_create(request, pk):
    """A new draft from a deal, in one click."""
    kind = KINDS["sales.opportunity"]
    pages.need(request.user, KINDS["sales.quote"], "add")
    deal = pages.get_visible_or_404(kind, request.user, pk)
    return go_on(request, lambda: begin_quote(deal, by=request.user), kind.record_url(pk))


@require_http_methods(["GET", "POST"])
def quote_send(request, pk):
    """Send a quote: by mail when there is an address, otherwise only the link is made."""
    quote = opened(request, pk, "change")
    form = SendForm(request.POST or None, initial={"to": known_address(quote, request.user)})
    return form_page(
        request, KINDS["sales.quote"], quote, form, _("Send %(name)s") % {"name": quote},
        lambda values: told(request, send_quote(quote, by=request.user, **values)), verb=_("Send"),
    )  # fmt: skip


def known_address(quote, user):
    """The address of the quote's contact, if the user sees that person and may write to them."""
    rows = Contact.objects.visible_to(user).filter(pk=quote.contact_id, do_not_contact=False)
    return rows.values_list("email", flat=True).first() or ""


def told(request, url):
    """Show the secret address once, to pass on."""
    messages.info(request, _("The link for the customer: %(url)s") % {"url": url})
    return url


@require_POST
def quote_answer(request, pk, answer):
    """Note what the customer answered."""
    quote = opened(request, pk, "change")
    do = {"accepted": accept_quote, "rejected": reject_quote}.get(answer)
    if do is None:
        raise Http404
    return done(request, KINDS["sales.quote"], quote, lambda: do(quote, by=request.user), _("Saved."))


@require_POST
def quote_revise(request, pk):
    """Make the next version."""
    quote = opened(request, pk, "change")
    return go_on(request, lambda: revise_quote(quote, by=request.user), f"/quotes/{pk}/")


@require_POST
def quote_win(request, pk):
    """Win the deal with this quote."""
    quote = opened(request, pk, "change")
    return go_on(request, lambda: win_quote(quote, by=request.user), f"/quotes/{pk}/")


@require_GET
def quote_pdf(request, pk):
    """The quote as a PDF."""
    return as_file(opened(request, pk))


def as_file(quote):
    """The answer that downloads a quote."""
    response = HttpResponse(pdf.quote_pdf(quote), content_type="application/pdf")
    name = slugify(f"{quote.number} v{quote.edition} {quote.subject}")[:80]
    response["Content-Disposition"] = f'attachment; filename="{name}.pdf"'
    return response
