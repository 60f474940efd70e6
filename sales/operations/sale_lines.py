"""Lines of sales that came from another system after the sales."""

from django.db.models.functions import Left

from crm_site.core.loading import fresh, insert_many
from crm_site.core.operations import operation
from sales.models import SaleLine


@operation
def add_sale_lines(rows, *, by):
    """Give sales the lines that another system tells of, and return these in order.

    A row holds fields of SaleLine, net, tax and total as they are there. The sums of the sales stay. The line that
    stood for the whole sale goes; who calls has checked that `by` may change the sales. Three statements.
    """
    ids = {row["sale"].pk for row in rows}
    whole = SaleLine.objects.filter(sale__in=ids, product=None, position=0, quantity=1)
    whole.filter(description=Left("sale__name", 300)).delete()
    last = dict.fromkeys(ids, -1)
    for sale, position in SaleLine.objects.filter(sale__in=ids).order_by("position").values_list("sale", "position"):
        last[sale] = position
    made = []
    for row in rows:
        last[row["sale"].pk] += 1
        made.append(fresh(SaleLine, **row, position=last[row["sale"].pk]))
    return insert_many(SaleLine, made)
