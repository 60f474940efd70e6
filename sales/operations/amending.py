"""Amending sales: what another system says of one that is here counts, its sums, its day and its number too."""

from django.utils.translation import gettext as _

from crm_site.core.money import Rates
from crm_site.core.operations import lock, operation, write_locked, write_many
from sales.models import Sale
from sales.operations.credits import reverse_credits, write_credits
from sales.operations.sales import keep_lines, standing

PRICED = {"total", "currency", "sold_on"}
CREDITED = {"net", "discount", "adjustment", "currency", "sold_on", "status", "owner", "opportunity"}


@operation
def amend_sale(sale, values, *, by, lines=None):
    """Set any fields of a sale, and its lines where unsaved ones are given; returns it.

    Its credit is taken back on its own day and written anew, so that each period counts what it should. A deal that
    is another sale already keeps that one.
    """
    current = lock(sale, by)
    values = dict(values)
    active = values.get("status", current.status) == Sale.ACTIVE
    deal = values.get("opportunity")
    if deal and active and standing([deal]).exclude(pk=current.pk).exists():
        del values["opportunity"]
    if PRICED & values.keys():
        total, currency, day = (values.get(name, getattr(current, name)) for name in ("total", "currency", "sold_on"))
        values["total_base"] = Rates([currency]).base(total, currency, day)
    amended, changed = write_locked(current, values, by=by)
    if lines is not None:
        amended.lines.all().delete()
        keep_lines([(amended, lines)])
    if lines is not None or CREDITED & set(changed):
        reverse_credits(amended, corrected=True)
        write_credits([amended])
    return amended


@operation
def withdraw_sales(rows, now, *, by):
    """Cancel the active sales among these because others stand for them, as if they had never counted; returns them."""
    found = list(rows.filter(status=Sale.ACTIVE).select_for_update(of=("self",)).order_by("pk"))
    ids = [sale.pk for sale in found]
    values = {"status": Sale.CANCELLED, "cancelled_at": now, "cancel_reason": _("Orders were imported in its place")}
    write_many(Sale.objects.unscoped("these came through the gate").filter(pk__in=ids), values, by=by)
    reverse_credits(*found, corrected=True)
    return found
