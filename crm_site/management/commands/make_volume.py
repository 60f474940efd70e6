"""`manage.py make_volume`: a large made-up company to measure with."""

import secrets
import time

from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from crm_site.core.models import User
from crm_site.volume import helping, load, selling


class Command(BaseCommand):
    """Fills a database that is meant for measuring; never one that somebody works in."""

    help = "Fill an empty database with made-up records, the same ones for the same arguments."

    def add_arguments(self, parser):
        """The sizes and the seed."""
        for name, number in {"contacts": 1_000_000, "customers": 300_000, "accounts": 300_000, "activities": 2_000_000,
                             "users": 200, "teams": 30, "seed": 7}.items():  # fmt: skip
            parser.add_argument(f"--{name}", type=int, default=number, help=f"(default: {number:,})")
        for name in (*selling.SIZES, *helping.SIZES):
            parser.add_argument(f"--{name}", type=int, help="(default: in proportion to the contacts)")
        parser.add_argument("--history", type=int, default=0, help="write history for this percentage of the records")
        parser.add_argument("--password", default="", help="everybody's password; one is made and printed otherwise")
        parser.add_argument("--into-existing", action="store_true", help="add to a database that holds records already")

    def handle(self, **options):
        """Load, analyse, say what there is."""
        if (load.holds_records() or User.objects.filter(email__endswith="@example.test").exists()) and not options[
            "into_existing"
        ]:
            raise CommandError("This database holds records already; --into-existing adds to them.")
        if User.objects.filter(email="volume-0001@example.test").exists():
            raise CommandError("The volume's users are here already: it can be loaded only once.")
        sizes = {name: options[name] for name in ("accounts", "contacts", "customers", "activities")}
        if min(sizes.values()) < 100 or options["users"] < 5 or options["teams"] < 1:
            raise CommandError("The smallest volume has 100 records of each kind, 5 users and a team.")
        if max(sizes["accounts"], sizes["contacts"]) < sizes["customers"]:
            raise CommandError("Each customer needs an account or a contact of its own.")
        sizes |= self.selling_sizes(options)
        sizes |= helping.sizes(options["contacts"], **{name: options[name] for name in helping.SIZES})
        password = options["password"] or secrets.token_urlsafe(12)
        began = time.monotonic()
        load.load(
            sizes, users=options["users"], teams=options["teams"], seed=options["seed"], password=password,
            history_percent=options["history"], say=self.stdout.write,
        )  # fmt: skip
        self.analyse()
        self.stdout.write(f"Loaded in {time.monotonic() - began:.0f} s.")
        if not options["password"]:
            self.stdout.write(f"Everybody's password, such as volume-0001@example.test's: {password}")

    def selling_sizes(self, options):
        """The sizes of sales and marketing."""
        sizes = selling.sizes(options["contacts"], **{name: options[name] for name in selling.SIZES})
        if sizes["leads"] > sizes["opportunities"] or min(sizes.values()) < 20:
            raise CommandError("No more leads than opportunities, and twenty of each at least.")
        return sizes

    def analyse(self):
        """Let the planner know what came in, and say how large it is."""
        with connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = 0")
            cursor.execute("VACUUM ANALYZE")
            for model in load.ALL:
                table = model._meta.db_table
                size = "SELECT reltuples::bigint, pg_size_pretty(pg_total_relation_size(oid)) FROM pg_class"
                cursor.execute(f"{size} WHERE oid = %s::regclass", [table])
                rows, size = cursor.fetchone()
                self.stdout.write(f"  {table}: {rows:,} rows, {size}")
