"""The form of a macro: what it does in lines, each an action from a list with what it acts on, or a text."""

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm_site.core.condition_forms import line_names, put_lines, room_for, take_lines
from support import targets
from support.canned import PLACEHOLDER, WORDS
from support.models import Macro, Status
from support.operations.macros import ACTIONS
from support.operations.states import status_of

ON = {"status": targets.STATUS, "priority": targets.PRIORITY, "queue": targets.QUEUE, "owner": targets.USER}
TAGS = ("add_tags", "remove_tags")
COLUMNS = ("do", "on", "text")
PEOPLE = (("user:me", gettext_lazy("whoever runs it")), ("user:", gettext_lazy("nobody")))


def action_columns():
    """The fields of a line: the action, what it acts on, and a text or tags."""
    does, on = [("", "—"), *ACTIONS.items()], targets.offered(ON.values(), PEOPLE)
    text = forms.Textarea(attrs={"rows": 2, "cols": 40})
    return {
        "do": lambda n: forms.ChoiceField(label=_("Action %(number)s") % {"number": n}, choices=does, required=False),
        "on": lambda _n: forms.ChoiceField(label=_("to what"), choices=on, required=False),
        "text": lambda _n: forms.CharField(label=_("text, or tags with commas"), required=False, widget=text,
                                           max_length=20_000),
    }  # fmt: skip


def action_of_line(line):
    """The action that a filled line says, as it is kept. Raises ValidationError."""
    do, text = line["do"], line["text"].strip()
    if do in ON:
        value = targets.unpacked(ON[do], line["on"])
        free = do == "owner" and value in ("me", "")
        return {"do": do, "value": value if free else targets.need(ON[do], value)}
    if do not in ACTIONS:
        raise ValidationError(_("Say what to do."))
    if not text:
        raise ValidationError(_("Write the text, or the tags."))
    if do in TAGS:
        return {"do": do, "value": [tag.strip() for tag in text.split(",") if tag.strip()]}
    if unknown := [name for name in PLACEHOLDER.findall(text) if name not in WORDS]:
        raise ValidationError(_("There is no placeholder {%(name)s}.") % {"name": unknown[0]})
    return {"do": do, "value": text}


def lines_of(actions):
    """Kept actions as the lines show them."""
    found = []
    for action in actions:
        do, value = action["do"], action.get("value")
        if do == "status" and value in Status.CATEGORIES:
            value = status_of(value).pk
        text = ", ".join(value) if do in TAGS and not isinstance(value, str) else value
        on = f"{ON[do]}:{value or ''}" if do in ON else ""
        found.append({"do": do, "on": on, "text": "" if do in ON else text})
    return found


def line_count(macro):
    """How many lines a macro's form has."""
    return room_for(macro.actions if macro else ())


def groups_for(macro):
    """The groups of a macro's form."""
    said = gettext_lazy("What is said goes out first, the status is set last. Empty the first box to take one away.")
    lines = {"fields": line_names(COLUMNS, line_count(macro)), "description": said}
    return [(None, {"fields": ActionsForm.Meta.fields}), (gettext_lazy("What it does"), lines)]


class ActionsForm(forms.ModelForm):
    """A macro with its actions, three boxes a line."""

    class Meta:
        model = Macro
        fields = ["name", "team", "order", "is_active"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        put_lines(self, action_columns(), lines_of(self.instance.actions), line_count(self.instance))

    def clean(self):
        """The actions as the macro keeps them; each line that makes no sense says why."""
        values = super().clean()
        self.instance.actions = take_lines(self, values, COLUMNS, action_of_line, line_count(self.instance))
        if not self.instance.actions:
            raise ValidationError(_("Say at least one thing that it does."))
        return values
