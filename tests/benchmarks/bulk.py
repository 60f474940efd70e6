"""How many rows a second come in and go out: the import of a CSV file as its worker does it, and the exports.

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

from crm_site.core.exports import start_export  # noqa: E402
from crm_site.core.imports.propose import propose  # noqa: E402
from crm_site.core.imports.reading import open_table  # noqa: E402
from crm_site.core.imports.registry import IMPORTERS  # noqa: E402
from crm_site.core.imports.run import CHECK, begin  # noqa: E402
from crm_site.core.jobs import queue_job, run_now, start_job  # noqa: E402
from crm_site.core.kinds import KINDS  # noqa: E402
from crm_site.core.models import Job, User  # noqa: E402


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


def main(rows):
    """Both, as the administrator."""
    user = User.objects.get(email="volume-0001@example.test")
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = '30s'")
    found = send_out(user)
    found |= bring_in(rows, user)
    sys.stdout.write(json.dumps(found, default=str) + "\n")


if __name__ == "__main__":
    main(int(sys.argv[1]))
