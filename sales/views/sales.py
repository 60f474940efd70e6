"""What is done with a sale: cancelled, with a reason and a choice for its deal."""

from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from crm_site.core import pages
from crm_site.core.kinds import KINDS
from customers.views.parties import form_page
from sales.forms.papers import CancelForm
from sales.operations.cancelling import cancel_sale


@require_http_methods(["GET", "POST"])
def sale_cancel(request, pk):
    """Cancel a sale and reopen or lose its deal."""
    kind = KINDS["sales.sale"]
    sale = pages.get_visible_or_404(kind, request.user, pk, "change")
    form = CancelForm(request.POST or None, sale=sale)
    return form_page(
        request, kind, sale, form, _("Cancel %(name)s") % {"name": sale},
        lambda values: cancel_sale(sale, by=request.user, **values), verb=_("Cancel the sale"), leave=_("Keep it"),
    )  # fmt: skip
