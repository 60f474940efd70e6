"""Quotes, orders and answers that a customer reads."""

from urllib.parse import urlencode

from django.contrib import messages
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from crm_site.core.operations import Refused
from sales.models import Quote
from sales.operations.quotes import accept_quote, reject_quote
from sales.views.quotes import as_file
from support import portal
from support.knowledge import fitting
from support.models import ArticleVote
from support.operations.articles import vote_on_article


def listed(request, rows, template, **query):
    """A page of rows; `query` is what the next page keeps of the address."""
    context = portal.page_of(request, rows) | query | {"keep": urlencode(query)}
    return render(request, template, context)


@portal.portal_page
@require_GET
def portal_quotes(request):
    """The quotes that we sent."""
    return listed(request, portal.quotes_for(request.access).order_by("-id"), "portal/quotes.html")


def own_quote(request, pk):
    """The quote, if it was sent to the customer."""
    return portal.found_or_404(portal.quotes_for(request.access).select_related("account", "contact", "customer"), pk)


def is_open(quote):
    """Whether it waits for an answer."""
    return quote.status == Quote.SENT and not (quote.valid_until and quote.valid_until < timezone.localdate())


@portal.portal_page
@require_GET
def portal_quote(request, pk):
    """A quote with its lines, and the answer to it."""
    quote = own_quote(request, pk)
    context = {"quote": quote, "lines": quote.lines.order_by("position", "id"), "open": is_open(quote)}
    return render(request, "portal/quote.html", context)


@portal.portal_page
@require_GET
def portal_quote_pdf(request, pk):
    """A quote as a PDF; many at once would cost us more than they help anybody."""
    quote = own_quote(request, pk)
    return as_file(quote) if portal.within(request, "portal_costly", user=request.user) else portal.later(request)


@portal.portal_page
@require_POST
def portal_quote_answer(request, pk):
    """Accept or decline a quote, in the customer's own name."""
    quote = own_quote(request, pk)
    do = {"accepted": accept_quote, "rejected": reject_quote}.get(request.POST.get("answer"))
    try:
        if do:
            do(quote, by=None, name=str(request.access.contact))
            messages.success(request, _("Thank you for your answer."))
    except Refused as refusal:
        messages.error(request, str(refusal))
    return redirect("support:portal_quote", pk=pk)


@portal.portal_page
@require_GET
def portal_sales(request):
    """What was ordered."""
    return listed(request, portal.sales_for(request.access).order_by("-sold_on", "-id"), "portal/sales.html")


@portal.portal_page
@require_GET
def portal_sale(request, pk):
    """An order with its lines."""
    sale = portal.found_or_404(portal.sales_for(request.access), pk)
    return render(request, "portal/sale.html", {"sale": sale, "lines": sale.lines.order_by("position", "id")})


@portal.portal_page
@require_GET
def portal_articles(request):
    """Answers that are written down; those that fit the words that are looked for, best first."""
    q, rows = request.GET.get("q", "").strip()[:100], portal.articles_for(request.access)
    rows = fitting(rows, q) if q else rows.order_by("name_sort", "id")
    return listed(request, rows, "portal/articles.html", q=q)


@portal.portal_page
@require_GET
def portal_article(request, pk):
    """An answer as it was published, and whether it helped the reader."""
    article = portal.found_or_404(portal.articles_for(request.access), pk)
    vote = ArticleVote.objects.filter(article=article, user=request.user).first()
    return render(request, "portal/article.html", {"article": article, "vote": vote})


@portal.portal_page
@require_POST
def portal_article_vote(request, pk):
    """Say whether an answer helped: one vote a person, which may be changed."""
    article = portal.found_or_404(portal.articles_for(request.access), pk)
    if (said := request.POST.get("helped")) in ("yes", "no"):
        comment = request.POST.get("comment", "").replace("\0", "")
        vote_on_article(article, said == "yes", by=request.user, comment=comment)
        messages.success(request, _("Thank you for telling us."))
    return redirect("support:portal_article", pk=pk)
