"""The form of the lines of a deal or a quote: as many rows as there are, and some empty ones."""

from django import forms
from django.utils.translation import gettext_lazy as _

from crm_site.core.forms import PickField
from sales.models import PriceBook, Product
from sales.operations.lines import FIELDS, completed, problem
from sales.operations.totals import line_values, totals

EMPTY = 3
MOST = 200


def decimal(label, digits, places, **attrs):
    """A number that may stay empty."""
    widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off", **attrs})
    return forms.DecimalField(label=label, required=False, max_digits=digits, decimal_places=places, widget=widget)


class LineForm(forms.Form):
    """One row; what a product brings may stay empty."""

    description = forms.CharField(label=_("Description"), required=False, max_length=300)
    quantity = decimal(_("Quantity"), 14, 4)
    unit_price = decimal(_("Unit price"), 18, 4)
    discount_percent = decimal(_("Discount, %"), 7, 4)
    discount_amount = decimal(_("Discount"), 18, 3)
    tax_rate = decimal(_("Tax, %"), 7, 4)
    remove = forms.BooleanField(label=_("Remove"), required=False)
    field_order = ("product", "description", "quantity", "unit_price", "discount_percent", "discount_amount",
                   "tax_rate", "remove")  # fmt: skip

    def __init__(self, *args, user, kept=None, **kwargs):
        super().__init__(*args, **kwargs)
        rows = Product.objects.visible_to(user).filter(is_active=True)
        self.fields["product"] = PickField(rows, "/products/options/", label=_("Product"), required=False)
        # A product that was sold once stays on its line, also when it is no longer on sale.
        self.fields["product"].widget.current = kept
        self.order_fields(self.field_order)
        for name, field in self.fields.items():
            look = {"product": "form-select", "remove": "form-check-input"}.get(name, "form-control")
            field.widget.attrs |= {"aria-label": str(field.label), "class": look}

    def typed(self):
        """The fields that are typed, in order."""
        return [self[name] for name in self.field_order[1:-1]]

    def row(self):
        """The row's values, None where nothing was typed; None for a row without anything or that is removed."""
        if not self.is_valid() or self.cleaned_data.get("remove"):
            return None
        row = {name: self.cleaned_data.get(name) for name in FIELDS}
        row["description"] = (row["description"] or "").strip().replace("\0", "")
        typed = [row[name] for name in ("product", "description", "unit_price")]
        return row if any(value not in (None, "") for value in typed) else None


class Lines:
    """The rows of a page: bound to what was posted, or filled from the record.

    `complete` gives `rows`, the values of the good ones, and `sums`; each good form gets its `values`.
    """

    def __init__(self, record, user, data=None, extra=EMPTY):
        self.record, self.user, self.data, self.currency = record, user, data, record.currency
        self.stored = list(record.lines.order_by("position", "id"))
        self.books = list(PriceBook.objects.visible_to(user).filter(is_active=True).order_by("name_sort", "id")[:MOST])
        chosen = data.get("book", "") if data is not None else str(record.price_book_id or "")
        self.book = next((book for book in self.books if str(book.pk) == chosen), None)
        self.forms = self.bound() if data is not None else self.filled(extra)

    def filled(self, extra):
        """The record's own lines and some empty rows."""
        made = []
        for number, line in enumerate([*self.stored, *[None] * extra]):
            start = {name: plain(getattr(line, f"{name}_id" if name == "product" else name)) for name in FIELDS if line}
            made.append(LineForm(prefix=f"line-{number}", user=self.user, initial=start, kept=start.get("product")))
        return made

    def bound(self):
        """As many rows as were posted, each with the product that one of the record's lines has kept."""
        kept = {str(line.product_id) for line in self.stored if line.product_id}
        made = []
        for number in range(self.posted()):
            chosen = self.data.get(f"line-{number}-product", "")
            made.append(LineForm(
                self.data, prefix=f"line-{number}", user=self.user, kept=chosen if chosen in kept else None
            ))  # fmt: skip
        return made

    def posted(self):
        """How many rows were posted, two hundred at most."""
        text = self.data.get("rows", "")
        return min(int(text), MOST) if text.isascii() and text.isdigit() and len(text) < 5 else 0

    def complete(self):
        """Fill what products bring, compute, and note what is wrong beside its field. Whether all is well."""
        found = [(form, form.row()) for form in self.forms]
        typed = [(form, row) for form, row in found if row is not None]
        rows = completed([row for _form, row in typed], self.currency, self.user, book=self.book)
        self.rows, well = [], all(form.is_valid() for form in self.forms)
        for (form, _typed), row in zip(typed, rows, strict=True):
            wrong = problem(row, self.currency)
            if wrong:
                form.add_error(*wrong)
                well = False
                continue
            form.values = line_values(row, self.currency)
            self.rows.append(row | form.values)
        self.sums = totals(self.rows, getattr(self.record, "adjustment", 0))
        self.filled_in = dict(zip([form.prefix for form, _row in typed], rows, strict=True))
        return well

    def redrawn(self, more=0):
        """The rows anew as unbound forms with what products brought, without removed ones, and some empty rows."""
        made = []
        for form in self.forms:
            if form.is_bound and form.is_valid() and form.cleaned_data.get("remove"):
                continue
            start = {name: self.data.get(f"{form.prefix}-{name}", "") for name in FIELDS}
            brought = self.filled_in.get(form.prefix, {})
            for name in ("product", "description", "quantity", "unit_price", "tax_rate"):
                value = brought.get(name)
                start[name] = start[name] if start[name] or value is None else plain(getattr(value, "pk", value))
            made.append(start)
        made += [{}] * more
        self.forms = [
            LineForm(prefix=f"line-{number}", user=self.user, initial=start, kept=start.get("product") or None)
            for number, start in enumerate(made)
        ]


def plain(value):
    """A number without trailing zeros, as people type it."""
    if value is None or isinstance(value, str | int):
        return value
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
