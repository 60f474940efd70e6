"""Forms of what hangs on a deal: rows of people, competitors and shares of the credit."""

from django import forms
from django.utils.translation import gettext_lazy as _

from crm_site.core.forms import PickField, users_for
from customers.models import Account, Contact
from sales.forms.opportunity import plain_helper
from sales.models import ContactRole, Split

# Empty rows beside those that are there.
SPARE = 3


class RowsForm(forms.Form):
    """Some rows of two or three fields, as one plain form; an emptied row is taken away.

    `cleaned_data["rows"]` are dicts for the operation. A subclass says what a row has: `row_fields(number)` answers
    {name: field}, and `key` is the field that names somebody.
    """

    version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    key = ""

    def __init__(self, *args, deal, user, rows=(), **kwargs):
        super().__init__(*args, **kwargs)
        self.user, self.count = user, max(len(rows) + SPARE, self.sent())
        for number in range(self.count):
            row = rows[number] if number < len(rows) else {}
            for name, field in self.row_fields(number + 1).items():
                self.fields[f"{name}_{number}"] = field
                if row.get(name) is not None:
                    self.initial[f"{name}_{number}"] = row[name]
                    if hasattr(field.widget, "current"):
                        field.widget.current = row[name]
        self.helper = plain_helper()

    def sent(self):
        """How many rows the browser sent; at most a hundred are read."""
        return min(100, sum(name.startswith(f"{self.key}_") for name in self.data)) if self.is_bound else 0

    def clean(self):
        """The rows that name somebody."""
        found = []
        for number in range(self.count):
            names = list(self.row_fields(number + 1))
            row = {name: self.cleaned_data.get(f"{name}_{number}") for name in names}
            if row[self.key]:
                found.append({name: value for name, value in row.items() if value is not None})
        self.cleaned_data["rows"] = found
        return self.cleaned_data


class PeopleForm(RowsForm):
    """Who has to do with the deal, and as what."""

    key = "contact"

    def row_fields(self, number):
        """A contact and a role."""
        rows = Contact.objects.visible_to(self.user)
        label = _("Contact %(n)s") % {"n": number}
        return {
            "contact": PickField(rows, "/contacts/options/", label=label, required=False),
            "role": forms.ChoiceField(
                label=_("Role of contact %(n)s") % {"n": number}, choices=ContactRole.ROLES, required=False
            ),
        }


class CompetitorsForm(RowsForm):
    """Who is after the same deal."""

    key = "account"

    def row_fields(self, number):
        """An account and a note."""
        rows = Account.objects.visible_to(self.user)
        label = _("Competitor %(n)s") % {"n": number}
        return {
            "account": PickField(rows, "/accounts/options/", label=label, required=False),
            "note": forms.CharField(
                label=_("Note on competitor %(n)s") % {"n": number}, max_length=300, required=False
            ),
        }


class SplitsForm(RowsForm):
    """Who is credited with how much."""

    key = "user"

    def row_fields(self, number):
        """A user, a share and its kind."""
        label = _("User %(n)s") % {"n": number}
        return {
            "user": PickField(users_for(self.user), "/users/options/", label=label, required=False),
            "percent": forms.DecimalField(
                label=_("Share of user %(n)s, %%") % {"n": number}, max_digits=6, decimal_places=3, min_value=0,
                required=False,
            ),
            "kind": forms.ChoiceField(
                label=_("Kind of share %(n)s") % {"n": number}, choices=Split.KINDS, required=False
            ),
        }  # fmt: skip

    def clean(self):
        """Who is named gets a share."""
        cleaned = super().clean()
        if any("percent" not in row for row in cleaned["rows"]) and not self.errors:
            self.add_error(None, _("Give everybody who is named a share."))
        return cleaned
