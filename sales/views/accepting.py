"""The page behind the secret address of a quote: the customer looks, and accepts or rejects; no signing in."""

from allauth.core import ratelimit
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from crm_site.core.operations import Refused
from customers.languages import language_of
from sales.forms.papers import AnswerForm
from sales.models import Quote
from sales.operations.quotes import accept_quote, quote_of, reject_quote
from sales.outside import company
from sales.views.quotes import as_file

SAID = {
    Quote.ACCEPTED: gettext_lazy("This quote is accepted. Thank you."),
    Quote.REJECTED: gettext_lazy("This quote was declined."),
    Quote.EXPIRED: gettext_lazy("This quote has run out. Ask us for a new one."),
    Quote.SUPERSEDED: gettext_lazy("There is a newer version of this quote. Look for our latest mail, or ask us."),
    Quote.DRAFT: gettext_lazy("This quote is being revised."),
}  # fmt: skip


def named(request, token):
    """The quote behind the address; guessing is slowed down, and what is wrong is not told apart."""
    if not ratelimit.consume(request, action="quote_accept"):
        return None
    found = quote_of(token)
    if found is None:
        raise Http404
    return found


def closed(response):
    """The answer, kept out of search engines and of other sites' logs.

    Nothing of the address is told to others; to ourselves the browser has to say where an answer comes from.
    """
    response["X-Robots-Tag"] = "noindex, nofollow"
    response["Referrer-Policy"] = "same-origin"
    return response


@login_not_required
@never_cache
@require_http_methods(["GET", "POST"])
def quote_accept(request, token):
    """What was offered, and the customer's answer; looking changes nothing."""
    quote = named(request, token)
    if quote is None:
        return closed(HttpResponse(_("Too many tries. Wait a minute."), status=429, content_type="text/plain"))
    translation.activate(language_of(quote.contact) or translation.get_language_from_request(request))
    form, trouble = AnswerForm(request.POST or None), ""
    answer = {"accepted": accept_quote, "rejected": reject_quote}.get(request.POST.get("answer"))
    if request.method == "POST" and answer and form.is_valid():
        try:
            quote = answer(quote, by=None, name=form.cleaned_data["name"].replace("\0", ""))
        except Refused as refusal:
            trouble = str(refusal)
            quote = quote_of(token) or quote
    over = quote.valid_until is not None and quote.valid_until < timezone.localdate()
    status = Quote.EXPIRED if quote.status == Quote.SENT and over else quote.status
    seller = company()
    context = {
        "quote": quote, "lines": quote.lines.order_by("position", "id"), "form": form, "trouble": trouble,
        "open": status == Quote.SENT, "said": SAID.get(status, ""), "company": seller.get("name"),
        "pdf_url": f"{request.path}quote.pdf", "seller": seller,
    }  # fmt: skip
    return closed(render(request, "sales/quotes/accept.html", context))


@login_not_required
@never_cache
@require_GET
def quote_accept_pdf(request, token):
    """The quote as a PDF, for who has its secret address."""
    quote = named(request, token)
    if quote is None:
        return closed(HttpResponse(_("Too many tries. Wait a minute."), status=429, content_type="text/plain"))
    return closed(as_file(quote))
