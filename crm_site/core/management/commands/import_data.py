"""manage.py import_data FILE…: the import wizard without a browser."""

import json
import time
from contextlib import suppress
from pathlib import Path

from django.core.exceptions import ValidationError
from django.core.files import File
from django.core.management.base import BaseCommand, CommandError

from crm_site.core.imports.plan import CHECK, OUTCOMES, RUN
from crm_site.core.imports.propose import detect, propose
from crm_site.core.imports.reading import open_table
from crm_site.core.imports.registry import IMPORTERS, importers_for
from crm_site.core.jobs import run_now, start_job
from crm_site.core.models import Job, User
from crm_site.core.views.imports import made

SUFFIXES = {".csv", ".tsv", ".txt", ".xlsx", ".xls", ".ods", ".gz"}


class Command(BaseCommand):
    """Import tables; a folder means its files that can be imported, users first and activities last."""

    help = "Import CSV or spreadsheet files: people, campaigns, products, leads, deals, papers, activities."

    def add_arguments(self, parser):
        """The files and how to read them."""
        parser.add_argument("files", nargs="+", metavar="FILE", help="a table, or a folder of them")
        parser.add_argument("--kind", help="what the rows are, such as accounts; guessed unless given")
        parser.add_argument("--system", default="", help="the system that the ids belong to, such as zoho")
        parser.add_argument("--mapping", help='a file or text of JSON: {"Header": "target", …}')
        parser.add_argument("--user", help="the e-mail address of who imports; default: the first administrator")
        parser.add_argument("--dry-run", action="store_true", help="read and check everything, write nothing")

    def handle(self, *_args, **options):
        """Import the files one after the other."""
        user = self.who(options["user"])
        found, failed = self.sorted_files(options, user), False
        if not found:
            raise CommandError("No file holds anything that can be imported. Say what it is with --kind.")
        options["also"] = sorted({importer.name for _path, _sheet, importer in found})
        for path, sheet, importer in found:
            failed |= not self.import_file(path, sheet, importer, user, options)
        if failed:
            raise CommandError("Not everything could be imported; see above.")

    def who(self, email):
        """The importing user."""
        users = User.objects.filter(is_active=True, door=User.STAFF)
        user = users.filter(email=email.lower()).first() if email else users.filter(is_superuser=True).first()
        if user is None:
            raise CommandError(f"There is no user {email}." if email else "There is no administrator; give --user.")
        return user

    def sorted_files(self, options, user):
        """(path, sheet, importer) of all tables, in the order in which they depend on each other."""
        found, open_to = [], importers_for(user)
        if options["kind"] and options["kind"] not in IMPORTERS:
            raise CommandError(f"--kind is one of {', '.join(IMPORTERS)}.")
        for path in self.paths(options["files"]):
            try:
                tables = self.tables(path, whole=not options["kind"])
            except ValidationError as error:
                self.stderr.write(f"{path.name}: {' '.join(error.messages)}")
                continue
            kinds = [self.kind_of(name, table, options, open_to) for name, table in tables]
            if not any(kinds):
                tables, kinds = tables[:1], [self.kind_of(path.name, tables[0][1], options, open_to)]
            for (name, table), importer in zip(tables, kinds, strict=True):
                if importer is None:
                    self.stdout.write(f"{name}: left out, it holds nothing that can be imported yet")
                else:
                    found.append((path, table.sheet, importer))
        return sorted(found, key=lambda each: each[2].order)

    def kind_of(self, name, table, options, open_to):
        """The importer that was asked for, or that a table speaks for."""
        return IMPORTERS.get(options["kind"] or "") or detect(table.headers, name, open_to, table.sample())

    def tables(self, path, *, whole):
        """(name, table) of a file; of a workbook each sheet that holds something, under its own name."""
        first = open_table(path)
        if not whole or len(first.sheets) < 2:
            return [(path.name, first)]
        found = []
        for sheet in first.sheets:
            with suppress(ValidationError):  # a sheet without anything in it
                found.append((sheet, open_table(path, sheet=sheet)))
        return found

    def paths(self, names):
        """The files that the arguments name."""
        for name in names:
            path = Path(name)
            if path.is_dir():
                yield from sorted(p for p in path.iterdir() if p.suffix.lower() in SUFFIXES)
            elif path.is_file():
                yield path
            else:
                raise CommandError(f"There is no file {name}.")

    def import_file(self, path, sheet, importer, user, options):
        """Import one table and say what became of its rows; False when it could not be read through."""
        table = open_table(path, sheet=sheet)
        name = sheet if len(table.sheets) > 1 else path.name
        chosen = propose(importer, table, name, system=options["system"])
        chosen["columns"] |= {h: {"target": t} for h, t in self.mapping(options["mapping"]).items()}
        chosen |= {"phase": CHECK if options["dry_run"] else RUN, "also": options["also"]}
        started = time.perf_counter()
        with path.open("rb") as file:
            job = start_job("import", importer.key, user, chosen, file=File(file, path.name))
        while job.state in (Job.WAITING, Job.RUNNING):
            job = run_now(job, seconds=3600)
            if job.state == Job.WAITING:
                time.sleep(0.5)
        self.tell(job, importer, time.perf_counter() - started, name)
        return job.state in (Job.DONE, Job.DRAFT)

    def mapping(self, text):
        """{header: target} from --mapping."""
        if not text:
            return {}
        return json.loads(Path(text).read_text() if text.lstrip()[:1] != "{" else text)

    def tell(self, job, importer, seconds, name):
        """The report of one file."""
        counts = ", ".join(f"{job.counts.get(outcome, 0)} {outcome}" for outcome in OUTCOMES)
        rows = job.counts.get("rows", 0)
        self.stdout.write(
            f"{name} → {importer.name}: {rows} rows: {counts}; {seconds:.1f} s, {rows / seconds:,.0f} rows/s"
        )
        if job.error:
            self.stderr.write(f"  {job.error}")
        left_out = [h for h, c in job.options["columns"].items() if not c.get("target")]
        if left_out:
            self.stdout.write(f"  columns not imported: {', '.join(left_out)}")
        for item in made(job.counts):
            self.stdout.write(f"  along the way: {item['number']} {item['label']}")
        for outcome, reasons in job.counts.get("reasons", {}).items():
            for reason, number in reasons.items():
                self.stdout.write(f"  {outcome}: {number} × {reason.strip().replace(chr(9), ': ')}")
        for warning, number in job.counts.get("warnings", {}).items():
            self.stdout.write(f"  warning: {number} × {warning.strip().replace(chr(9), ': ')}")
