"""The lines in which an administration's form shows the conditions of a rule: field, how it is compared, and value."""

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from crm_site.core.conditions import OPS, check_condition

# A rule has at most so many conditions; an empty line is none.
LINES = 6
FIELDSET = [(f"field_{line}", f"op_{line}", f"value_{line}") for line in range(LINES)]


def add_lines(form, kept, fields):
    """Give the form its lines, filled with the conditions that the rule has."""
    names = [("", "—"), *((name, field.label) for name, field in fields.items())]
    for line in range(LINES):
        had = kept[line] if line < len(kept) else {}
        form.fields[f"field_{line}"] = forms.ChoiceField(
            label=_("Condition %(number)s") % {"number": line + 1}, choices=names, required=False,
            initial=had.get("field", ""),
        )  # fmt: skip
        form.fields[f"op_{line}"] = forms.ChoiceField(
            label=_("how"), choices=list(OPS.items()), required=False, initial=had.get("op", "equals")
        )
        form.fields[f"value_{line}"] = forms.CharField(
            label=_("value"), required=False, max_length=500, initial=had.get("value", "")
        )


def read_lines(form, values, fields):
    """The conditions of the lines as a rule keeps them; each line that makes no sense says why at its value."""
    found = []
    for line in range(LINES):
        if not values.get(f"field_{line}"):
            continue
        condition = {name: values.get(f"{name}_{line}", "") for name in ("field", "op", "value")}
        try:
            found.append(check_condition(condition, fields))
        except ValidationError as error:
            form.add_error(f"value_{line}", error)
    return found
