"""What the forms of products, quotes, sales and invoices share, and those forms."""

from datetime import timedelta

from crispy_forms.layout import Fieldset, Layout
from django import forms
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm_site.core.forms import PickField, RecordForm
from sales.models import Invoice, LossReason, PriceBook, Product, Quote, Sale
from sales.operations.cancelling import CHOICES, REOPEN
from sales.operations.products import read_ranges
from sales.operations.quotes import VALID_DAYS, usual_terms

CURRENCY = {"maxlength": 3, "autocomplete": "off", "autocapitalize": "characters", "size": 4}


def currency_code(text):
    """Three capital letters; an empty text stays."""
    code = (text or "").strip().upper()
    if code and not (len(code) == 3 and code.isascii() and code.isalpha()):
        raise forms.ValidationError(_("A currency has three letters, such as EUR."))
    return code


class PaperForm(RecordForm):
    """A form in sections, with a currency that defaults to the company's."""

    sections = ()

    def __init__(self, *args, only=None, **kwargs):
        super().__init__(*args, only=only, **kwargs)
        if "currency" in self.fields:
            self.fields["currency"].widget.attrs |= CURRENCY
            self.initial["currency"] = self.initial.get("currency") or settings.BASE_CURRENCY
        for name in ("net", "tax", "adjustment"):
            if name in self.fields:
                self.fields[name].required = False
        if not only:
            groups = [(title, [name for name in names if name in self.fields]) for title, names in self.sections]
            self.helper.layout = Layout(
                *(Fieldset(title, *names) for title, names in groups if names), "once", "version"
            )

    def clean_currency(self):
        """Three capital letters."""
        return currency_code(self.cleaned_data["currency"])

    def clean(self):
        """Amounts that were left empty are zero."""
        cleaned = super().clean()
        for name in ("net", "tax", "adjustment"):
            if name in cleaned and cleaned[name] is None:
                cleaned[name] = 0
        return cleaned


class ProductForm(PaperForm):
    """Something we sell; a new one with its first price."""

    price = forms.DecimalField(
        label=_("Price"), required=False, min_value=0, max_digits=15, decimal_places=3,
        help_text=_("Other prices, currencies and dates are set on its page."),
    )  # fmt: skip
    price_currency = forms.CharField(label=_("Currency of the price"), required=False, max_length=3)
    sections = (
        (_("About"), ("name", "code", "family", "unit", "description", "is_active")),
        (_("Price"), ("price", "price_currency", "tax_rate", "cost", "currency")),
        (_("Record"), ("owner", "team", "tags")),
    )

    class Meta:
        model = Product
        fields = ["name", "code", "family", "unit", "tax_rate", "cost", "currency", "is_active", "description",
                  "owner", "team", "tags"]  # fmt: skip

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            for name in ("price", "price_currency"):
                self.fields.pop(name, None)
            self.helper.layout = None
        elif "price_currency" in self.fields:
            self.initial.setdefault("price_currency", settings.BASE_CURRENCY)
        if "tax_rate" in self.fields:
            self.fields["tax_rate"].required = False

    def clean_price_currency(self):
        """Three capital letters."""
        return currency_code(self.cleaned_data["price_currency"])

    def clean_tax_rate(self):
        """Nothing is no tax."""
        return self.cleaned_data["tax_rate"] or 0


class PriceBookForm(PaperForm):
    """A list of prices."""

    sections = ((_("About"), ("name", "pricing", "ranges", "is_active", "description")),
                (_("Record"), ("owner", "team", "tags")))  # fmt: skip
    ranges = forms.CharField(
        label=_("Discounts by quantity"), required=False, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("For the differential model, one a line: from which quantity how many per cent, such as “10: 5”."),
    )  # fmt: skip

    class Meta:
        model = PriceBook
        fields = ["name", "pricing", "ranges", "is_active", "description", "owner", "team", "tags"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.initial["ranges"] = "\n".join(self.instance.ranges)

    def clean_ranges(self):
        """The discounts as the book keeps them."""
        return read_ranges(self.cleaned_data["ranges"].splitlines())


class PriceForm(forms.Form):
    """A price of a product."""

    currency = forms.CharField(label=_("Currency"), max_length=3)
    amount = forms.DecimalField(label=_("Price"), min_value=0, max_digits=15, decimal_places=3)
    valid_from = forms.DateField(
        label=_("From"), required=False, widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
        help_text=_("Left empty, it always held."),
    )  # fmt: skip
    valid_to = forms.DateField(
        label=_("To"), required=False, widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d")
    )

    def __init__(self, *args, user, price=None, **kwargs):
        names = ("currency", "amount", "valid_from", "valid_to")
        start = {name: getattr(price, name) for name in names} | {"book": price.book_id} if price else {}
        super().__init__(*args, initial={"currency": settings.BASE_CURRENCY} | start, **kwargs)
        self.fields["book"] = PickField(
            PriceBook.objects.visible_to(user), "/price-books/options/", label=_("Price book"), required=False,
            help_text=_("Left empty, it is the standard price."),
        )  # fmt: skip
        self.fields["book"].widget.current = price.book_id if price else None

    def clean_currency(self):
        """Three capital letters."""
        return currency_code(self.cleaned_data["currency"])


class QuoteForm(PaperForm):
    """An offer; its lines are typed on a page of their own."""

    sections = (
        (_("About"), ("subject", "opportunity", "valid_until", "currency", "price_book", "adjustment", "terms")),
        (_("For"), ("customer", "account", "contact")),
        (_("Record"), ("owner", "team", "tags")),
    )

    class Meta:
        model = Quote
        fields = ["subject", "opportunity", "valid_until", "currency", "price_book", "adjustment", "terms", "customer",
                  "account", "contact", "owner", "team", "tags"]  # fmt: skip

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if not self.instance.pk:
            self.initial.setdefault("valid_until", timezone.localdate() + timedelta(days=VALID_DAYS))
            self.initial["terms"] = self.initial.get("terms") or usual_terms()
        elif self.instance.status != Quote.DRAFT:
            for name in set(self.fields) - {"owner", "team", "tags", "once", "version"}:
                del self.fields[name]
            self.helper.layout = None


class SaleForm(PaperForm):
    """A sale that no deal was won for here; what was sold for how much stays as it was."""

    sections = (
        (_("About"), ("name", "sold_on", "due_on", "progress", "description")),
        (_("Amount"), ("currency", "net", "tax", "adjustment")),
        (_("For"), ("customer", "account", "contact")),
        (_("Record"), ("owner", "team", "tags")),
    )

    class Meta:
        model = Sale
        fields = ["name", "sold_on", "due_on", "progress", "currency", "net", "tax", "adjustment", "customer",
                  "account", "contact", "description", "owner", "team", "tags"]  # fmt: skip

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if not self.instance.pk:
            self.initial.setdefault("sold_on", timezone.localdate())
            return
        for name in ("sold_on", "currency", "net", "tax", "adjustment"):
            self.fields.pop(name, None)
        self.helper.layout = None


class InvoiceForm(PaperForm):
    """An invoice as an accounting system wrote it."""

    sections = (
        (_("About"), ("name", "document", "sale", "status", "issued_on")),
        (_("Amount"), ("currency", "net", "tax", "adjustment")),
        (_("For"), ("customer", "account", "contact")),
        (_("Record"), ("owner", "team", "tags")),
    )

    class Meta:
        model = Invoice
        fields = ["name", "document", "sale", "status", "issued_on", "currency", "net", "tax", "adjustment",
                  "customer", "account", "contact", "owner", "team", "tags"]  # fmt: skip


class CancelForm(forms.Form):
    """Why a sale is cancelled, and what becomes of its deal."""

    reason = forms.CharField(label=_("Why is it cancelled?"), max_length=300)
    then = forms.ChoiceField(
        label=_("What becomes of the deal?"), choices=list(CHOICES.items()), initial=REOPEN, widget=forms.RadioSelect
    )
    loss_reason = forms.ModelChoiceField(
        LossReason.objects.filter(is_active=True), label=_("Loss reason"), required=False,
        help_text=_("Needed to close the deal as lost."),
    )  # fmt: skip

    def __init__(self, *args, sale, **kwargs):
        super().__init__(*args, **kwargs)
        if sale.opportunity_id is None:
            for name in ("then", "loss_reason"):
                del self.fields[name]


class SendForm(forms.Form):
    """Where a quote is sent to, with which words."""

    to = forms.EmailField(
        label=_("To"), required=False, help_text=_("Left empty, nothing is mailed: you get the link to pass on.")
    )
    message = forms.CharField(label=_("Message"), required=False, max_length=5000, widget=forms.Textarea({"rows": 4}))


class AnswerForm(forms.Form):
    """Who answers a quote."""

    name = forms.CharField(
        label=_("Your name"), max_length=200,
        widget=forms.TextInput({"class": "form-control", "autocomplete": "name"}),
    )  # fmt: skip
