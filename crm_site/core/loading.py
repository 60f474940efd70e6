"""Loading: many rows into a table by COPY, with their history and its context like any other insert."""

from django.db import connection, transaction

# Below this a multi-row INSERT is one statement and quicker; above it building the statement costs more than the rows.
FEW = 20


def insert_many(model, objects):
    """Insert new, unsaved objects of one model and return them with their ids; two statements however many.

    The objects hold plain values (no expressions). Database errors are raised as Django's own.
    """
    objects = list(objects)
    if len(objects) < FEW:
        return model._base_manager.bulk_create(objects)
    fields = [field for field in model._meta.concrete_fields if not field.generated]
    table, columns = model._meta.db_table, ", ".join(connection.ops.quote_name(field.column) for field in fields)
    names = [field.attname for field in fields]
    with transaction.atomic(savepoint=False), connection.cursor() as cursor:
        for made, key in zip(objects, new_keys(cursor, model, len(objects)), strict=True):
            made.pk = key
        with connection.wrap_database_errors, cursor.copy(f'COPY "{table}" ({columns}) FROM STDIN') as copy:
            for made in objects:
                values = made.__dict__
                copy.write_row([values[name] for name in names])
    for made in objects:
        made._state.adding, made._state.db = False, connection.alias
    return objects


def new_keys(cursor, model, count):
    """The next `count` ids of the model's own sequence.

    The statement does not begin with SELECT, because only then does it carry the history's context into the
    transaction, where the triggers of the COPY that follows find it.
    """
    cursor.execute(
        "WITH place AS (SELECT pg_get_serial_sequence(%s, %s) AS name) "
        "SELECT nextval(place.name) FROM place, generate_series(1, %s)",
        [model._meta.db_table, model._meta.pk.column, count],
    )
    return [key for (key,) in cursor.fetchall()]
