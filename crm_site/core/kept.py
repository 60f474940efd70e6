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
    """A user as the gate knows them: equal to whoever has the same roles and, where they are remembered, shares."""

    __slots__ = ("known", "standing", "user")

    def __init__(self, user):
        granted, self.user = frozenset(user.scopes.items()), user  # the roles are asked for with the rest of it
        standing = getattr(user, "standing", None) or {}
        # Outside of a request that only reads, and of too many teams or shares, the statement itself asks.
        is_known = standing.get("share") is not None and standing.get("team") is not None
        self.standing = standing | {"team": Slot("team")} if is_known else None
        shares = tuple(standing["share"]) if is_known else None
        of_partner = user.partner_id is not None
        self.known = (user.door, user.is_active, user.is_superuser, of_partner, granted, shares)

    def __eq__(self, other):
        return self.known == other.known

    def __hash__(self):
        return hash(self.known)

    def stand_in(self):
        """The user to make a statement with: id, teams and the partner are places in it."""
        made = copy.copy(self.user)
        made.pk, made.standing = Slot("user", of=attrgetter("pk")), self.standing
        if made.partner_id is not None:
            made.partner_id = Slot("partner", of=attrgetter("partner_id"))
        self.user = None  # what is remembered is remembered for others
        return made


def written(query):
    """(statement, parameters) of a query; None where Django sees that no row can fit."""
    try:
        return query.query.sql_with_params()
    except EmptyResultSet:
        return None


@lru_cache(maxsize=1000)
def written_for(make, alike, *fixed):
    """The statement that a function makes for whoever is like this."""
    return written(make(alike.stand_in(), *fixed))


@lru_cache(maxsize=1000)
def written_once(make, *fixed):
    """The statement that a function makes for everybody."""
    return written(make(*fixed))


def kept(make):
    """A function that makes a query, of nothing, or of a `user`, and of what else it differs by, as one that asks it.

    That takes the values of the slots by their names and gives the rows as tuples.
    """
    of_user = next(iter(signature(make).parameters), "") == "user"

    @wraps(make)
    def ask(*given, **values):
        if of_user:
            user, *fixed = given
            found = written_for(make, Alike(user), *fixed)
        else:
            user, found = None, written_once(make, *given)
        if found is None:
            return []
        params = [(p.of(user) if p.of else values[p.name]) if isinstance(p, Slot) else p for p in found[1]]
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
