"""Kinds: what the kit must know of each kind of record to give it a list, a page, forms, import and export.

An app declares its kinds in its `kinds.py`, which its AppConfig imports; everything generic reads them from here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.urls import reverse

from crm_site.core.kept import Slot, kept_objects


@dataclass(frozen=True)
class Sort:
    """A sort offered on a list; an index must serve `order` exactly.

    So every field is NOT NULL, all go in one direction, and the last is the id.
    """

    label: Any
    order: tuple


@dataclass(frozen=True)
class Panel:
    """A fragment of one app shown on a record page of another: loaded by `url_name` with the record's id.

    Panels stand in their `order`, those of the main column below the timeline unless `top`; one that is to `fold` is
    closed, and read when somebody opens it.
    """

    title: Any
    url_name: str
    side: bool = True
    model: type | None = None
    order: int = 50
    fold: bool = False
    top: bool = False


@dataclass(frozen=True)
class Preset:
    """A tab above a list that everybody has; `query` is the part of the address that narrows it."""

    name: str
    label: Any
    query: str


@dataclass(frozen=True)
class Dependent:
    """Records that hang off one that is deleted; `count(record, user)`, and the choices where one must be made.

    What an app declares for its own kind is settled by the kind's `delete`. What a higher app adds settles itself:
    `settle(record, choice, by=)` runs in the transaction of the deletion, before it.
    """

    label: Any
    count: Callable
    name: str = ""
    choices: tuple = ()
    settle: Callable | None = None


@dataclass(frozen=True, eq=False)
class Kind:
    """One kind of record. `create`, `update` and `delete` are the app's operations.

    `menu` is its place in the side bar, 0 for none. `after_assign(ids)` follows, set-based and in the same
    transaction, when many records got another owner or team.
    `presets` are the tabs that everybody has; the side bar leads to the first.
    `faces` are the other ways to look at the list, by the last part of their address: board, calendar.
    `sums(rows)` adds up the rows of a list by one statement, as [(label, text)].
    `bulk_fields` are plain: nothing else depends on them, so that many rows are changed by one statement.
    `bulk_verbs` are further changes of many, as (name, label, action needed); see `bulk.Change` and the view's FORMS.
    `related` names relations that the record's page shows and that are read with it.
    """

    model: type
    slug: str
    icon: str
    label: Any
    label_plural: Any
    columns: tuple
    sorts: dict
    default_sort: str
    form: type
    filters: type
    create: Callable
    update: Callable
    delete: Callable
    restore: Callable
    purpose: Any = ""
    quick: tuple = ()
    highlights: tuple = ()
    groups: tuple = ()
    initial: Callable | None = None
    subtitle: Callable | None = None
    similar: Callable | None = None
    dependents: tuple = ()
    bulk_fields: tuple = ()
    bulk_verbs: tuple = ()
    after_assign: Callable | None = None
    actions: Callable | None = None
    has_timeline: bool = False
    options_text: Callable | None = None
    sums: Callable | None = None
    faces: tuple = ()
    presets: tuple = ()
    related: tuple = ()
    menu: int = 0

    @property
    def key(self):
        """The kind's label in roles, shares and saved views, such as "customers.account"."""
        return self.model._meta.label_lower

    @property
    def app(self):
        """The app's label, the namespace of its addresses."""
        return self.model._meta.app_label

    @property
    def noun(self):
        """The noun in names of addresses, such as "account"."""
        return self.model._meta.model_name

    @property
    def base(self):
        """The address of the list."""
        return f"/{self.slug}/"

    def url(self, verb, record=None, **kwargs):
        """The address of one of the kind's pages: verb such as "list", "record", "edit"."""
        if record is not None:
            kwargs["pk"] = record if isinstance(record, int) else record.pk
        return reverse(f"{self.app}:{self.noun}_{verb}", kwargs=kwargs)

    def record_url(self, pk):
        """The address of a record's page, without a look-up: lists make many."""
        return f"{self.base}{pk}/"

    def column(self, name):
        """The column of this name; KeyError when there is none."""
        return {c.name: c for c in self.columns}[name]


KINDS: dict[str, Kind] = {}
PANELS: dict[str, list[Panel]] = {}
DEPENDENTS: dict[str, list[Dependent]] = {}


def register(kind):
    """Make a kind known to navigation, search, roles, import, export and the guards; returns it."""
    KINDS[kind.key] = kind
    return kind


def add_panel(key, panel):
    """Show a panel on the record pages of the kind with this key."""
    PANELS.setdefault(key, []).append(panel)


def add_dependent(key, dependent):
    """Ask about what hangs off records of the kind with this key, which a lower app declares, when one is deleted."""
    DEPENDENTS.setdefault(key, []).append(dependent)


def kind_of(model):
    """The kind of a model or record; KeyError for what is no record."""
    return KINDS[model._meta.label_lower]


def links_to(user, ids):
    """{(kind, id): (text, address)} of the records that the user may see; `ids` by kind, a statement each."""
    found = {}
    for key, wanted in ids.items():
        kind = KINDS[key]
        found |= {(key, row.pk): (str(row), kind.record_url(row.pk)) for row in labels(kind)(user, ids=list(wanted))}
    return found


@cache
def labels(kind):
    """Of a kind's records with these ids those that a user may see, with the fields that their text is made of."""

    @kept_objects(*kind.model.LABEL_FIELDS)
    def seen(user):
        return kind.model.objects.visible_to(user).filter(pk__any_of=Slot("ids"))

    return seen


def kind_by_slug(slug):
    """The kind with this address part, or None."""
    return next((kind for kind in KINDS.values() if kind.slug == slug), None)
