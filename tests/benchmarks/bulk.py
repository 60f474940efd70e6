"""How many rows a second come in, go out and change: an import as its worker does it, exports, bulk changes.

`python -m tests.benchmarks.bulk ROWS` runs in the database of DATABASE_URL and prints one JSON object.
"""

import csv
import io
import json
import resource
import sys
import time

import django

django.setup()

from django.core.files.base import ContentFile  # noqa: E402 - Django must be set up first
from django.db import connection  # noqa: E402

from crm_site.core.bulk import start_bulk_change, undo_bulk_change  # noqa: E402
from crm_site.core.exports import start_export, start_workbook  # noqa: E402
from crm_site.core.imports.propose import propose  # noqa: E402
from crm_site.core.imports.reading import open_table  # noqa: E402
from crm_site.core.imports.registry import IMPORTERS  # noqa: E402
from crm_site.core.imports.run import CHECK, begin  # noqa: E402
from crm_site.core.jobs import queue_job, run_now, start_job  # noqa: E402
from crm_site.core.kinds import KINDS  # noqa: E402
from crm_site.core.models import Job, User  # noqa: E402
from support.models import Case, Queue, Status  # noqa: E402


def memory():
    """The largest size of this process so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def people(rows):
    """A CSV file of people."""
    out = io.StringIO()
    write = csv.writer(out)
    write.writerow(["First Name", "Last Name", "Email", "Phone", "City", "Country", "Title"])
    mark = int(time.time())
    for n in range(rows):
        write.writerow(
            ["Ada", f"Import{n}", f"ada.{mark}.{n}@example.org", f"+49 151 {10_000_000 + n}", "Köln", "DE", "Buyer"]
        )
    return out.getvalue().encode()


def run_all(job):
    """Do a job's steps until it rests; seconds."""
    began = time.monotonic()
    while job.state in (Job.WAITING, Job.RUNNING):
        job = run_now(job, seconds=3600)
    return time.monotonic() - began, job


def bring_in(rows, user):
    """The import with its check: {"check", "import"} in rows a second, and what memory it took."""
    importer = next(made for made in IMPORTERS.values() if made.key == "customers.contact")
    file = ContentFile(people(rows), name="people.csv")
    table = open_table(file)
    options = propose(importer, table, file.name, user=user)
    options |= {"headers": table.headers, "notes": [], "kind": table.kind, "phase": CHECK, "checked": False}
    file.seek(0)
    before = memory()
    job = start_job("import", importer.key, user, options, file=file)
    checked, job = run_all(job)
    queue_job(job, **begin(job))
    job.refresh_from_db()
    took, job = run_all(job)
    return {
        "check rows/s": rows / checked,
        "import rows/s": rows / took,
        "import MB": memory() - before,
        "counts": job.counts,
    }


def send_out(user):
    """The CSV export of all contacts: rows a second, seconds to the first bytes, memory."""
    before, began = memory(), time.monotonic()
    _job, stream = start_export(KINDS["customers.contact"], {"query": "", "columns": [], "format": "csv"}, user)
    next(stream)
    first = time.monotonic() - began
    lines = sum(piece.count(b"\n") for piece in stream)
    return {"csv rows/s": lines / (time.monotonic() - began), "csv first bytes s": first, "csv MB": memory() - before}


def workbook(ids, user):
    """The Excel workbook of these contacts, made by its job: rows a second."""
    took, job = run_all(start_workbook(KINDS["customers.contact"], {"query": "", "ids": ids, "columns": []}, user))
    return {"xlsx rows/s": job.counts["rows"] / took}


def change_many(ids, user):
    """Edit, tag and assign these contacts, and take the assignment back: rows a second each, with history."""
    kind, mark = KINDS["customers.contact"], f"Bench {int(time.time())}"
    other = User.objects.get(email="volume-0002@example.test")
    changes = {
        "edit": {"source": mark},
        "tag": {"tags": [mark], "remove": False},
        "assign": {"owner_id": other.pk},
    }
    found = {}
    for action, values in changes.items():
        took, job = run_all(start_bulk_change(kind, {"action": action, "ids": ids, "values": values}, by=user))
        found[f"{action} rows/s"] = job.counts["changed"] / took
    took, job = run_all(undo_bulk_change(job, by=user))
    return found | {"undo rows/s": job.counts["changed"] / took}


def change_cases(user, rows=10_000):
    """Give open cases another priority, status and queue, with their clocks: rows a second each, with history."""
    open_ones = Case.objects.visible_to(user).filter(category__in=Status.UNRESOLVED).order_by("-pk")
    ids = list(open_ones.values_list("pk", flat=True)[:rows])
    changes = {
        "priority": ("set_priority", {"priority": 1}),
        "status": ("set_status", {"status_id": Status.objects.filter(category="waiting").first().pk}),
        "queue": ("set_queue", {"queue_id": Queue.objects.latest("pk").pk}),
    }
    found = {}
    for name, (action, values) in changes.items():
        options = {"action": action, "ids": ids, "values": values}
        cpu = time.process_time()
        took, job = run_all(start_bulk_change(KINDS["support.case"], options, by=user))
        changed = job.counts["changed"]
        found[f"case {name} rows/s"] = changed / took
        found[f"case {name} rows/CPU s"] = changed / (time.process_time() - cpu)
    return found


def main(rows):
    """All of it, as the administrator."""
    user = User.objects.get(email="volume-0001@example.test")
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = '30s'")
    found = send_out(user)
    found |= bring_in(rows, user)
    every = KINDS["customers.contact"].model.objects.visible_to(user).order_by("-pk").values_list("pk", flat=True)
    found |= workbook(list(every[:rows]), user)
    found |= change_many(list(every[:10_000]), user)
    found |= change_cases(user)
    sys.stdout.write(json.dumps(found, default=str) + "\n")


if __name__ == "__main__":
    main(int(sys.argv[1]))
