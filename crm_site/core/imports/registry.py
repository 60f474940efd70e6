"""What can be imported: each app registers an importer per kind of record, with the targets its columns may go to."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext_lazy as _

NAME_OF_ID = "external_id"
DELETED = "deleted_there"


@dataclass(frozen=True)
class Target:
    """A place for a column of a file.

    Types are those of `guessing` (text, longtext, email, phone, url, number, decimal, money, date, datetime, boolean,
    tags),
    and choice, link, user and id. A link names the kind it leads to (`wanted`), the field it fills (`field`) and what
    its cells hold (`by`: "id" or "name"; a name may be an e-mail address). One that names no kind may lead to any for
    which the importer has a link by id, and fills that one's field.
    """

    name: str
    label: Any
    type: str = "text"
    aliases: tuple = ()
    required: bool = False
    choices: Any = None
    value_map: dict = field(default_factory=dict)
    wanted: str = ""
    field: str = ""
    by: str = ""
    limit: int = 0


@dataclass(frozen=True)
class Importer:
    """How the rows of a file become records of one model.

    - `create(rows, by=)` makes records from dicts, in order; `update(record, values, by=)` changes one.
    - `prepare(draft, run)` settles a row's values between reading and writing; it may warn, or fail the row.
    - `find(texts, user)` gives {folded text: [records]} for links by name or e-mail address.
    - `keys` are the ways besides the external id to know a record again: {name: (label, finder of a column)}.
    - `link(field, pairs, by=)` sets {record: linked record}, for links that could only be made later.
    - `detected` is False for what only the user can tell: files of customers look like those of people or companies.
    - `guess(file_name, headers)` gives values for all rows, such as the kind of activity.
    - `ready(run)` looks at the whole file before its first row is read, and may complete the job's options.
    - `gather(drafts, run)` looks things up for many rows at once, before each is prepared.
    - `makes` is False when a record that other rows only name is not made along the way.
    - `stands(drafts, run)` gives {id(draft): record} of rows that mean a record beyond doubt though no id says so.
    - `parts(record)` gives what belongs to a record beside its fields, as JSON; taken back, `update` gets it again.
    - `left(record, values)` says which of the values an update would leave though they differ; empty for none.
    - `done(run)` follows the last row of a check or an import; gives {what: how many}, as `after` does.
    - `chunk` is how many rows are written at once where each costs more than usual.
    - `one_by_key` is True when only one record can have a key, so that a row that is like one is that one.
    - `log` names the targets without which a file is no log: first that of the thing whose moments the rows are.
    - `gate` is the model whose rights decide where the imported one has none of its own; `within(user, action)` are
      then the records, and `delete(ids, by=)` takes them away again and returns how many.
    """

    name: str
    label: Any
    model: type
    targets: Callable
    create: Callable
    update: Callable
    find: Callable | None = None
    prepare: Callable | None = None
    after: Callable | None = None
    link: Callable | None = None
    guess: Callable | None = None
    delete: Callable | None = None
    stands: Callable | None = None
    parts: Callable | None = None
    left: Callable | None = None
    done: Callable | None = None
    ready: Callable | None = None
    gather: Callable | None = None
    within: Callable | None = None
    gate: type | None = None
    makes: bool = True
    chunk: int = 0
    constants: tuple = ()
    keys: dict = field(default_factory=dict)
    id_prefix: Callable | None = None
    order: int = 50
    icon: str = "upload"
    admin_only: bool = False
    one_by_key: bool = False
    log: tuple = ()
    detected: bool = True

    @property
    def key(self):
        """The label of the model, such as "customers.account"."""
        return self.model._meta.label_lower

    def visible(self, user, action="view"):
        """The records that the importing user may see or, with another action, change or delete."""
        if self.within:
            return self.within(user, action)
        if hasattr(self.model.objects, "visible_to"):
            return self.model.objects.visible_to(user, action)
        return self.model.objects.all() if user.is_superuser else self.model.objects.none()

    def open_to(self, user):
        """Whether the user may import records of this kind."""
        if not user.is_active or user.door != user.STAFF:
            return False
        if self.admin_only:
            return user.is_superuser
        model = self.gate or self.model
        return user.reach(model, "import") != "none" and user.reach(model, "add") != "none"


IMPORTERS: dict[str, Importer] = {}


def register(importer):
    """Make an importer known to the wizard and the command; returns it."""
    IMPORTERS[importer.name] = importer
    return importer


def importer_of(key):
    """The importer for a model's label, or None."""
    return next((importer for importer in IMPORTERS.values() if importer.key == key), None)


def importers_for(user):
    """The importers that a user may use, users before accounts before contacts before activities."""
    return [each for each in sorted(IMPORTERS.values(), key=lambda i: i.order) if each.open_to(user)]


def external_id(*aliases):
    """The target of the record's own id in the other system."""
    return Target(NAME_OF_ID, _("Id in the other system"), "id", aliases, limit=200)
