"""The columns that quotes, sales and invoices share."""

from django.utils.translation import gettext_lazy as _

from crm_site.core.columns import Column

NUMBER = Column("number", _("Number"), source="number", needs=("id",), sort="new", shown=False, imports=False)


def price_book():
    """The book that prices come from."""
    return Column(
        "price_book", _("Price book"), "link", kind="sales.pricebook", shown=False, edit=True,
        aliases=("price book name", "pricebook", "price list"),
    )  # fmt: skip


def parties():
    """Whom a paper is for."""
    return (
        Column("customer", _("Customer"), "link", kind="customers.customer", aliases=("customer name",)),
        Column("account", _("Account"), "link", kind="customers.account", shown=False, aliases=("account name",)),
        Column("contact", _("Contact"), "link", kind="customers.contact", shown=False, aliases=("contact name",)),
    )


def sums():
    """What a paper is worth, in its currency."""
    return (
        Column("total", _("Total"), "money", currency="currency", aliases=("grand total", "amount")),
        Column("net", _("Net"), "money", currency="currency", shown=False, aliases=("sub total", "subtotal")),
        Column("discount", _("Discount"), "money", currency="currency", shown=False),
        Column("tax", _("Tax"), "money", currency="currency", shown=False),
        Column("adjustment", _("Adjustment"), "money", currency="currency", shown=False),
        Column("currency", _("Currency"), shown=False),
    )
