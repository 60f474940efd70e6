"""Guard 4: the same number of statements at ten, fifty and a hundred rows; small pages; plans that use their indexes."""

import re
from contextlib import nullcontext
from unittest import mock
from urllib.parse import urlencode

import pytest
from django import forms
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext

from crm_site.core.kinds import KINDS
from crm_site.core.models import Record, Team, User
from support.models import CaseField
from tests import shipped
from tests.architecture.samples import make_record
from tests.conftest import signed_in
from tests.factories import AccountFactory, TeamFactory, UserFactory, factories
from tests.filling import without_indexes

pytestmark = pytest.mark.django_db
LIST_STATEMENTS, RECORD_STATEMENTS, LIST_BYTES = 15, 17, 60_000
PANEL = re.compile(
    r'hx-get="([^"]+)"[^>]*hx-trigger="(?:[^"]*, )?(?:load|revealed)|hx-trigger="(?:load|revealed)[^>]*hx-get="([^"]+)"'
)


def kinds():
    """Every kind."""
    return [pytest.param(kind.key, id=kind.noun) for kind in KINDS.values()]


def statements(client, *addresses, **headers):
    """(how many statements the pages took together, bytes, texts)."""
    with CaptureQueriesContext(connection) as queries:
        answers = [client.get(address, headers=headers) for address in addresses]
    assert all(answer.status_code == 200 for answer in answers), [
        (a, r.status_code) for a, r in zip(addresses, answers, strict=True)
    ]
    work = [q for q in queries if not q["sql"].startswith(("SAVEPOINT", "RELEASE"))]
    return len(work), sum(len(answer.content) for answer in answers), [answer.content.decode() for answer in answers]


@pytest.mark.parametrize("key", kinds())
def test_a_list_costs_the_same_at_any_length(cast, key):
    """Ten, fifty and a hundred rows take the same statements, with every column shown, and few of them."""
    kind, client = KINDS[key], signed_in(cast.alice)
    columns = "&".join(f"col={column.name}" for column in kind.columns)
    address = f"{kind.base}?page_size=100&{columns}"
    counts, made = [], 0
    for size in (10, 50, 100):
        for _number in range(size - made):
            make_record(kind, cast.alice)
        made = size
        statements(client, address)
        counts.append(statements(client, address)[0])
    # A count is only asked for when one page does not show all, so the default page of fifty is asked as well.
    assert len(set(counts)) == 1, counts
    # A browser of its own: this one would show all the columns again that it was asked for last.
    taken, size, _texts = statements(signed_in(cast.alice), kind.base)
    assert taken <= LIST_STATEMENTS
    assert size <= LIST_BYTES, f"{size} bytes for {min(made, 50)} rows"
    assert max(counts) <= LIST_STATEMENTS, counts


def with_children(record, number):
    """Hang this many of everything off the record."""
    for model, factory in factories().items():
        for field in model._meta.concrete_fields:
            if field.related_model is type(record) and not field.unique:
                for _each in range(number):
                    extra = {"owner": record.owner} if issubclass(model, Record) else {}
                    try_make(factory, **{field.name: record}, **extra)


def try_make(factory, **values):
    """One child, unless a rule of the database allows only one."""
    from django.db import IntegrityError, transaction

    try:
        with transaction.atomic():
            factory(**values)
    except IntegrityError:
        return


def asked_for(client, address):
    """The addresses that a page asks for by itself when it is opened."""
    text = client.get(address).content.decode()
    return list(dict.fromkeys(one or other for one, other in PANEL.findall(text)))


@pytest.mark.parametrize("key", kinds())
def test_a_record_costs_the_same_with_any_number_of_children(cast, key):
    """One child or fifty: the page, with all its panels in it, takes the same, small number of statements."""
    kind, client = KINDS[key], signed_in(cast.alice)
    record = make_record(kind, cast.alice)
    counts = []
    for more in (3, 47):
        with_children(record, more)
        page = kind.record_url(record.pk)
        assert asked_for(client, page) == [], "one request brings all"
        for _warm in range(2):
            total = statements(client, page)[0]
        counts.append(total)
    assert counts[0] == counts[1], counts
    assert counts[1] <= RECORD_STATEMENTS, counts


def test_growth_is_seen(cast):
    """Negative control: a list that asks once a row is told apart."""
    client = signed_in(cast.alice)
    AccountFactory.create_batch(3, owner=cast.alice)
    plain = statements(client, "/accounts/")[0]
    one_by_one = sum(
        statements(client, f"/accounts/{account.pk}/")[0]
        for account in type(AccountFactory()).objects.visible_to(cast.alice)
    )
    assert one_by_one > plain + 3


ROWS = 12_000


def grow(kind, cast):
    """Copy one record of the kind ROWS times, as the database copies: other names, times, owners and teams."""
    record = make_record(kind, cast.alice)
    table, columns, values = kind.model._meta.db_table, [], []
    owners = list(User.objects.order_by("pk").values_list("pk", flat=True))
    teams = list(Team.objects.order_by("pk").values_list("pk", flat=True))
    for field in kind.model._meta.concrete_fields:
        if field.generated or field.primary_key:
            continue
        name = connection.ops.quote_name(field.column)
        columns.append(name)
        values.append(grown(field, name, owners, teams))
    with connection.cursor() as cursor:
        # Without looking up what each row points at, where the account may do without.
        triggers = "ALL" if shipped.may_do_all(cursor) else "USER"
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER {triggers}")
        with without_indexes(cursor, table):
            cursor.execute(
                f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(values)}"
                f" FROM {table} r, generate_series(1, {ROWS}) g WHERE r.id = {record.pk}"
            )
        cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER {triggers}")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    return record


def grown(field, name, owners, teams):
    """The SQL for one column of the copies."""
    target = field.related_model._meta.label_lower if field.related_model else ""
    if target in KINDS and field.related_model is not field.model:
        wanted = field.related_model._meta.db_table
        return f"CASE WHEN r.{name} IS NULL THEN NULL ELSE (SELECT min(id) FROM {wanted}) + g END"
    kind = field.get_internal_type()
    if field.name in ("owner", "team", "followed_owner", "followed_team"):
        return f"(ARRAY{owners if 'owner' in field.name else teams})[1 + (g * 7919) % {len(owners if 'owner' in field.name else teams)}]"
    if kind in ("CharField", "TextField") and not field.choices and (field.max_length or 999) >= 40:
        return f"CASE WHEN r.{name} = '' THEN r.{name} ELSE left(md5(g::text), 8) || ' ' || r.{name} || ' ' || g END"
    if kind == "DateField":
        return f"r.{name} - g"
    return f"r.{name} - g * interval '1 minute'" if kind == "DateTimeField" else f"r.{name}"


BIG = 5_000


# A page whose statements alone matter need not be painted: its rows are read before.
UNPAINTED = mock.patch("django.template.response.SimpleTemplateResponse.rendered_content", "")


def plans(client, address, known):
    """[(statement, plan)] of the page's SELECTs that touch a table of a kind, without those `known`, and then they are."""
    tables = [kind.model._meta.db_table for kind in KINDS.values()]
    with CaptureQueriesContext(connection) as queries, UNPAINTED if "?" in address else nullcontext():
        answer = client.get(address)
    assert answer.status_code == 200
    found = []
    for query in queries:
        sql = query["sql"]
        if sql.startswith("SELECT") and sql not in known and any(f'"{table}"' in sql for table in tables):
            known.add(sql)
            with connection.cursor() as cursor:
                cursor.execute("EXPLAIN " + sql)
                found.append((sql, "\n".join(row[0] for row in cursor.fetchall())))
    return found


def scanned(plan):
    """Tables of records that a plan reads from end to end."""
    tables = {kind.model._meta.db_table for kind in KINDS.values()}
    found = re.findall(r"Seq Scan on (\w+) .* rows=(\d+)", plan)
    # A capped count of what nearly all rows are stops at the cap, wherever it begins.
    capped = "Limit" in plan and "Sort" not in plan
    return {table for table, rows in found if table in tables and not (capped and int(rows) > ROWS / 2)}


def list_addresses(kind, user):
    """A list plain, in every sort both ways, and searched."""
    yield kind.base
    for sort in kind.sorts:
        yield f"{kind.base}?sort={sort}"
        yield f"{kind.base}?sort=-{sort}"
    yield f"{kind.base}?q=Account 777"
    yield f"{kind.base}?q={kind.model.NUMBER_PREFIX}-77"
    if hasattr(kind.model, "name_sort"):
        yield f"{kind.base}?q=zz"
    else:
        yield f"{kind.base}?q=z"
        yield f"{kind.base}?q=zz"
    yield f"{kind.base}options/?q=777"
    if user.is_superuser or user.team.parent_id:  # the manager of all has the same statements with more teams
        yield from filter_addresses(kind, user)


def filter_addresses(kind, user):
    """The list with each filter that it offers, and with all choices of several together."""
    offered = kind.filters(QueryDict(), queryset=kind.model.objects.none(), user=user).form.fields
    asked = {}
    for name, field in offered.items():
        if isinstance(field.widget, forms.HiddenInput):
            continue
        if hasattr(field, "queryset"):
            asked[name] = "1"
        elif hasattr(field.widget, "choices"):
            asked[name] = str(next(value for value, _label in field.widget.choices if value))
        elif isinstance(field.widget, forms.MultiWidget):
            asked[f"{name}_after"] = "2030-01-01"
        else:
            asked[name] = "zz"
    for name, value in asked.items():
        yield f"{kind.base}?{name}={value}&page_size=10"
    yield f"{kind.base}?{urlencode(dict(list(asked.items())[-3:]))}&page_size=10"


@pytest.mark.slow
def test_lists_use_their_indexes(cast):
    """On twelve thousand rows of each kind no list, sort, filter or search of rep, manager or administrator scans a table."""
    UserFactory.create_batch(60)
    TeamFactory.create_batch(41)
    CaseField.objects.create(key="lot", label="Which lot?")
    for kind in KINDS.values():
        grow(kind, cast)
    with connection.cursor() as cursor:
        # Not the server's own tables, which another run may hold.
        cursor.execute(f"ANALYZE {', '.join(connection.introspection.table_names(cursor))}")
    faults, known = [], set()
    for actor in (cast.alice, cast.bob, cast.rita):
        client = signed_in(actor)
        for kind in KINDS.values():
            for address in list_addresses(kind, actor):
                for sql, plan in plans(client, address, known):
                    faults += [f"{actor} {address}: {t}\n{sql[:1500]}\n{plan}" for t in scanned(plan)]
    assert not faults, f"{len(faults)}\n" + "\n\n".join(faults[:4])
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN SELECT * FROM customers_account WHERE description = 'x'")
        assert scanned("\n".join(row[0] for row in cursor.fetchall())), "negative control: a scan is told apart"
