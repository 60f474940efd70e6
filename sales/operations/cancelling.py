"""Cancelling a sale: the document stays, the credit is taken back, and the deal is reopened or lost by choice."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm_site.core.operations import Refused, lock, operation
from sales.models import Opportunity, Sale
from sales.operations.closing import lose_opportunity, reopen_opportunity
from sales.operations.sales import void_sale
from sales.operations.story import tell_story

REOPEN, LOSE = "reopen", "lose"
CHOICES = {REOPEN: gettext_lazy("Reopen it"), LOSE: gettext_lazy("Close it as lost")}


@operation
def cancel_sale(sale, reason, *, by, then=REOPEN, loss_reason=None, note=""):
    """Cancel a sale with a reason and return it; its deal is reopened or lost, for a reason too.

    One that is cancelled already stays as it is, and so does its deal. Raises Refused without a reason.
    """
    current = lock(sale, by)
    if current.status == Sale.CANCELLED:
        return current
    if then not in CHOICES:
        raise Refused(_("Say what becomes of the deal."))
    current = void_sale(current, reason, by=by)
    words = {"number": current.document, "reason": current.cancel_reason}
    tell_story(current, _("Sale %(number)s cancelled: %(reason)s") % words, by=by)
    if current.opportunity_id is None:
        return current
    deal = Opportunity.objects.unscoped("its own sale was within reach").get(pk=current.opportunity_id)
    if deal.deleted_at:
        return current
    if then == LOSE:
        lose_opportunity(deal, loss_reason, by=by, note=note or reason)
    else:
        reopen_opportunity(deal, by=by)
    return current
