"""Lines of fields in an administration's form: those of a rule's conditions, and of whatever else comes in lines."""

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from crm_site.core.conditions import OPS, check_condition

# A rule has at most so many conditions; an empty line is none.
LINES = 6
CONDITION = ("field", "op", "value")


def line_names(columns, lines=LINES):
    """The names of the fields of some lines, a tuple a line, as a fieldset of the administration takes them."""
    return [tuple(f"{name}_{line}" for name in columns) for line in range(lines)]


def room_for(kept):
    """How many lines a form has for what is kept: always some that are free."""
    return max(LINES, len(kept) + 2)


FIELDSET = line_names(CONDITION)


def put_lines(form, columns, kept, lines=LINES):
    """Give the form its lines, filled with what is kept; `columns` is {name: makes the field of a line's number}."""
    for line in range(lines):
        had = kept[line] if line < len(kept) else {}
        for name, make in columns.items():
            field = form.fields[f"{name}_{line}"] = make(line + 1)
            field.initial = had.get(name, field.initial)


def bound_lines(form, columns, lines=LINES):
    """The form's bound fields line by line, as a page shows them."""
    found = [[form[name] for name in names] for names in line_names(columns, lines)]
    for field in (field for line in found for field in line):
        look = "form-select" if isinstance(field.field, forms.ChoiceField) else "form-control"
        field.field.widget.attrs["class"] = look
    return found


def take_lines(form, values, columns, check, lines=LINES):
    """What `check` makes of each line that is filled; what it finds wrong stands at the line's last field.

    A line whose first field was emptied is taken away.
    """
    found = []
    for names in line_names(columns, lines):
        had = {name: form.fields[name].initial for name in names}
        filled = any(values.get(name) not in (None, "") and str(values[name]) != str(had[name] or "") for name in names)
        if not values.get(names[0]) and (had[names[0]] or not filled):
            continue
        try:
            found.append(check({column: values.get(name, "") for column, name in zip(columns, names, strict=True)}))
        except ValidationError as error:
            form.add_error(names[-1], error)
    return found


def add_lines(form, kept, fields):
    """Give the form the lines of a rule's conditions, filled with those that it has."""
    names = [("", "—"), *((name, field.label) for name, field in fields.items())]
    columns = {
        "field": lambda n: forms.ChoiceField(
            label=_("Condition %(number)s") % {"number": n}, choices=names, required=False
        ),
        "op": lambda _n: forms.ChoiceField(
            label=_("how"), choices=list(OPS.items()), required=False, initial="equals"
        ),
        "value": lambda _n: forms.CharField(label=_("value"), required=False, max_length=500),
    }  # fmt: skip
    put_lines(form, columns, kept)


def read_lines(form, values, fields):
    """The conditions of the lines as a rule keeps them; each line that makes no sense says why at its value."""
    return take_lines(form, values, CONDITION, lambda line: check_condition(line, fields))
