"""Real cases come in whole: tables of cases as they stand, and a log that is replayed moment by moment (PL-1, SL-14)."""

import csv
import gzip
from collections import Counter
from datetime import datetime

import pytest
from django.conf import settings
from django.db import connection

from crm_site.core.imports.propose import detect
from crm_site.core.imports.reading import open_table
from crm_site.core.imports.registry import IMPORTERS
from crm_site.core.models import User
from customers.models import Contact
from support.models import Case, Clock, Message, PolicyVersion
from tests.core.test_import_wizard import through
from tests.customers.test_import_real import DATA, bring, ids

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.real_data, pytest.mark.slow]
DAYS = 3
# How long each incident was being worked on until it was solved, waiting left out, from the rows themselves.
WORKED = """
    WITH steps AS (
        SELECT number, state, opened, n, max(at) OVER (PARTITION BY number ORDER BY n) AS at FROM incident_rows
    ), spans AS (
        SELECT number, state, at, n, lead(at) OVER (PARTITION BY number ORDER BY n) AS until,
            lag(state) OVER (PARTITION BY number ORDER BY n) AS before, least(opened, at) AS opened FROM steps
    ), solved AS (
        SELECT number, min(n) AS n, min(at) AS at FROM spans WHERE state IN ('Resolved', 'Closed') GROUP BY number
    )
    SELECT s.number, extract(epoch FROM s.at - min(p.opened)) - coalesce(sum(extract(epoch FROM p.until - p.at))
        FILTER (WHERE p.state LIKE 'Awaiting%%' AND p.n < s.n), 0) > %s AS late
    FROM solved s JOIN spans p USING (number) GROUP BY s.number, s.at, s.n
    HAVING NOT bool_or(p.n > s.n AND p.state NOT IN ('Resolved', 'Closed'))
"""


def file_with(*headers):
    """The first file of the data that has these columns, whatever it is called."""
    for path in sorted([*DATA.glob("*/*/*.csv"), *DATA.glob("*/*/*.csv.gz")]):
        with (gzip.open if path.suffix == ".gz" else open)(path, "rt", encoding="utf-8-sig", errors="replace") as file:
            if set(headers) <= set(next(csv.reader(file), ())):
                return path
    return pytest.skip("no data folder")


def nameless(path, folder, keep=lambda row: True):
    """(a copy under a name that tells nothing, packed like the original; its rows) with some of the rows."""
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        rows = [row for row in reader if keep(row)]
    copy = folder / ("table.csv" + (".gz" if path.suffix == ".gz" else ""))
    with opener(copy, "wt", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, reader.fieldnames)
        writer.writeheader()
        writer.writerows(rows)
    return copy, rows


def some_incidents(folder, count):
    """As nameless, of a log of incidents: all rows of so many of them, taken evenly from the file."""
    source = file_with("incident_state", "sys_updated_at", "reassignment_count")
    with (gzip.open if source.suffix == ".gz" else open)(source, "rt", encoding="utf-8-sig", newline="") as file:
        numbers = list(dict.fromkeys(row["number"] for row in csv.DictReader(file)))
    chosen = set(numbers[:: max(1, len(numbers) // count)])
    return nameless(source, folder, lambda row: row["number"] in chosen)


def every(model):
    return model.objects.unscoped("a test counts all")


def test_cases_of_another_system(cast, tmp_path):
    """Each row is a case with its status, channel and dates; a second time nothing changes."""
    path, rows = nameless(file_with("Case Owner", "Case Origin", "Days to Closed"), tmp_path)
    assert bring(path, "other", cast.rita) == {"table.csv": (len(rows), 0, 0, 0)}
    assert every(Case).count() == len(rows)
    closed = sum(row["Status"] == "Closed" for row in rows)
    assert every(Case).filter(category="closed", closed_at__isnull=False).count() == closed
    channels = Counter(every(Case).values_list("channel", flat=True))
    assert channels["email"] == sum(row["Case Origin"] == "Email" for row in rows)
    assert channels["phone"] >= sum(row["Case Origin"] == "Phone" for row in rows)
    assert bring(path, "other", cast.rita) == {"table.csv": (0, 0, len(rows), 0)}


def test_tickets_with_texts_of_many_lines(cast, tmp_path):
    """PL-1: the fifth part of 8,469 tickets; types, priorities, states, products and reporters are the file's."""
    path, rows = nameless(
        file_with("Ticket ID", "Ticket Description"), tmp_path, lambda row: int(row["Ticket ID"]) % 20 == 0
    )
    assert bring(path, "tickets", cast.rita) == {"table.csv": (len(rows), 0, 0, 0)}
    here = ids(Case, "tickets")
    made = every(Case).select_related("contact", "product").in_bulk(here.values())
    words = {"Critical": 1, "High": 2, "Medium": 3, "Low": 4}
    states = {"Open": "open", "Pending Customer Response": "waiting", "Closed": "closed"}
    for row in rows:
        case = made[here[row["Ticket ID"]]]
        assert case.description.split() == row["Ticket Description"].split()
        assert (case.priority, case.category) == (words[row["Ticket Priority"]], states[row["Ticket Status"]])
        assert case.contact.email == row["Customer Email"].lower()
        assert case.product.name == row["Product Purchased"]
        assert case.resolution.split() == row["Resolution"].split()
    assert every(Contact).filter(source="support").count() == len({row["Customer Email"].lower() for row in rows})
    assert Message.objects.filter(kind="public", direction="in").count() == len(rows)


@pytest.fixture
def promise(db, cast):
    """A promise of three days by the clock, whatever the priority; returns the cast."""
    minutes = dict.fromkeys("1234", DAYS * 24 * 60)
    PolicyVersion.objects.update(hours={}, targets={"resolution": minutes}, steps=[])
    return cast


def test_a_log_is_replayed(promise, tmp_path):
    """States, agents, groups and reopenings are those of the log; SL-14: as many promises kept as the rows say."""
    path, rows = some_incidents(tmp_path, 65)
    rows.sort(key=lambda row: datetime.strptime(row["sys_updated_at"] + "Z", "%d/%m/%Y %H:%M%z"))
    agents = {row["assigned_to"] for row in rows} - {"?"}
    User.objects.bulk_create([User(email=f"agent{n}@kith.test", last_name=n) for n in sorted(agents)])
    found = bring(path, "log", promise.rita)
    assert found == {"table.csv.gz": (len(rows), 0, 0, 0)}
    check_last_states(rows)
    check_attainment(rows)
    assert every(Case).filter(owner__isnull=False).exclude(owner=promise.rita).exists()
    groups = {f"Group {row['assignment_group']}" for row in last(rows).values()} - {"Group ?"}
    assert groups <= set(every(Case).values_list("queue__name", flat=True))
    assert bring(path, "log", promise.rita) == {"table.csv.gz": (0, 0, len(rows), 0)}
    assert Message.objects.filter(kind="event").count() >= len(rows)


def last(rows):
    """{number: its last row}."""
    return {row["number"]: row for row in rows}


def check_last_states(rows):
    """Each case stands as the last row of its number says, and was reopened as often as the rows tell."""
    here = ids(Case, "log")
    made = every(Case).in_bulk(here.values())
    assert set(here) == set(last(rows))
    words = {"New": "new", "Active": "open", "Resolved": "resolved", "Closed": "closed"}
    back, before = Counter(), {}
    for row in rows:
        ended = row["incident_state"] in ("Resolved", "Closed")
        back[row["number"]] += before.get(row["number"], False) and not ended
        before[row["number"]] = ended
    for number, row in last(rows).items():
        case = made[here[number]]
        assert case.category == words.get(row["incident_state"], "waiting"), number
        assert case.priority == int(row["priority"]), number
        assert case.reopened == back[number], number


def check_attainment(rows):
    """Clocks of incidents that stayed solved: met and broken as SQL over the bare rows has it."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET TIME ZONE '{settings.TIME_ZONE}'")
        cursor.execute(
            "CREATE TEMP TABLE incident_rows (n int, number text, state text, opened timestamptz, at timestamptz)"
        )
        cursor.executemany(
            "INSERT INTO incident_rows VALUES (%s, %s, %s, to_timestamp(%s, 'DD/MM/YYYY HH24:MI'), to_timestamp(%s, 'DD/MM/YYYY HH24:MI'))",
            [(n, r["number"], r["incident_state"], r["opened_at"], r["sys_updated_at"]) for n, r in enumerate(rows)],
        )
        cursor.execute(WORKED, [DAYS * 24 * 3600])
        late = dict(cursor.fetchall())
        cursor.execute("DROP TABLE incident_rows")
    here = ids(Case, "log")
    clocks = Clock.objects.filter(metric="resolution", state__in=["met", "breached"], case__in=[here[n] for n in late])
    found = dict(clocks.values_list("case_id", "state"))
    wanted = {here[n]: "breached" if is_late else "met" for n, is_late in late.items()}
    assert found == wanted
    assert set(wanted.values()) == {"met", "breached"}


def test_a_log_comes_in_by_the_wizard(promise, tmp_path, client_of):
    """The browser's way: the packed file is known by its columns, checked, run in the background, and counted."""
    path, rows = some_incidents(tmp_path, 7)
    assert detect(open_table(path).headers, path.name, list(IMPORTERS.values())) is IMPORTERS["case_events"]
    job = through(client_of(promise.rita), path.read_bytes(), path.name)
    assert job.options["importer"] == "case_events"
    assert (job.counts["created"], job.counts["rows"]) == (len(rows), len(rows))
    assert every(Case).count() == len(last(rows))
