"""Lists: filter, search, sort and keyset page of one kind of record, each read from the address."""

import base64
import binascii
import json
import re
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime

from django.conf import settings
from django.contrib.postgres.search import TrigramWordDistance
from django.db import connection, transaction
from django.db.models import Q, Value
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThan, TupleLessThan
from django.db.models.functions import JSONObject
from django.http import QueryDict
from django.utils import formats
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext as _

from crm_site.core import parts
from crm_site.core.columns import cell, pairs_behind
from crm_site.core.kinds import KINDS, links_to
from crm_site.core.loading import read_many
from crm_site.core.models import Fold
from crm_site.core.planner import SEARCHED, costly
from crm_site.core.scope import ALL, first_of_each, opened

CONTROL = {"q", "sort", "after", "before", "col", "view", "filters", "page_size"}
PAGE_SIZES = (10, 25, 50, 100)


@dataclass
class Listing:
    """One page of a list: its rows in order, where it stands, and what the address said."""

    kind: object
    rows: list
    order: tuple
    params: QueryDict
    filterset: object
    q: str
    sort: str
    more_before: bool
    more_after: bool
    count: int
    capped: bool
    similar: bool


def words(text):
    """The words of a search, at most eight, without what the database would read as wildcards."""
    return [re.sub(r"([\\%_])", r"\\\1", word) for word in text.split()[:8]]


def search(rows, text, model):
    """Rows whose stored search text holds every word, or whose number was typed.

    Words of three letters and more use the trigram index. Where all have one or two, they are looked for at the start
    of the sort name, which its own index serves, or for a kind without one at the start of any word.
    """
    number = re.fullmatch(rf"\s*{model.NUMBER_PREFIX}-?0*(\d{{1,18}})\s*", text, re.IGNORECASE)
    if number:
        return rows.filter(pk=int(number[1]))
    found = words(text)
    short = max(map(len, found), default=0) < 3
    if found and short and hasattr(model, "name_sort"):
        return rows.filter(name_sort__like=Fold(Value(f"{' '.join(found)}%")))
    for word in found:
        anywhere = Q(search_text__like=Fold(Value(f"%{word}%")))
        starting = Q(search_text__like=Fold(Value(f"{word}%"))) | Q(search_text__like=Fold(Value(f"% {word}%")))
        rows = rows.filter(starting if short else anywhere)
    return rows


def alike(rows, text, user, limit):
    """The first `limit` visible rows, best first, whose search text has a word much like each of those typed.

    None where there is no word of four letters to compare, such as for a number. To be read where `liking` says so.
    """
    found = [word for word in text.split()[:8] if len(word) >= 4 and not re.search(r"\d", word)]
    if not found:
        return None
    for word in found:
        rows = rows.filter(search_text__trigram_word_similar=Fold(Value(word)))
    distance = sum(TrigramWordDistance(Fold(Value(word)), "search_text") for word in found)
    return rows.visible_to(user).order_by(distance, "pk")[:limit]


@contextmanager
def liking():
    """Within, words are much alike from a half on."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL pg_trgm.word_similarity_threshold = 0.5")
        yield


def similar(rows, text, user, limit):
    """What `alike` finds, read."""
    rows = alike(rows, text, user, limit)
    if rows is None:
        return []
    with liking():
        return list(rows)


def found_everywhere(kinds, text, user, limit):
    """({kind: its first visible records that hold every word}, False), or of similar words and True, where none does.

    Two statements for any number of kinds, three where nothing holds the words; the records know their names only.
    """
    wanted = [
        (search(kind.model.objects.all(), text, kind.model), kind.sorts[kind.default_sort.lstrip("-")].order)
        for kind in kinds
    ]
    if found := named(kinds, first_of_each(wanted, user, limit)):
        return found, False
    rows = [alike(kind.model.objects.all(), text, user, limit) for kind in kinds]
    with liking():
        found = named(kinds, rows) if rows[0] is not None else {}
    return found, bool(found)


def named(kinds, queries):
    """{kind: [records]} of a query a kind, where there are any; one statement, which keeps the order of each."""
    branches = [
        rows.values_list(Value(kind.key), "pk", JSONObject(**{name: name for name in kind.model.LABEL_FIELDS}))
        for kind, rows in zip(kinds, queries, strict=True)
    ]
    found = {}
    for key, pk, said in branches[0].union(*branches[1:], all=True):
        kind, values = KINDS[key], said | {"id": pk}
        fields = [field.attname for field in kind.model._meta.concrete_fields if field.attname in values]
        found.setdefault(kind, []).append(kind.model.from_db(None, fields, [values[name] for name in fields]))
    return found


def picked(kind, text, user, limit):
    """Up to `limit` visible records to choose from as one types: those whose name begins so first, then the others."""
    order = kind.sorts[kind.default_sort.lstrip("-")].order
    rows, typed = kind.model.objects.all(), " ".join(words(text))
    first = []
    if typed and hasattr(kind.model, "name_sort"):
        first = list(rows.filter(name_sort__like=Fold(Value(f"{typed}%"))).first_of(user, limit, order, narrowed=False))
    if len(first) == limit:
        return first
    others = search(rows, text, kind.model).first_of(user, limit, order)
    return list({row.pk: row for row in [*first, *others]}.values())[:limit]


def order_of(kind, name):
    """The kind's sort by name ("-" turns it round) as (name, order); the default for one that is not offered."""
    plain = name.lstrip("-")
    if plain not in kind.sorts:
        return kind.default_sort, kind.sorts[kind.default_sort.lstrip("-")].order
    order = kind.sorts[plain].order
    return name, turned(order) if name.startswith("-") else order


def turned(order):
    """The same order backwards."""
    return tuple(part[1:] if part.startswith("-") else f"-{part}" for part in order)


def beyond(order, values):
    """The condition that a row comes after the one with these values, compared as one row of values.

    An index then begins right there, however many rows share the first value.
    """
    compare = TupleLessThan if order[0].startswith("-") else TupleGreaterThan
    return compare(Tuple(*(part.lstrip("-") for part in order)), tuple(values))


def cursor(record, order):
    """The place of a record in an order, as text for an address."""
    values = [getattr(record, part.lstrip("-")) for part in order]
    packed = json.dumps([v.isoformat() if isinstance(v, date) else v for v in values], separators=(",", ":"))
    return base64.urlsafe_b64encode(packed.encode()).decode().rstrip("=")


def place(text, order, model):
    """The values of a cursor, checked against the order's fields; None for one that is damaged or forged."""
    try:
        values = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        fields = [model._meta.get_field(part.lstrip("-")) for part in order]
        return [read_value(f, v) for f, v in zip(fields, values, strict=True)]
    except (ValueError, TypeError, binascii.Error):
        return None


def read_value(field, value):
    """A cursor's value as its field's type; ValueError otherwise."""
    kind = field.get_internal_type()
    if kind == "DateTimeField":
        value = parse_datetime(value)
        if value is not None and value.tzinfo is None:
            raise ValueError
    elif kind == "DateField":
        value = parse_date(value)
    elif kind.endswith(("IntegerField", "AutoField")):
        if not isinstance(value, int) or abs(value) >= 2**63:
            raise ValueError
    elif not isinstance(value, str) or "\0" in value:
        raise ValueError
    if value is None:
        raise ValueError
    return value


def filtered(kind, params, user, rows=None):
    """(filterset, rows): the kind's rows, not yet scoped, with the filters and the search of the address applied.

    The filterset has the filters that the address names; it is None where that names none.
    """
    rows = kind.model.objects.all() if rows is None else rows
    filterset = None
    if not set(params) <= CONTROL:
        filterset = kind.filters(params, queryset=rows, user=user, named=True)
        rows = filterset.qs if filterset.is_valid() else rows
    return filterset, search(rows, params.get("q", "").strip(), kind.model)


def page_of(kind, params, user, fields=()):
    """The page of a list that an address asks for: its rows, and the capped count of all that match."""
    filterset, rows = filtered(kind, params, user)
    sort, order = order_of(kind, params.get("sort") or kind.default_sort)
    backwards = "before" in params
    at = place(params.get("before") or params.get("after") or "", order, kind.model)
    walk = turned(order) if backwards else order
    size = page_size(params)
    start = rows.filter(beyond(walk, at)) if at else rows
    wanted = {*fields, *(part.lstrip("-") for part in order), *kind.model.LABEL_FIELDS, "version"}
    gate = opened(user, kind.model, "view")
    by_name = params.get("q", "").strip() and order[0].lstrip("-") == "name_sort"
    narrowed = SEARCHED if by_name else bool(rows.query.where)
    implied = filterset and filterset.implied
    first, count = start.first_and_count(user, size + 1, walk, narrowed=narrowed, gate=gate, implied=implied)
    found = read_many(changeable_told(first, user), only=sorted(wanted))
    alike = [] if found or at else misspelt(kind, params, user, size, wanted)
    found = found or alike
    more, found = len(found) > size, found[:size]
    if backwards:
        found.reverse()
    if alike or at or count is None:
        count = len(found) if not at and not more else capped_count(rows, user, gate)
    capped = count is None or count > settings.COUNT_CAP
    return Listing(
        kind, found, order, params, filterset, params.get("q", "").strip(), sort,
        more if backwards else bool(at), bool(at) if backwards else more,
        len(found) if count is None else min(count, settings.COUNT_CAP), capped, bool(alike),
    )  # fmt: skip


def changeable_told(rows, user):
    """The rows, each saying as `may_change` whether the user may change it, where that differs from row to row."""
    return rows if user.reach(rows.model, "change") == ALL else rows.with_rights(user, "change")


def misspelt(kind, params, user, size, wanted):
    """What a list shows where nothing has exactly the words of its search: rows with similar ones, best first."""
    if not params.get("q", "").strip():
        return []
    _set, rows = filtered(kind, kept_params(params.urlencode(), "q"), user)
    return similar(changeable_told(rows.reading(*wanted), user), params["q"], user, size)


def page_size(params):
    """Rows a page: one of PAGE_SIZES."""
    return {str(size): size for size in PAGE_SIZES}.get(params.get("page_size"), settings.PAGE_SIZE)


def capped_count(rows, user, gate):
    """How many rows match, counted only up to the cap plus one; None where filters make even that a long walk."""
    found = rows.first_of(user, settings.COUNT_CAP + 1, (), gate=gate).values("pk")
    return None if rows.query.where and costly(found, settings.COUNT_CAP) else found.count()


def linked(columns, records, user):
    """{(kind, id): (text, address)} of the records behind link columns that the user may see; a statement a kind.

    On a record's page the parts share what was found.
    """
    found, unseen = parts.known_links(user)
    ids = {}
    for column in columns:
        if column.type == "link":
            ids.setdefault(column.kind, set()).update(
                value for record in records if (value := column.value(record)) is not None
            )
        elif column.type == "links":
            for key, pk in pairs_behind(column, records):
                ids.setdefault(key, set()).add(pk)
    for key, every in ids.items():
        if wanted := {value for value in every if (key, value) not in found and (key, value) not in unseen}:
            found |= links_to(user, {key: wanted})
            unseen |= {(key, value) for value in wanted if (key, value) not in found}
    return found


def shown_columns(kind, params, chosen=()):
    """The columns that the address, else the user's last choice (their names), else the kind shows."""
    names = params.getlist("col") or chosen
    by_name = {column.name: column for column in kind.columns}
    shown = [by_name[name] for name in dict.fromkeys(names) if name in by_name]
    return shown or [column for column in kind.columns if column.shown]


def offered_columns(kind, shown):
    """All columns to choose from: those shown in their order, then the others."""
    others = [column for column in kind.columns if column not in shown]
    return [{"name": c.name, "label": c.label, "shown": c in shown} for c in (*shown, *others)]


def table_rows(listing, columns, user, *, may_change):
    """Rows for the template: record, id, label, cells; `fixed`, where others may be changed and this not."""
    kind = listing.kind
    links = linked(columns, listing.rows, user)
    for record in listing.rows:
        cells = [cell(column, record, links, kind.base) for column in columns]
        yield {
            "record": record, "id": record.pk, "label": str(record), "cells": cells,
            "fixed": may_change and not changeable(record),
        }  # fmt: skip


def changeable(record):
    """Whether the user may change a row of `changeable_told`."""
    return getattr(record, "may_change", True)


def address(kind, params, /, **changes):
    """The list's address with some parameters changed; None or an empty list removes one."""
    query = params.copy()
    for name, value in changes.items():
        query.setlist(name, [value] if isinstance(value, str) else list(value or []))
    text = query.urlencode()
    return f"{kind.base}?{text}" if text else kind.base


def heads(kind, columns, listing, *, may_change):
    """The table's heading: labels, and for sortable ones the address that sorts or turns the sort round.

    The cells of an `editable` one are edited in place, at the row's address + "cell/" + its name.
    """
    name, reverse = listing.sort.lstrip("-"), listing.sort.startswith("-")
    made = []
    for column in columns:
        active = column.sort and column.sort == name
        target = f"-{column.sort}" if active and not reverse else column.sort
        descending = active and (kind.sorts[name].order[0].startswith("-") != reverse)
        made.append({
            "name": column.name, "label": column.label, "numeric": column.numeric,
            "editable": may_change and column.edit,
            "sort_url": column.sort and address(kind, listing.params, sort=target, after=None, before=None),
            "direction": ("desc" if descending else "asc") if active else "",
        })  # fmt: skip
    return made


def chips(listing):
    """The filters in force, each with the address without it."""
    made = []
    if listing.q:
        made.append({"label": f"“{listing.q}”", "remove_url": without(listing, "q")})
    for name, bound in listing.filterset.form.fields.items() if listing.filterset else ():
        keys = [key for key in listing.params if key == name or key.startswith(f"{name}_")]
        value = listing.filterset.form.cleaned_data.get(name) if listing.filterset.is_valid() else None
        if keys and value not in (None, "", []):
            text = value_text(bound, value)
            made.append({"label": f"{bound.label}: {text}", "remove_url": without(listing, *keys)})
    return made


def without(listing, *names):
    """The list's first page without these parameters."""
    return address(listing.kind, listing.params, **dict.fromkeys((*names, "after", "before"), None))


def value_text(field, value):
    """A filter's value in words."""
    if isinstance(value, slice):
        parts = [value_text(field, part) if part is not None else "…" for part in (value.start, value.stop)]
        return " – ".join(parts)
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, datetime | date):
        return formats.date_format(value, "SHORT_DATE_FORMAT")
    plain = hasattr(field, "choices") and not hasattr(field, "queryset")
    choices = dict(field.choices) if plain else {}
    many = value if isinstance(value, list | tuple) else [value]
    return ", ".join(str(choices.get(getattr(part, "pk", part), part)) for part in many)


def kept_params(text, *others):
    """A list's address as parameters, without its place, its view and `others`: what a saved view remembers."""
    params = QueryDict(text, mutable=True)
    for name in ("after", "before", "view", *others):
        params.pop(name, None)
    return params
