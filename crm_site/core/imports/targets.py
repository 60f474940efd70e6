"""Targets of a kind, from the columns it declares."""

from django.core.exceptions import FieldDoesNotExist
from django.utils.translation import gettext_lazy as _

from .registry import DELETED, Target, external_id

TYPES = {"self": "text", "bool": "boolean"}
CHANGED = (
    "modified time",
    "changed at",
    "last modified",
    "last modified date",
    "modified",
    "updated at",
    "updated time",
    "modified at",
    "modified on",
    "date modified",
    "updated on",
    "update time",
    "last update time",
    "updated",
    "sys updated on",
    "last updated",
    "do not modify modified on",
)
OWNER_IDS = ("owner id", "contact owner id", "account owner id", "call owner id", "event owner id", "task owner id",
             "record owner id", "ownerid", "lead owner id", "invoice owner id", "price book owner id", "quote owner id",
             "sales order owner id", "potential owner id", "product owner id",
             "deal owner id", "opportunity owner id", "case owner id", "ticket owner id",
             "campaign owner id", "assigned user id", "assigned to id")  # fmt: skip
OWNERS = ("record owner", "assigned to", "sales order owner", "order owner", "price book owner", "potential owner",
          "invoice owner", "product owner", "quote owner", "sales agent", "agent", "sales rep")  # fmt: skip


def targets_of(kind, *, without=(), aliases=None):
    """The targets that a kind's importable columns offer; `aliases` adds names by column."""
    more, made = aliases or {}, [external_id()]
    for column in kind.columns:
        if not column.imports or column.name in (*without, "owner", "created_at", "changed_at"):
            continue
        names = (*column.aliases, *more.get(column.name, ()))
        if column.type == "link":
            made += link_targets(column.name, column.label, column.kind, names)
        else:
            made.append(target_of(kind.model, column, names))
    return [*made, *owner_targets(), *moment_targets()]


def target_of(model, column, names):
    """The target of a plain column; its limit and whether it must be filled come from the model."""
    try:
        db_field = model._meta.get_field(column.path)
    except FieldDoesNotExist:
        db_field = None
    empty = db_field is None or db_field.blank or db_field.has_default() or column.type == "bool"
    return Target(
        column.name, column.label, TYPES.get(column.type, column.type), names,
        required=not empty, choices=column.choices, limit=getattr(db_field, "max_length", None) or 0,
    )  # fmt: skip


def link_targets(name, label, wanted, names=()):
    """The two targets of a link: by name or e-mail address, and by the id in the other system."""
    ids = tuple(
        f"{each}{tail}" for tail in ("id", " id", " ids") for each in (name, *names) if not each.endswith(" id")
    )
    return [
        Target(name, label, "link", tuple(names), wanted=wanted, field=name, by="name", limit=300),
        Target(f"{name}.id", _("%(link)s: id there") % {"link": label}, "link", ids, wanted=wanted, field=name, by="id",
               limit=200),
    ]  # fmt: skip


def owner_targets():
    """The owner by name or e-mail address, and by the id in the other system."""
    return [
        Target("owner", _("Owner"), "user", OWNERS, wanted="core.user", field="owner", by="name"),
        Target("owner.id", _("Owner: id there"), "user", OWNER_IDS, wanted="core.user", field="owner", by="id"),
    ]


def moment_targets():
    """When the record was made and last changed in the other system, and whether it is gone there."""
    return [
        Target("created_at", _("Created"), "datetime", ("created time", "created date")),
        Target("changed_at", _("Changed"), "datetime", CHANGED),
        Target(DELETED, _("Deleted there"), "boolean", ("is deleted", "deleted")),
    ]
