"""Loads the volume by a handful of set-based statements; nothing is read back and no trigger runs."""

import re
import time
from pathlib import Path

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction

from crm_site.core import history, roles
from crm_site.core.models import Membership, Team, User
from crm_site.volume import helping, selling
from crm_site.volume.names import LISTS
from customers.models import (
    Account,
    Activity,
    Affiliation,
    Consent,
    Contact,
    ContactMechanism,
    Customer,
    CustomerStatusChange,
    Participant,
)  # fmt: skip

RECORDS = {"account": Account, "contact": Contact, "customer": Customer, "activity": Activity}
TABLES = [*RECORDS.values(), Affiliation, Consent, ContactMechanism, CustomerStatusChange, Participant]
ALL = [*TABLES, *selling.TABLES, *helping.TABLES]
BUSIEST = 70_000
# Below this many rows, building indexes anew costs more than keeping them.
REBUILD_FROM = 50_000


def holds_records():
    """Whether the database holds any record yet."""
    return any(model._base_manager.exists() for model in RECORDS.values())


@transaction.atomic
def load(sizes, *, users, teams, seed, password, history_percent=0, say=print):
    """Fill the database; `sizes` is {"accounts", "contacts", "customers", "activities"}, for sales selling.SIZES and
    for support helping.SIZES.

    Returns {step: seconds}.

    `say` is called with a line after each step. Users are volume-0001@example.test onwards with the one password:
    the first is an administrator, the second manages the team above all others, the third owns the thirty oldest
    records of each kind.
    """
    took = {}
    run = stopwatch(took, say)
    with connection.cursor() as cursor:
        lift_limits(cursor)
        run("users and teams", lambda: make_users(cursor, users, teams, password))
        stop_triggers(cursor)
        values = choices(cursor, sizes, seed)
        indexes = drop_indexes(cursor, ALL) if max(sizes.values()) >= REBUILD_FROM else []
        run_steps(cursor, run, "records.sql", values)
        for model in RECORDS.values():
            follow_sequence(cursor, model)
        if history_percent:
            run("history", lambda: write_history(cursor, values, history_percent))
        if "opportunities" in sizes:
            sell(cursor, run, values)
        if "cases" in sizes:
            help_out(cursor, run, values)
            helping.let_in(values["customer"], password)
        finish(cursor, run, indexes)
    return took


def sell(cursor, run, values):
    """Sales and marketing, on top of the people that are there."""
    values |= selling.choices(cursor, values, last_number)
    run_steps(cursor, run, "selling.sql", values)
    for model in (*selling.RECORDS.values(), Activity):
        follow_sequence(cursor, model)
    run("forecast", selling.roll_up)


def help_out(cursor, run, values):
    """Support, on top of the customers that are there."""
    values |= helping.choices(values, lambda model: last_number(cursor, model))
    run_steps(cursor, run, "helping.sql", values)
    follow_sequence(cursor, helping.Case)


def finish(cursor, run, indexes):
    """Make the indexes anew, clear away what the steps shared, and let the triggers run again."""
    run("indexes", lambda: [cursor.execute(made) for made in indexes])
    cursor.execute("DROP TABLE IF EXISTS volume_seller, volume_deal, volume_stage CASCADE")
    allow_triggers(cursor)


def run_steps(cursor, run, file, values):
    """All steps of a file."""
    for name, statement in steps(file):
        run(name, lambda statement=statement: cursor.execute(statement, values))


def stopwatch(took, say):
    """A function that runs one step and notes its seconds."""

    def run(name, do):
        began = time.monotonic()
        do()
        took[name] = round(time.monotonic() - began, 1)
        say(f"  {name}: {took[name]} s")

    return run


def steps(file):
    """(name, statement) of each step of a file beside this one."""
    text = Path(__file__).with_name(file).read_text()
    parts = re.split(r"^-- step: (.+)$", text, flags=re.MULTILINE)[1:]
    return list(zip(parts[::2], parts[1::2], strict=True))


def lift_limits(cursor):
    """Take the limits of a request off this transaction."""
    for setting in ("statement_timeout = 0", "lock_timeout = 0", "idle_in_transaction_session_timeout = 0",
                    "maintenance_work_mem = '512MB'", "work_mem = '256MB'", "synchronous_commit = off"):  # fmt: skip
        cursor.execute(f"SET LOCAL {setting}")


def stop_triggers(cursor):
    """Keep history, checks of foreign keys and the like from running a row at a time."""
    cursor.execute("SELECT has_parameter_privilege('session_replication_role', 'SET')")
    if cursor.fetchone()[0]:
        cursor.execute("SET LOCAL session_replication_role = replica")
    else:
        for model in ALL:
            cursor.execute(f"ALTER TABLE {model._meta.db_table} DISABLE TRIGGER USER")


def allow_triggers(cursor):
    """Undo `stop_triggers`."""
    cursor.execute("SHOW session_replication_role")
    if cursor.fetchone()[0] == "replica":
        cursor.execute("SET LOCAL session_replication_role = origin")
    else:
        for model in ALL:
            cursor.execute(f"ALTER TABLE {model._meta.db_table} ENABLE TRIGGER USER")


def drop_indexes(cursor, tables):
    """Drop every index of these models that no constraint needs; returns the statements that make them again."""
    cursor.execute(
        """
        SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) FROM pg_index i
        WHERE i.indrelid = ANY(%s::regclass[])
        AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conindid = i.indexrelid)
        """,
        [[model._meta.db_table for model in tables]],
    )
    found = cursor.fetchall()
    for name, _definition in found:
        cursor.execute(f"DROP INDEX {name}")
    return [definition for _name, definition in found]


def choices(cursor, sizes, seed):
    """What the statements' names stand for."""
    cursor.execute("SELECT count(*) FROM volume_seller")
    values = {"seed": seed, "n_sellers": cursor.fetchone()[0], **sizes, **LISTS}
    values |= {f"n_{name}": len(words) for name, words in LISTS.items()}
    for name, model in RECORDS.items():
        values[name] = last_number(cursor, model)
        values[f"{name}_type"] = ContentType.objects.get_for_model(model).pk
    busiest = min(BUSIEST, sizes["activities"] // 4)
    return values | {"busiest": busiest, "every": sizes["activities"] // busiest}


def last_number(cursor, model):
    """The highest number that a row has so far, 0 without any."""
    cursor.execute(f"SELECT coalesce(max(id), 0) FROM {model._meta.db_table}")  # noqa: S608 - a table's name
    return cursor.fetchone()[0]


def follow_sequence(cursor, model):
    """Let the next record take the number after the last one."""
    table = model._meta.db_table
    query = f"SELECT setval(pg_get_serial_sequence(%s, 'id'), max(id)) FROM {table}"  # noqa: S608 - a table's name
    cursor.execute(query, [table])


def write_history(cursor, values, percent):
    """Give this share of the new records the event of their creation, as the triggers would have."""
    for name, model in RECORDS.items():
        event = next(made for made in history.event_models() if made.pgh_tracked_model is model)
        fields = [f.column for f in event._meta.local_fields if not f.name.startswith("pgh_")]
        columns = ", ".join(fields)
        cursor.execute(
            f"INSERT INTO {event._meta.db_table} "  # noqa: S608 - names of tables and columns
            f"(pgh_created_at, pgh_label, pgh_obj_id, {columns})"
            f" SELECT created_at, 'insert', id, {columns} FROM {model._meta.db_table}"
            " WHERE id > %s AND id %% 100 < %s",
            [values[name], percent],
        )


def make_users(cursor, users, teams, password):
    """The teams, the users with their roles, and the table of those who own records."""
    tree = make_teams(teams)
    hashed = make_password(password)
    people = User.objects.bulk_create([
        User(email=f"volume-{n:04d}@example.test", password=hashed, first_name=f"Volume {n}", last_name="User",
             team=tree[team_of(n, teams)], is_superuser=n == 1, is_staff=n == 1)
        for n in range(1, users + 1)
    ])  # fmt: skip
    Membership.objects.bulk_create([Membership(user=user, team=user.team) for user in people])
    managers = {team_of(n, teams): user for n, user in enumerate(people, 1) if is_manager(n, teams)}
    for position, manager in managers.items():
        tree[position].manager = manager
    Team.objects.bulk_update(tree, ["manager"])
    give_roles(people, teams)
    seat_sellers(cursor, people, teams)


def seat_sellers(cursor, people, teams):
    """The table of those who own records: everybody but the first two and the managers."""
    sellers = [user.pk for n, user in enumerate(people, 1) if n > 2 and not is_manager(n, teams)]
    cursor.execute("CREATE TEMP TABLE volume_seller (slot int PRIMARY KEY, user_id bigint)")
    rows = "SELECT row_number() OVER (), id FROM unnest(%s::bigint[]) id"
    cursor.execute(f"INSERT INTO volume_seller {rows}", [sellers])
    cursor.execute("ANALYZE volume_seller")


def give_roles(people, teams):
    """Sales manager for who manages a team, sales rep for the others; the first is an administrator anyway."""
    rep, manager = Group.objects.get(name=roles.REP), Group.objects.get(name=roles.MANAGER)
    through = User.groups.through
    through.objects.bulk_create([
        through(user=user, group=manager if is_manager(n, teams) else rep) for n, user in enumerate(people, 1) if n > 1
    ])  # fmt: skip


def width(teams):
    """How many teams report to one, for a tree four deep."""
    return next(wide for wide in range(1, teams + 2) if 1 + wide + wide**2 + wide**3 >= teams)


def make_teams(teams):
    """The tree, its root first; each team's parent comes before it."""
    made = []
    for position in range(teams):
        parent = made[(position - 1) // width(teams)] if position else None
        made.append(Team.objects.create(name=f"Volume team {position + 1}", parent=parent))
    return made


def is_manager(n, teams):
    """Whether user number `n` manages a team: the second, and one for each team below the root."""
    return n == 2 or 4 <= n < teams + 3


def team_of(n, teams):
    """The position of user number `n`'s team: sellers work in the teams that have no team below them."""
    if n <= 2:
        return 0
    if is_manager(n, teams):
        return n - 3
    leaves = [position for position in range(teams) if position * width(teams) + 1 >= teams]
    return leaves[n * n % len(leaves)]
