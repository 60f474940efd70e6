"""The prices of a product: added, changed, ended."""

from django.http import Http404
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from crm_site.core import pages
from crm_site.core.kinds import KINDS
from customers.views.parties import done, form_page
from sales.forms.papers import PriceForm
from sales.models import Price
from sales.operations.products import add_price, change_price, end_price


@require_http_methods(["GET", "POST"])
def product_price_create(request, pk):
    """Another price of a product."""
    kind = KINDS["sales.product"]
    product = pages.get_visible_or_404(kind, request.user, pk, "change")
    form = PriceForm(request.POST or None, user=request.user)
    return form_page(
        request, kind, product, form, _("New price of %(name)s") % {"name": product},
        lambda values: add_price(product, values, by=request.user),
    )  # fmt: skip


def opened(request, pk):
    """The price, if the user may change its product."""
    price = Price.objects.select_related("product").filter(pk=pk).first()
    if price is None:
        raise Http404
    pages.get_visible_or_404(KINDS["sales.product"], request.user, price.product_id, "change")
    return price


@require_http_methods(["GET", "POST"])
def price_edit(request, pk):
    """Change a price; what was sold at it stays."""
    price = opened(request, pk)
    form = PriceForm(request.POST or None, user=request.user, price=price)
    return form_page(
        request, KINDS["sales.product"], price.product, form, _("Price of %(name)s") % {"name": price.product},
        lambda values: change_price(price, values, by=request.user),
    )  # fmt: skip


@require_POST
def price_end(request, pk):
    """Let a price end today."""
    price = opened(request, pk)
    text = _("It holds for the last time today.")
    return done(request, KINDS["sales.product"], price.product, lambda: end_price(price, by=request.user), text)
