"""Escalation steps of service levels: what they may do, how they are filled in line by line, and kept."""

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from support import targets
from support.models import METRIC_NAMES, METRICS

OWNER, LEAD, USER, PRIORITY, QUEUE, ASSIGN, HOOK = "owner", "lead", "user", "priority", "queue", "assign", "webhook"
DOES = {
    OWNER: gettext_lazy("tell the owner"), LEAD: gettext_lazy("tell the team's lead"),
    USER: gettext_lazy("tell a colleague"), PRIORITY: gettext_lazy("raise the priority"),
    QUEUE: gettext_lazy("move to a queue"), ASSIGN: gettext_lazy("assign to a colleague"),
    HOOK: gettext_lazy("call a webhook"),
}  # fmt: skip
# Of which kind is what they act on; raising the priority by one needs nothing.
ON = {USER: targets.USER, ASSIGN: targets.USER, QUEUE: targets.QUEUE, PRIORITY: targets.PRIORITY, HOOK: targets.HOOK}
COLUMNS = ("metric", "minutes", "spent", "do", "whom")


def checked_steps(steps):
    """Steps as they are kept, each with a key of its own that says what it is. Raises ValidationError."""
    found = {}
    for step in steps:
        kept = {name: step.get(name) for name in ("metric", "minutes", "business", "do", "value")}
        if kept["metric"] not in METRICS or kept["do"] not in DOES or not isinstance(kept["minutes"], int):
            raise ValidationError(_("A step needs a metric, minutes and what to do."))
        kept["business"] = bool(kept["business"])
        kept["value"] = checked_value(kept["do"], kept["value"])
        spent = "w" if kept["business"] else ""
        kept["key"] = f"{kept['metric']}{kept['minutes']:+}{spent}:{kept['do']}:{kept['value'] or ''}"[:40]
        found[kept["key"]] = kept
    return sorted(found.values(), key=lambda step: (step["metric"], step["minutes"], step["key"]))


def checked_value(do, value):
    """The id or number that an action needs, None where it needs none. Raises ValidationError."""
    if do not in ON or (do == PRIORITY and not value):
        return None
    return targets.need(ON[do], value)


def step_columns():
    """The fields of a line: which promise, when, what happens, and whom or where."""
    metrics, does = ([("", "—"), *names.items()] for names in (METRIC_NAMES, DOES))
    on = targets.offered(dict.fromkeys(ON.values()))
    times = [("", _("by the clock")), ("working", _("of working time"))]
    return {
        "metric": lambda n: forms.ChoiceField(label=_("Step %(number)s") % {"number": n}, choices=metrics,
                                              required=False),
        "minutes": lambda _n: forms.IntegerField(label=_("minutes after it is due (negative: before)"), required=False,
                                                 min_value=-999_999, max_value=999_999),
        "spent": lambda _n: forms.ChoiceField(label=_("counted"), choices=times, required=False),
        "do": lambda _n: forms.ChoiceField(label=_("what"), choices=does, required=False),
        "whom": lambda _n: forms.ChoiceField(label=_("whom or where"), choices=on, required=False),
    }  # fmt: skip


def step_of_line(line):
    """The step that a filled line says, as it is kept. Raises ValidationError."""
    value = None
    if line["do"] in ON and (line["whom"] or line["do"] != PRIORITY):
        value = targets.unpacked(ON[line["do"]], line["whom"])
    step = {"metric": line["metric"], "minutes": line["minutes"], "business": line["spent"] == "working"}
    return checked_steps([step | {"do": line["do"], "value": value}])[0]


def lines_of(steps):
    """Kept steps as the lines show them."""
    return [
        step | {"whom": targets.packed(ON.get(step["do"]), step["value"]),
                "spent": "working" if step["business"] else ""} for step in steps
    ]  # fmt: skip
