"""Measures requests on the floor, the small and the large database in turn, so that all see the same machine."""

import re
import statistics
import threading
import time
from dataclasses import dataclass, field

from tests.benchmarks.asking import PEOPLE, PORTAL
from tests.benchmarks.client import Visitor

PASSWORD = "benchmark-password-1"


@dataclass
class Figure:
    """One request's figures: p50 in ms at both sizes and of P in the same rounds, statements, SQL, CPU and bytes."""

    request: object
    floor: float = 0.0
    small: float = 0.0
    full: float = 0.0
    statements: int = 0
    statements_small: int = 0
    sql: float = 0.0
    cpu: float = 0.0
    size: int = 0
    status: int = 0
    trouble: list = field(default_factory=list)

    @property
    def ratio(self):
        """How many P it takes."""
        return self.full / self.floor if self.floor else 0

    @property
    def growth(self):
        """How much longer it takes with a hundred times the rows."""
        return self.full / self.small if self.small else 0


class Side:
    """One server with everybody signed in at it."""

    def __init__(self, server):
        self.server = server
        self.people = {
            name: Visitor(server.port).sign_in(login=f"volume-{number:04d}@example.test", password=PASSWORD)
            for name, number in PEOPLE.items()
        }
        door = {"at": "/portal/sign-in/", "login": "volume-portal@example.test", "password": PASSWORD}
        self.people[PORTAL] = Visitor(server.port).sign_in(**door)
        self.counter = 0

    def ask(self, request):
        """One request with all its parts; (ms, statements, SQL ms, bytes, status of the worst)."""
        visitor = self.people[request.who]
        if request.post:
            return self.send(visitor, request)
        answers = [visitor.get(request.path)]
        if request.parts:
            answers += [visitor.get(path, HX_Request="true") for path in parts_of(answers[0].body.decode())]
        return summed(answers)

    def send(self, visitor, request):
        """Fill in a form and send it; only the sending counts."""
        self.counter += 1
        if request.choices:
            there = request.choices[self.counter % 2]
            return summed([visitor.post(request.path, {"stage": there}, Accept="application/json")])
        values = visitor.form(request.path)
        mark = f"Bench{int(time.time() * 1000)}n{self.counter}"
        for name in ("last_name", "name", "company"):
            if name in values and request.post == "create":
                values[name] = mark
        if "first_name" in values and request.post == "create":
            values |= {"first_name": "Bea", "email": f"{mark}@example.org"}
        if request.post == "edit":
            values["description"] = f"Changed {mark}"
        values = {name: value for name, value in values.items() if name != "q"}
        return summed([visitor.post(request.path, values)])


def summed(answers):
    """Several answers as one."""
    return (
        sum(a.ms for a in answers), sum(a.statements for a in answers), sum(a.sql_ms for a in answers),
        sum(len(a.body) for a in answers), max(a.status for a in answers),
    )  # fmt: skip


def parts_of(page):
    """The addresses that a page loads by itself."""
    found = []
    for tag in re.findall(r"<[^>]*hx-get=[^>]*>", page):
        trigger = re.search(r'hx-trigger="([^"]*)"', tag)
        if trigger and re.search(r"\bload\b|revealed|intersect", trigger[1]):
            found.append(re.search(r'hx-get="([^"]*)"', tag)[1].replace("&amp;", "&"))
    return list(dict.fromkeys(found))


def measure(pairs, floor, floor_visitor, small, full, *, rounds=15):
    """The Figure of each pair (request at the small database, at the full one)."""
    for small_request, request in pairs:
        figure = Figure(request)
        for side, asked in ((small, small_request), (full, request)):
            for _warm in range(2):
                side.ask(asked)
        times = {"floor": [], "small": [], "full": []}
        before = full.server.cpu()
        for _round in range(rounds):
            times["floor"].append(floor_visitor.get("/p/").ms)
            ms, figure.statements_small, *_rest = small.ask(small_request)
            times["small"].append(ms)
            ms, figure.statements, sql, figure.size, figure.status = full.ask(request)
            figure.sql = max(figure.sql, 0) or sql
            times["full"].append(ms)
            if sum(times["full"]) > 12_000 and len(times["full"]) >= 3:
                break
        figure.cpu = (full.server.cpu() - before) / len(times["full"])
        figure.floor, figure.small, figure.full = (
            statistics.median(times[name]) for name in ("floor", "small", "full")
        )
        judge(figure)
        yield figure


def judge(figure):
    """Note which bars the figure misses."""
    asked = figure.request
    if figure.status >= (304 if asked.post else 300):
        figure.trouble.append(f"answered {figure.status}")
    if asked.bar and figure.ratio > asked.bar:
        figure.trouble.append(f"{figure.ratio:.1f} P > {asked.bar:g} P")
    # The limits in milliseconds were set where P takes 19.4 ms; on a busier machine they grow with it.
    if asked.limit and figure.full > asked.limit * max(1, figure.floor / 19.4):
        figure.trouble.append(f"{figure.full:.0f} ms > {asked.limit:g} ms")
    if asked.growth and figure.growth > asked.growth and figure.full - figure.small > 5:
        figure.trouble.append(f"grows x {figure.growth:.2f} > {asked.growth:g}")
    if asked.most and figure.statements > asked.most:
        figure.trouble.append(f"{figure.statements} statements > {asked.most}")


def throughput(visitors, path, *, seconds=8):
    """(requests a second, p50, p95 in ms, errors) with one thread a visitor."""
    times, errors, until = [], [0], time.monotonic() + seconds

    def run(visitor):
        while time.monotonic() < until:
            answer = visitor.get(path)
            times.append(answer.ms)
            errors[0] += answer.status != 200

    threads = [threading.Thread(target=run, args=(visitor,)) for visitor in visitors]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    times.sort()
    return len(times) / seconds, times[len(times) // 2], times[int(len(times) * 0.95)], errors[0]
