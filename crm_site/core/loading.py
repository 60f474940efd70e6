"""Loading: many rows into a table by COPY, with their history and its context like any other insert."""

from contextlib import nullcontext
from datetime import UTC, datetime
from functools import cache
from operator import itemgetter

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import EmptyResultSet
from django.db import DEFAULT_DB_ALIAS, connection, transaction
from django.db.backends.postgresql.psycopg_any import BaseTzLoader
from django.db.models import FileField, JSONField
from django.db.models.base import ModelState

# Below this a multi-row INSERT is one statement and quicker; above it building the statement costs more than the rows.
FEW = 20


class Moment(BaseTzLoader):
    """Reads the moments that the database sends, in UTC, as the driver's own loader does, in a tenth of its time."""

    timezone = UTC

    def load(self, data):
        """The moment; DataError for those that Python does not know."""
        try:
            return datetime.fromisoformat(str(data, "ascii"))
        except ValueError:
            return super().load(data)


@cache
def blank(model):
    """What an object of the model starts with.

    ({attname: default}, {attname: what makes a default}, {foreign key: (attname, model)}, known names).
    """
    fields = [field for field in model._meta.concrete_fields if not field.generated]
    makers = {field.attname: field.default for field in fields if callable(field.default) and field.has_default()}
    plain = {field.attname: field.get_default() for field in fields if field.attname not in makers}
    names = {name for field in model._meta.get_fields() for name in (field.name, getattr(field, "attname", ""))}
    links = {field.name: (field.attname, field.related_model) for field in fields if field.many_to_one}
    return plain, makers, links, names | model._meta._property_names


def fresh(model, **values):
    """An unsaved object just as `model(**values)` makes it, in a fifth of the time; TypeError for unknown names.

    For objects by the ten thousand: it does not go through the fields one by one, and sends no signals.
    """
    plain, makers, links, known = blank(model)
    if not known.issuperset(values):
        raise TypeError(f"{model.__name__} has no {', '.join(sorted(values.keys() - known))}")
    made = model.__new__(model)
    own = made.__dict__
    own.update(plain, _state=(state := ModelState()))
    for name, make in makers.items():
        if name not in values:
            own[name] = make()
    for name, value in values.items():
        # A column's own value needs no descriptor, as no related object is kept yet that it could contradict.
        if name in plain or name in makers:
            own[name] = value
        elif name in links and (value is None or isinstance(value, links[name][1])):
            own[links[name][0]] = value and value.pk
            state.fields_cache[name] = value
        else:
            setattr(made, name, value)
    return made


def insert_many(model, objects):
    """Insert new, unsaved objects of one model and return them with their ids; two statements however many.

    The objects hold plain values (no expressions). Database errors are raised as Django's own.
    """
    objects = list(objects)
    if len(objects) < FEW:
        return model._base_manager.bulk_create(objects)
    fields = [field for field in model._meta.concrete_fields if not field.generated]
    table, columns = model._meta.db_table, ", ".join(connection.ops.quote_name(field.column) for field in fields)
    values_of = itemgetter(*(field.attname for field in fields))
    prepared = [(n, field) for n, field in enumerate(fields) if isinstance(field, JSONField | FileField)]
    lists = [n for n, field in enumerate(fields) if isinstance(field, ArrayField)]
    own_key = model._meta.pk.attname
    with transaction.atomic(savepoint=False), connection.cursor() as cursor:
        for made, key in zip(objects, new_keys(cursor, model, len(objects)), strict=True):
            made.__dict__[own_key] = key
        with connection.wrap_database_errors, cursor.copy(f'COPY "{table}" ({columns}) FROM STDIN') as copy:
            for made in objects:
                values = list(values_of(made.__dict__))
                for place, field in prepared:
                    # Most are empty, and what is written for that is known.
                    empty = values[place] == {}
                    values[place] = "{}" if empty else field.get_db_prep_save(values[place], connection)
                for place in lists:
                    if values[place] == []:
                        values[place] = "{}"  # the driver takes its time to find out what is in a list
                copy.write_row(values)
    alias = connection.alias
    for made in objects:
        made._state.adding, made._state.db = False, alias
    return objects


def as_written():
    """Within, tables are joined in the order of the statement: for rows found by their keys, whose joins are many.

    To weigh the orders of a dozen joins takes the planner ten times as long as to read the row. A transaction that is
    under way keeps its own way.
    """
    return nullcontext() if connection.in_atomic_block else connection.execute_wrapper(kept_order)


def kept_order(execute, sql, params, many, context):
    """Send the setting along with the statement: the two are one transaction, after which it is gone."""
    done = execute(f"SET LOCAL join_collapse_limit = 1; {sql}", params, many, context)
    context["cursor"].nextset()
    return done


def read_many(rows, *related, only=()):
    """The objects of a query as iterating gives them, in a third of the time: without signals.

    `related` names foreign keys whose rows are read once each, one statement a key. `only` names the columns to read,
    and by `relation__column` those of what a foreign key points at; all others are read when they are asked for. Each
    object bears what the query annotates.
    """
    names, far = columns_of(rows.model, tuple(only))
    said = list(rows.query.annotation_select)
    read = list(rows.values_list(*names, *far_names(far), *said))
    found = objects_of(rows.model, tuple(only), said, read, rows.db)
    link_many(found, *related)
    return found


def objects_of(model, only, said, rows, db):
    """Objects of rows that hold the columns that `only` means, and then what `said` names, which each object bears."""
    found = made_of(model, *columns_of(model, only), rows, db)
    if said:
        for made, values in zip(found, rows, strict=True):
            made.__dict__.update(zip(said, values[-len(said) :], strict=True))
    return found


def read_within(rows, only):
    """The objects that a query leads to, in its order, as `read_many` reads them; most of the statement is kept.

    For columns that come from the database as they are.
    """
    names, far = columns_of(rows.model, only)
    try:
        keys, values = rows.values("pk").query.sql_with_params()
    except EmptyResultSet:  # Django sees that no row can fit
        return []
    statement = keyed(rows.model, only, rows.query.order_by).replace("%s", f"ARRAY({keys})")
    with as_written():
        return made_of(rows.model, names, far, fetched(statement, values), rows.db)


def read_one(rows, only):
    """The first object that a query leads to, or None, as `read_within` reads it; it bears what the query annotates."""
    names, far = columns_of(rows.model, only)
    said = list(rows.query.annotation_select)
    try:
        keys, values = rows.values_list("pk", *said).query.sql_with_params()
    except EmptyResultSet:
        return None
    found = keyed(rows.model, only, ()).replace("%s", "ARRAY(SELECT pk FROM it)")
    also = ", ".join(["one.*", *(f"(SELECT {name} FROM it)" for name in said)])  # noqa: S608 - annotations are ours
    one = f"WITH it(pk{''.join(f', {name}' for name in said)}) AS MATERIALIZED ({keys} LIMIT 1)"
    # It begins with SELECT, so that the history's context is not sent along.
    statement = f"SELECT * FROM ({one} SELECT {also} FROM ({found}) AS one) AS found"  # noqa: S608 - both are Django's
    with as_written():
        read = fetched(statement, values)
    if not read:
        return None
    made = made_of(rows.model, names, far, read, rows.db)[0]
    made.__dict__.update(zip(reversed(said), reversed(read[0]), strict=False))
    return understood(made, names, far)


def read_whole(model, related, values):
    """The object of a row that holds all columns of its table and of those that the foreign keys `related` lead to."""
    names = [field.attname for field in model._meta.concrete_fields]
    keys = [field for field in model._meta.concrete_fields if field.name in related]
    far = {key: [field.attname for field in key.related_model._meta.concrete_fields] for key in keys}
    return understood(made_of(model, names, far, [values], DEFAULT_DB_ALIAS)[0], names, far)


def understood(made, names, far):
    """The object with those columns in Python's terms that Django, not the driver, brings there."""
    pairs = [(made, name) for name in names]
    pairs += [(getattr(made, key.name), name) for key in far for name in far[key]]
    for one, name in pairs:
        field = one and one._meta.get_field(name)
        if field and hasattr(field, "from_db_value"):
            one.__dict__[name] = field.from_db_value(one.__dict__[name], None, connection)
    return made


@cache
def keyed(model, only, order):
    """The statement of `read_within`: with many joins, writing it takes Django as long as it takes to read the rows."""
    names, far = columns_of(model, only)
    rows = model._base_manager.filter(pk__any_of=[0]).order_by(*order).values_list(*names, *far_names(far))
    return rows.query.sql_with_params()[0]


def fetched(statement, values):
    """The rows of a statement that Django wrote."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall()


@cache
def columns_of(model, only):
    """(names of the model's own columns, {foreign key: columns of what it points at}) that `only` means, or all."""
    far = {}
    for relation, column in (name.split("__") for name in only if "__" in name):
        key = model._meta.get_field(relation)
        far.setdefault(key, []).append(key.related_model._meta.get_field(column).attname)
    plain = [model._meta.pk, *far, *(model._meta.get_field(name) for name in only if "__" not in name)]
    fields = dict.fromkeys(plain if only else model._meta.concrete_fields)
    return [field.attname for field in fields if only or not field.generated], far


def far_names(far):
    """The columns of other tables as a query names them."""
    return [f"{key.name}__{column}" for key in far for column in far[key]]


def made_of(model, names, far, rows, db):
    """Objects with their relations, of rows that hold what `columns_of` and `far_names` say."""
    found = []
    for values in rows:
        found.append(bare(model, names, values, db))
        place = len(names)
        for key, columns in far.items():
            pk, theirs = getattr(found[-1], key.attname), values[place : place + len(columns)]
            other = None if pk is None else bare(key.related_model, ("id", *columns), (pk, *theirs), db)
            found[-1]._state.fields_cache[key.name] = other
            place += len(columns)
    return found


def link_many(objects, *names):
    """Read what foreign keys of objects of one model point at, each row once; one statement a key, none if known."""
    for name in names:
        lacking = [made for made in objects if name not in made._state.fields_cache]
        if lacking:
            field = lacking[0]._meta.get_field(name)
            ids = {getattr(made, field.attname) for made in lacking} - {None}
            known = field.related_model._base_manager.in_bulk(ids) if ids else {}
            for made in lacking:
                made._state.fields_cache[name] = known.get(getattr(made, field.attname))


def bare(model, names, values, db):
    """An object from the database that holds these values."""
    made = model.__new__(model)
    made.__dict__.update(zip(names, values, strict=False), _state=ModelState())
    made._state.adding, made._state.db = False, db
    return made


def update_many(model, objects, names):
    """Write these fields of objects that are in the database, by one statement however many; none of them a list.

    What is the same for all is sent once.
    """
    if not objects:
        return
    key, sets, arrays, values, shared = model._meta.pk, [], [], [], []
    for field in map(model._meta.get_field, names):
        column, kind = connection.ops.quote_name(field.column), field.db_type(connection)
        column_values = [getattr(made, field.attname) for made in objects]
        if isinstance(field, JSONField | FileField):
            column_values = [field.get_db_prep_save(value, connection) for value in column_values]
        elif column_values.count(column_values[0]) == len(column_values):
            sets.append(f"{column} = %s::{kind}")
            shared.append(column_values[0])
            continue
        sets.append(f"{column} = new.{column}")
        arrays.append((column, kind))
        values.append(column_values)
    arrays.append((connection.ops.quote_name(key.column), key.rel_db_type(connection)))
    values.append([made.pk for made in objects])
    with connection.cursor() as cursor:
        cursor.execute(
            f'UPDATE "{model._meta.db_table}" AS t SET {", ".join(sets)} '  # noqa: S608 - our own columns; values are parameters
            f"FROM unnest({', '.join(f'%s::{kind}[]' for _column, kind in arrays)}) "
            f"AS new({', '.join(column for column, _kind in arrays)}) WHERE t.{arrays[-1][0]} = new.{arrays[-1][0]}",
            shared + values,
        )  # fmt: skip


def analyse(model):
    """Tell the planner of a table without any rows until now that they are alive: it takes them for deleted ones.

    So it reads a whole index for each look-up until the database's own analysis comes, a minute later.
    """
    table = model._meta.db_table
    names = {field.column for field in model._meta.concrete_fields}
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples <= 0 FROM pg_class WHERE relname = %s", [table])
        if "deleted_at" in names and cursor.fetchone()[0]:
            cursor.execute(f'ANALYZE "{table}" (deleted_at)')


def new_keys(cursor, model, count):
    """The next `count` ids of the model's own sequence.

    The statement does not begin with SELECT, because only then does it carry the history's context into the
    transaction, where the triggers of the COPY that follows find it.
    """
    cursor.execute(
        "WITH place AS MATERIALIZED (SELECT pg_get_serial_sequence(%s, %s)::regclass AS name) "
        "SELECT nextval(place.name) FROM place, generate_series(1, %s)",
        [model._meta.db_table, model._meta.pk.column, count],
    )
    return [key for (key,) in cursor.fetchall()]
