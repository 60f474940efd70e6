"""What a step or a macro acts on, chosen from one list: a text such as "queue:5" says of what kind it is, and which."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy

from crm_site.core.models import User
from support.models import Case, Queue, Status, Webhook

USER, QUEUE, STATUS, PRIORITY, HOOK = "user", "queue", "status", "priority", "hook"
LABELS = {
    USER: gettext_lazy("Colleagues"), QUEUE: gettext_lazy("Queues"), STATUS: gettext_lazy("Statuses"),
    PRIORITY: gettext_lazy("Priorities"), HOOK: gettext_lazy("Webhooks"),
}  # fmt: skip
MODELS = {USER: User, QUEUE: Queue, STATUS: Status, HOOK: Webhook}
ABSENT = {
    USER: gettext_lazy("Say which colleague."), QUEUE: gettext_lazy("Say which queue."),
    STATUS: gettext_lazy("Say which status."), PRIORITY: gettext_lazy("Say which priority."),
    HOOK: gettext_lazy("Say which webhook."),
}  # fmt: skip


def in_use(kind):
    """The rows of a kind that may be acted on."""
    rows = MODELS[kind].objects.filter(is_active=True)
    return rows.filter(door=User.STAFF) if kind == USER else rows


def offered(kinds, more=()):
    """Choices for a list, in groups; `more` stands before them, as pairs."""
    groups = []
    for kind in kinds:
        rows = Case.PRIORITIES.items() if kind == PRIORITY else ((row.pk, str(row)) for row in in_use(kind))
        groups.append((LABELS[kind], [(f"{kind}:{key}", text) for key, text in rows]))
    return [("", "—"), *more, *groups]


def packed(kind, value):
    """The choice that stands for what is kept; none for what needs none."""
    return f"{kind}:{value}" if kind and value not in (None, "") else ""


def unpacked(kind, choice):
    """What a choice keeps for an action that wants a kind: an id, a number, or a word. Raises ValidationError."""
    found, _sign, value = str(choice or "").partition(":")
    if found != kind:
        raise ValidationError(ABSENT[kind])
    return int(value) if value.isascii() and value.isdigit() else value


def need(kind, value):
    """Raise ValidationError unless a value names something of the kind that is in use."""
    if kind == PRIORITY:
        known = value in Case.PRIORITIES
    else:
        known = isinstance(value, int) and in_use(kind).filter(pk=value).exists()
    if not known:
        raise ValidationError(ABSENT[kind])
    return value
