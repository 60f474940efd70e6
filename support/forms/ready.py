"""The forms of what agents have ready, as support managers fill them in."""

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from crm_site.core.condition_forms import bound_lines
from support.canned import PLACEHOLDER, WORDS
from support.forms.macros import COLUMNS, ActionsForm, line_count
from support.models import CannedReply


class CannedForm(forms.ModelForm):
    """A text kept ready; a placeholder that stands for nothing is told at once."""

    class Meta:
        model = CannedReply
        fields = ["name", "shortcut", "body", "team", "is_active"]
        widgets = {"body": forms.Textarea(attrs={"rows": 10})}

    def clean_body(self):
        """The text, of whose placeholders each is known."""
        body = self.cleaned_data["body"]
        if unknown := [name for name in PLACEHOLDER.findall(body) if name not in WORDS]:
            raise ValidationError(_("There is no placeholder {%(name)s}.") % {"name": unknown[0]})
        return body


class MacroSheet(ActionsForm):
    """A macro with its actions line by line, as a page shows them."""

    def lines(self):
        """The bound fields, line by line."""
        return bound_lines(self, COLUMNS, line_count(self.instance))
