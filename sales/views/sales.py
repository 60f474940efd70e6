"""What is done with a sale: cancelled, with a reason and a choice for its deal."""

from django.conf import settings
from django.db.models import Sum
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from crm_site.core import pages
from crm_site.core.columns import money_text
from crm_site.core.kinds import KINDS
from customers.views.parties import form_page
from sales.forms.papers import CancelForm
from sales.models import Opportunity, Stage
from sales.operations.cancelling import cancel_sale
from sales.periods import QUARTER, period_of


@require_http_methods(["GET", "POST"])
def sale_cancel(request, pk):
    """Cancel a sale and reopen or lose its deal."""
    kind = KINDS["sales.sale"]
    sale = pages.get_visible_or_404(kind, request.user, pk, "change")
    form = CancelForm(request.POST or None, sale=sale)
    return form_page(
        request, kind, sale, form, _("Cancel %(name)s") % {"name": sale},
        lambda values: cancel_sale(sale, by=request.user, **values), verb=_("Cancel the sale"), leave=_("Keep it"),
        said=lambda cancelled: told_of(cancelled, request.user),
    )  # fmt: skip


def told_of(sale, user):
    """What cancelling a sale did: to the sale, to its deal as far as the user sees it, and to whose credit it was."""
    said = [_("Sale %(number)s is cancelled.") % {"number": sale.document}]
    if deal := Opportunity.objects.visible_to(user).filter(pk=sale.opportunity_id).select_related("stage").first():
        words = {"deal": deal, "stage": deal.stage}
        text = _("%(deal)s is open again in %(stage)s.") if deal.state == Stage.OPEN else _("%(deal)s is lost.")
        said.append(text % words)
    taken = sale.credits.filter(reverses__isnull=False)
    if last := taken.order_by("-day").first():
        amount = -taken.filter(kind="revenue").aggregate(sum=Sum("amount_base", default=0))["sum"]
        words = {"amount": money_text(amount, settings.BASE_CURRENCY), "period": period_of(last.day, QUARTER).label}
        said.append(_("Credit of %(amount)s is taken back in %(period)s.") % words)
    return " ".join(said)
