"""Escalation steps of service levels: how they are written in a line, kept, and said.

A line is `metric, minutes, what, whom`: "resolution, -30 working, owner", "first, 60, lead", "resolution, 120 working,
priority, 1", "resolution, 240, user, ana@example.com", "first, 30, queue, Second level".
"""

import re

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm_site.core.models import User
from support.models import METRICS, Case, Queue

DOES = {
    "owner": gettext_lazy("tell the owner"), "lead": gettext_lazy("tell the team's lead"),
    "user": gettext_lazy("tell a colleague"), "priority": gettext_lazy("raise the priority"),
    "queue": gettext_lazy("move to a queue"), "assign": gettext_lazy("assign to a colleague"),
}  # fmt: skip
MOMENT = re.compile(r"^([+-]?\d{1,6})\s*(working)?$")


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
    if do in ("user", "assign"):
        if not User.objects.filter(pk=value, is_active=True, door=User.STAFF).exists():
            raise ValidationError(_("Say which colleague a step tells or gives the case to."))
    elif do == "queue":
        if not Queue.objects.filter(pk=value, is_active=True).exists():
            raise ValidationError(_("Say to which queue a step moves the case."))
    elif do == "priority" and value:
        if value not in Case.PRIORITIES:
            raise ValidationError(_("Priorities are numbers from 1, urgent, to 4, low."))
    else:
        return None
    return value


def read_steps(text):
    """The steps of a text with one a line, unchecked. Raises ValidationError naming the line."""
    return [read_step(line) for line in text.splitlines() if line.strip()]


def read_step(line):
    """The step that a line says."""
    parts = [part.strip() for part in line.split(",", 3)]
    moment = MOMENT.match(parts[1]) if len(parts) > 2 else None
    if moment is None or parts[0] not in METRICS or parts[2] not in DOES:
        raise ValidationError(_("“%(line)s” is no step: write “resolution, 60 working, lead”.") % {"line": line})
    step = {"metric": parts[0], "minutes": int(moment[1]), "business": bool(moment[2]), "do": parts[2]}
    return step | {"value": read_value(parts[2], parts[3] if len(parts) > 3 else "")}


def read_value(do, text):
    """What the last part of a line names; None where there is no such thing."""
    if do in ("user", "assign"):
        return User.objects.filter(email__iexact=text).values_list("pk", flat=True).first()
    if do == "queue":
        return Queue.objects.filter(name__iexact=text).values_list("pk", flat=True).first()
    return int(text) if do == "priority" and text.isdigit() else None


def written(steps):
    """Steps as lines, as `read_steps` takes them."""
    users = dict(User.objects.filter(pk__in=named(steps, "user", "assign")).values_list("pk", "email"))
    queues = dict(Queue.objects.filter(pk__in=named(steps, "queue")).values_list("pk", "name"))
    lines = []
    for step in steps:
        names = queues if step["do"] == "queue" else users if step["do"] in ("user", "assign") else {}
        spent = f"{step['minutes']} working" if step["business"] else str(step["minutes"])
        value = names.get(step["value"], step["value"])
        lines.append(", ".join([step["metric"], spent, step["do"], *([str(value)] if value else [])]))
    return "\n".join(lines)


def named(steps, *actions):
    """The ids that steps of some actions name."""
    return [step["value"] for step in steps if step["do"] in actions]
