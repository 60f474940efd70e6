"""`python3 -m tests.benchmarks [--only TEXT] [--rounds N] [--small-only] [--bulk ROWS]`."""

import argparse
import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
if find_spec("psycopg") is None:
    python = ROOT / ".venv" / "bin" / "python"
    os.execv(python, [str(python), "-m", "tests.benchmarks", *sys.argv[1:]])

import psycopg  # noqa: E402 - another Python may have to be started first

from crm_site.launcher import places, services, serving  # noqa: E402
from tests.benchmarks import measuring, report, requests  # noqa: E402
from tests.benchmarks.client import Visitor  # noqa: E402
from tests.benchmarks.serving import Server  # noqa: E402

SIZES = {
    "full": {"contacts": 1_000_000, "customers": 300_000, "accounts": 300_000, "activities": 2_000_000,
             "opportunities": 1_000_000, "cases": 2_000_000, "running": 1_000_000},
}  # fmt: skip
SIZES["small"] = {name: rows // 100 for name, rows in SIZES["full"].items()}


def main():
    """Make what is missing, measure, write the page."""
    parser = argparse.ArgumentParser(prog="python3 -m tests.benchmarks", description=__doc__)
    parser.add_argument("--only", default="", help="only requests whose figure or name holds this")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--size", choices=["small", "full"], default="full", help="small measures ten thousand twice")
    parser.add_argument("--bulk", type=int, default=20_000, help="rows of the import; 0 leaves imports and exports out")
    parser.add_argument("--to", default=str(ROOT / "docs" / "benchmarks.md"))
    options = parser.parse_args()
    place = places.find(ROOT)
    with services.borrowed(place, Path(sys.prefix)):
        os.environ.update(serving.settings(place, "127.0.0.1", 8000))
        run(options, os.environ["DATABASE_URL"])


def run(options, address):
    """Everything, with PostgreSQL at this address."""
    command({"DJANGO_SETTINGS_MODULE": "crm_site.settings"}, "manage.py", "collectstatic", "--noinput", "-v0")
    found = {}
    for size in dict.fromkeys(("small", options.size)):
        found[size] = database(address, f"bench_{size}", SIZES[size])
    floor_env = {"FLOOR_DATABASE_URL": database(address, "bench_floor", None)}
    command(floor_env, "-m", "tests.benchmarks.floor")
    env = {"DJANGO_SETTINGS_MODULE": "tests.benchmarks.settings"}
    servers = [Server("tests.benchmarks.floor", floor_env)]
    servers += [Server("crm_site.wsgi", env | {"DATABASE_URL": found[size]}) for size in ("small", options.size)]
    try:
        figures, extra = measured(options, servers, [found["small"], found[options.size]])
    finally:
        for server in servers:
            server.stop()
    extra += outside(options, env | {"DATABASE_URL": found[options.size]}, env | {"DATABASE_URL": found["small"]})
    report.write(options.to, figures, extra, {size: f"{SIZES[size]['contacts']:,} contacts" for size in SIZES})
    missed = sum(bool(figure.trouble) for figure in figures)
    sys.stdout.write(f"{len(figures)} figures, {missed} of them miss a bar; see {options.to}\n")


def measured(options, servers, addresses):
    """The figures of the requests, and lines about the servers."""
    floor, small, full = servers
    visitor = Visitor(floor.port).sign_in(username="floor", password="floor-password")
    sides = [measuring.Side(small), measuring.Side(full)]
    lists = [requests.all_requests(requests.facts(address)) for address in addresses]
    pairs = [pair for pair in zip(*lists, strict=True) if options.only in f"#{pair[1].figure} {pair[1].name}"]
    figures = []
    for figure in measuring.measure(pairs, floor, visitor, *sides, rounds=options.rounds):
        figures.append(figure)
        sys.stdout.write(report.line(figure))
        sys.stdout.flush()
    return figures, [f"#30: first answer {full.seconds:.2f} s after the start (bar 1.5 s)", *load(floor, full)]


def load(floor, full):
    """Throughput and memory of the full site beside the floor's."""
    crowd = [Visitor(floor.port).sign_in(username="floor", password="floor-password") for _n in range(8)]
    floor_rate = measuring.throughput(crowd, "/p/")[0]
    crowd = [
        Visitor(full.port).sign_in(login="volume-0150@example.test", password=measuring.PASSWORD) for _n in range(8)
    ]
    rate, p50, p95, errors = measuring.throughput(crowd, "/contacts/?view=all")
    share = f"{rate:.0f} requests/s, {rate / floor_rate:.2f} of P's {floor_rate:.0f} (bar 0.45)"
    sizes = f"{full.memory():.0f} MB (bar 120), the floor's {floor.memory():.0f} MB"
    return [
        f"#27: contacts, eight at once: {share}; p95 {p95 / p50:.1f} x p50 (bar 3); {errors} errors",
        f"#29: a worker's memory after all of this: {sizes}",
    ]


def outside(options, env, small):
    """Imports, exports and plans, each in a process of its own; clocks beside those of the small database only."""
    lines = []
    if options.bulk:
        done = command(env, "-m", "tests.benchmarks.bulk", str(options.bulk))
        found = json.loads(done.splitlines()[-1])
        lines.append(
            f"#18: import of {options.bulk:,} contacts: check {found['check rows/s']:,.0f} rows/s, import"
            f" {found['import rows/s']:,.0f} rows/s (bar 3,000), {found['import MB']:.0f} MB more memory (bar 60)"
        )
        lines.append(
            f"#19: export of all contacts as CSV: {found['csv rows/s']:,.0f} rows/s (bar 50,000), first bytes after"
            f" {found['csv first bytes s']:.2f} s (bar 0.3), {found['csv MB']:.0f} MB more memory (bar 30)"
        )
        rates = ", ".join(f"{name} {found[f'{name} rows/s']:,.0f}" for name in ("edit", "tag", "assign", "undo"))
        lines.append(
            f"#19: Excel workbook of {options.bulk:,} contacts: {found['xlsx rows/s']:,.0f} rows/s (bar 8,000)"
        )
        lines.append(f"#25: changes of 10,000 contacts at once, rows/s: {rates} (bar 5,000)")
        rates = ", ".join(
            f"{name} {found[f'case {name} rows/s']:,.0f} ({found[f'case {name} rows/CPU s']:,.0f} a second of the worker's"
            " processor)" for name in ("priority", "status", "queue")
        )  # fmt: skip
        lines.append(f"#25: changes of 10,000 open cases at once, rows/s: {rates} (bar 5,000)")
    lines += forecast(json.loads(command(env, "-m", "tests.benchmarks.forecasting").splitlines()[-1]))
    lines += clocks(json.loads(command(small, "-m", "tests.benchmarks.clocks", "2000000").splitlines()[-1]))
    lines += mail(json.loads(command(env, "-m", "tests.benchmarks.mail").splitlines()[-1]))
    plans = command(env | {"DJANGO_SETTINGS_MODULE": "crm_site.settings"}, "-m", "tests.benchmarks.plans")
    return [*lines, f"plans: {plans.splitlines()[-1]}"]


def forecast(found):
    """What the forecast costs behind its pages."""
    ratio = found["whole s"] / found["raw s"]
    return [
        (
            f"#14: sums of {found['deals']:,} deals made anew: {found['whole s']:.2f} s, {ratio:.1f} x one GROUP BY over them"
            f" (bar 3); one changed deal touches {found['cells']} sums (bar 3) in {found['one s'] * 1000:.1f} ms (bar 20)"
        ),
        (
            f"#14: the odds of the night, from {found['changes']:,} changes: learned in {found['learn s']:.1f} s, given to all"
            f" open deals in {found['apply s']:.1f} s (bar 60 s together)"
        ),
    ]


def clocks(found):
    """What the sweep of clocks costs, beside few and many that run."""
    few, many = found["few"], found["many"]
    return [
        (
            f"#16: {found['clocks']:,} clocks, {few['running']:,} of them running: nothing due {few['nothing']:.1f} ms (bar 10),"
            f" 500 breaches with their notices {few['due']:.0f} ms (bar 1,000); with {many['running']:,} running"
            f" {many['nothing']:.1f} and {many['due']:.0f} ms ({many['due'] / few['due']:.2f} x, bar 1.2)"
        )
    ]


def mail(found):
    """How many mails one worker takes in, in wall and in processor time."""
    return [
        (
            f"#24: {found['mails']:,} mails taken in and read at {found['per second']:.0f} mails/s by one worker (bar 100),"
            f" {found['mails'] / found['cpu s']:.0f} a second of its processor; parsing alone"
            f" {found['mails'] / found['parse s']:.0f}/s"
        )
    ]


def database(address, name, sizes):
    """The address of a database of this name, made and filled when it is not there."""
    mine = address.replace("/kith?", f"/{name}?") if "/kith?" in address else address.rsplit("/", 1)[0] + f"/{name}"
    with psycopg.connect(address, autocommit=True) as connection:
        there = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
        if not there:
            connection.execute(f'CREATE DATABASE "{name}"')
    if sizes is None:
        return mine
    env = {"DATABASE_URL": mine, "DJANGO_SETTINGS_MODULE": "crm_site.settings"}
    command(env, "manage.py", "migrate", "-v0")
    if not there:
        rows = [part for item in sizes.items() for part in (f"--{item[0]}", str(item[1]))]
        sys.stdout.write(command(env, "manage.py", "make_volume", *rows, "--password", measuring.PASSWORD))
    return mine


def command(env, *arguments):
    """What a Python process of this environment prints; ends the run when it fails."""
    done = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=os.environ | env, check=False, capture_output=True, text=True
    )
    if done.returncode:
        sys.exit(f"{' '.join(arguments)} failed:\n{done.stderr[-3000:]}")
    return done.stdout


if __name__ == "__main__":
    main()
