"""What the migrations put into a new database, kept in memory: a test that commits leaves the database as it found it.

Django's own way is to empty every table, to make content types and permissions again, and to leave the shipped roles,
stages and statuses away: seconds for each such test, other numbers for the same rows, and an order that must be kept.
"""

from django.db import transaction

LARGE = 1_000_000  # bytes; a table above is emptied at once, since deleted rows would make it slow for later tests

_rows = {}


def remember(connection):
    """Keep the rows of each table; nothing when the account may not switch triggers off."""
    with connection.cursor() as cursor:
        if may_do_all(cursor):
            _rows.update({table: _copied(cursor, table) for table in _filled(connection, cursor)})


def may_do_all(cursor):
    """Whether the account may switch off what looks after the links between tables."""
    cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
    return cursor.fetchone()[0]


def put_back(connection):
    """Empty what was written and bring the remembered rows back; False when nothing is remembered."""
    if not _rows:
        return False
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")  # no triggers, no checks between tables
        _empty(cursor, _filled(connection, cursor))
        for table, rows in _rows.items():
            with cursor.copy(f'COPY "{table}" FROM STDIN') as copy:
                copy.write(rows)
    return True


def _filled(connection, cursor):
    tables = connection.introspection.django_table_names(only_existing=True, include_views=False)
    cursor.execute(" UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT FROM \"{name}\")" for name in tables))
    return [name for (name,) in cursor.fetchall()]


def _empty(cursor, tables):
    cursor.execute(
        "SELECT relname FROM pg_class WHERE relname = ANY(%s) AND pg_relation_size(oid) > %s", [tables, LARGE]
    )
    large = [name for (name,) in cursor.fetchall()]
    if large:
        cursor.execute("TRUNCATE {} CASCADE".format(", ".join(f'"{name}"' for name in large)))
    for table in set(tables) - set(large):
        cursor.execute(f'DELETE FROM "{table}"')


def _copied(cursor, table):
    with cursor.copy(f'COPY "{table}" TO STDOUT') as copy:
        return b"".join(bytes(part) for part in copy)
