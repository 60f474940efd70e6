"""What the imports of sales/ share: targets, sums and their currencies, the words of the other system."""

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm_site.core.imports.cells import clean_text
from crm_site.core.imports.plan import fold
from crm_site.core.imports.registry import Target
from crm_site.core.imports.targets import link_targets, moment_targets, owner_targets
from crm_site.core.money import Rates
from customers.columns.account import CURRENCY_NAMES
from customers.imports.common import find_by

SUMS = {
    "net": ("sub total", "subtotal", "net total", "net amount"),
    "discount": ("discount amount", "total discount"),
    "tax": ("tax amount", "total tax", "vat"),
    "adjustment": ("adjustments",),
    "total": ("grand total", "amount", "total amount", "value"),
}
# What the wizard offers for files that name no currency; any other is told by a column.
CURRENCIES = (
    "AED", "AUD", "BRL", "CAD", "CHF", "CNY", "CZK", "DKK", "EUR", "GBP", "HUF", "INR", "JPY", "MXN", "NOK", "NZD",
    "PLN", "RON", "SEK", "SGD", "TRY", "USD", "ZAR",
)  # fmt: skip
ACCOUNTS = ("account name", "company", "client", "organization", "sales account", "associated company",
            "primary associated company", "potential customer", "firma", "unternehmen", "société",
            "empresa")  # fmt: skip
PEOPLE = ("contact name", "contact email", "contact person", "person", "associated contact", "primary contact",
          "related contacts", "ansprechpartner")  # fmt: skip
BOOKS = ("price book name", "pricebook", "pricebook name", "price list", "book")
# How the ids of records begin that have none in the other system: they came along with another one.
MADE = "made:"
LABELS = {
    "net": gettext_lazy("Net"), "discount": gettext_lazy("Discount"), "tax": gettext_lazy("Tax"),
    "adjustment": gettext_lazy("Adjustment"), "total": gettext_lazy("Total"),
}  # fmt: skip


def record_targets():
    """What every record may bring: tags, its owner, and when it was made and changed."""
    return [Target("tags", gettext_lazy("Tags"), "tags"), *owner_targets(), *moment_targets()]


def party_targets():
    """Whom a deal or a paper is about."""
    return [
        *link_targets("account", gettext_lazy("Account"), "customers.account", ACCOUNTS),
        *link_targets("contact", gettext_lazy("Contact"), "customers.contact", PEOPLE),
        *link_targets("customer", gettext_lazy("Customer"), "customers.customer", ("customer name",)),
    ]


def book_targets():
    """The price book from which prices were taken."""
    return link_targets("price_book", gettext_lazy("Price book"), "sales.pricebook", BOOKS)


def sum_targets():
    """The sums of a paper and their currency."""
    made = [Target(name, LABELS[name], "money", aliases) for name, aliases in SUMS.items()]
    return [*made, currency_target()]


def currency_target():
    """The code of the currency, such as EUR."""
    return Target("currency", gettext_lazy("Currency"), limit=3,
                  aliases=(*CURRENCY_NAMES, "amount currency"),
                  choices=dict(zip(CURRENCIES, CURRENCIES, strict=True)))  # fmt: skip


def kept(run, name, make):
    """What was made under a name the first time it was asked for in this import."""
    if name not in run.kept:
        run.kept[name] = make()
    return run.kept[name]


def word(draft, run, name):
    """What the file says in the column of a target, as it stands there; '' for no column or an empty cell."""
    places = kept(run, "places", lambda: {target.name: n for n, _h, target, _r, _s in run.plan.columns})
    return clean_text(draft.cells[places[name]]) if name in places else ""


def add_tag(values, text):
    """Add a tag to a row's own."""
    values["tags"] = list(dict.fromkeys([*(values.get("tags") or []), text[:50]]))


def keep_word(draft, run, name, labels):
    """Keep the other system's word for a choice as a tag, unless it is our own label or value for it."""
    said = word(draft, run, name)
    if said and fold(said) not in {fold(str(labels.get(draft.values.get(name), ""))), draft.values.get(name)}:
        add_tag(draft.values, said)


def settle_sums(draft, run, names, *, counts=True):
    """Split amounts into sums and one currency: that of their sign, of the row, or the company's own.

    Tells when no rate of the currency is known, so that the sums count in no total. `counts` is False for sums that
    are in none anyway.
    """
    values, found = draft.values, []
    code = (values.get("currency") or "").strip().upper()
    for name in names:
        if isinstance(given := values.get(name), tuple):
            values[name] = given[0]
            found += [given[1]] if given[1] else []
    if len(set(found)) > 1:
        draft.fail("", _("Its amounts are in different currencies."))
        return
    values["currency"] = found[0] if found else code or settings.BASE_CURRENCY
    if code and found and code != found[0] and "currency" in run.plan.header_of:
        text = _("The amounts are in %(currency)s by their sign.") % {"currency": found[0]}
        draft.warn(run.plan.header_of["currency"], text, kept=True)
    given = [name for name in names if values.get(name)]
    if counts and given:
        tell_unrated(draft, run, given[0])


def tell_unrated(draft, run, name):
    """Warn that amounts in a currency without a rate are in no total."""
    code = draft.values["currency"]
    if code == settings.BASE_CURRENCY:
        return
    rates = kept(run, f"rates {code}", lambda: Rates([code]).known.get(code))
    if not rates:
        text = _("An amount in %(currency)s counts in no total until you enter a rate.") % {"currency": code}
        draft.warn(run.plan.header_of.get(name, ""), text, kept=True)


def day_of(moment):
    """The local day of a moment, or None."""
    return timezone.localdate(moment) if moment else None


def finder(model, column="name_sort", text_of=str):
    """The look-up of records of a model by name."""

    def find(texts, user):
        return find_by(model.objects.visible_to(user), texts, column, text_of)

    return find
