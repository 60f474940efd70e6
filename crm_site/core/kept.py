"""Kept statements: a query that Django writes once, which takes longer than to run it, with places left for values.

A function that makes the query becomes one that gives its rows. It may ask for the user and begin at the gate: then the
statement is written once for all users with the same roles and shares.
"""

import copy
from functools import lru_cache, wraps
from inspect import signature
from operator import attrgetter

from django.core.exceptions import EmptyResultSet
from django.db import DEFAULT_DB_ALIAS
from django.db.models import BigIntegerField, Expression

from crm_site.core.loading import columns_of, far_names, fetched, objects_of


class Slot(Expression):
    """A place in a kept statement for a value that each asking has of its own: `filter(case=Slot("case"))`.

    With `of`, the value is what this function says of the user who asks.
    """

    def __init__(self, name, output_field=None, *, of=None):
        super().__init__(output_field=output_field or BigIntegerField())
        self.name, self.of = name, of

    def as_sql(self, compiler, connection):
        """A parameter, with this place for its value."""
        return "%s", [self]


class Alike:
    """A user as the gate knows them: equal to whoever has the same roles and shares."""

    __slots__ = ("known", "user")

    def __init__(self, user):
        self.user = user
        granted = frozenset(user.scopes.items())  # asks for the user's standing, too
        shares, self.known = user.standing.get("share"), None
        if shares is not None and user.standing["team"] is not None:
            self.known = (user.door, user.is_active, user.is_superuser, granted, tuple(shares))

    def __eq__(self, other):
        return self.known == other.known

    def __hash__(self):
        return hash(self.known)

    def stand_in(self):
        """The user to make a statement with: id and teams are places in it."""
        made = copy.copy(self.user)
        made.pk, made.standing = Slot("user", of=attrgetter("pk")), self.user.standing | {"team": Slot("team")}
        self.user = None  # what is remembered is remembered for others
        return made


def written(query):
    """(statement, parameters) of a query; None where Django sees that no row can fit."""
    try:
        return query.query.sql_with_params()
    except EmptyResultSet:
        return None


@lru_cache(maxsize=2000)
def written_for(make, alike, *fixed):
    """The statement that a function makes for whoever is like this."""
    return written(make(alike.stand_in(), *fixed))


@lru_cache(maxsize=2000)
def written_once(make, *fixed):
    """The statement that a function makes for everybody."""
    return written(make(*fixed))


def kept(make):
    """A function that makes a query, of nothing, or of a `user`, and of what else it differs by, as one that asks it.

    That takes the values of the slots by their names and gives the rows as tuples.
    """
    of_user = next(iter(signature(make).parameters), "") == "user"

    def statement(user, *fixed):
        # Only a request that reads remembers what the gate asks of the user.
        alike = None if getattr(user, "standing", None) is None else Alike(user)
        return written_for(make, alike, *fixed) if alike and alike.known else written(make(user, *fixed))

    @wraps(make)
    def ask(*given, **values):
        found = statement(*given) if of_user else written_once(make, *given)
        if found is None:
            return []
        params = [(p.of(given[0]) if p.of else values[p.name]) if isinstance(p, Slot) else p for p in found[1]]
        return fetched(found[0], params)

    return ask


def kept_objects(*only):
    """As `kept`, where the query's objects are read as by `read_many`: `only` these columns, and what it annotates."""

    def decorate(make):
        known = {}

        @kept
        @wraps(make)
        def rows(*given):
            query = make(*given)
            known["model"], known["said"] = query.model, list(query.query.annotation_select)
            names, far = columns_of(query.model, only)
            return query.values_list(*names, *far_names(far), *known["said"])

        @wraps(make)
        def ask(*given, **values):
            read = rows(*given, **values)
            return objects_of(known["model"], only, known["said"], read, DEFAULT_DB_ALIAS) if read else []

        return ask

    return decorate
