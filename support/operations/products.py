"""Operations on installed products: make, change, and make those of a sale."""

from collections import Counter

from django.db import transaction
from django.utils.translation import gettext as _

from crm_site.core.operations import new_rows, operation, refuse, require, update_record
from sales.models import Sale
from support.models import InstalledProduct

# A line of more pieces than this, or of a part of one, is one installed product.
MOST_PIECES = 200


def named(row):
    """A row whose name, left empty, is the product's; Refused without a product."""
    if not row.get("product"):
        refuse(_("Say which product it is."), "product")
    return row if (row.get("name") or "").strip() else row | {"name": str(row["product"])}


@operation
def create_installed(rows, *, by):
    """Make many installed products and return them in order; the import's way in."""
    return new_rows(InstalledProduct, [with_party(named(dict(row))) for row in rows], by=by)


def with_party(row):
    """A row whose account follows from its customer or its contact."""
    if not row.get("account"):
        party = next((row[name] for name in ("customer", "contact") if row.get(name)), None)
        if party and party.account_id:
            row["account"] = party.account
    return row


def create_installed_product(values, *, by):
    """Make one installed product and return it; without a name it is called as its product."""
    return create_installed([values], by=by)[0]


def update_installed(installed, values, *, by, version=None):
    """Change an installed product and return it. Raises Stale."""
    return update_record(installed, values, by=by, version=version)


@operation
def install_sale(sale, *, by):
    """Make the installed products of a sale's lines, a piece each, and return the new ones.

    What was made before, also by somebody at the same moment, is not made again, even when it lies in the bin.
    """
    require(by, InstalledProduct, "add")
    with transaction.atomic():
        rows = Sale.objects.visible_to(by) if by else Sale.objects.unscoped("the system acts for itself")
        sale = rows.select_for_update(of=("self",)).filter(pk=sale.pk).first()
        if sale is None or sale.status != Sale.ACTIVE:
            refuse(_("A cancelled sale brings nothing."))
        lines = sale.lines.filter(product__isnull=False).select_related("product").order_by("position", "pk")
        there = InstalledProduct.objects.unscoped("what one sale brought is made once").filter(sale=sale)
        there = Counter(there.values_list("product", flat=True))
        missing = []
        for line in lines:
            wanted = pieces(line.quantity)
            made = min(there[line.product_id], wanted)
            there[line.product_id] -= made
            missing += [line.product] * (wanted - made)
        same = {"sale": sale, "bought_on": sale.sold_on}
        same |= {name: getattr(sale, name) for name in ("customer", "account", "contact")}
        return create_installed([same | {"product": product, "name": product.name} for product in missing], by=by)


def pieces(quantity):
    """How many installed products a line's quantity makes."""
    whole = quantity == int(quantity) and 1 <= quantity <= MOST_PIECES
    return int(quantity) if whole else 1
