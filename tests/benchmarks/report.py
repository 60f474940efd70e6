"""Writes docs/benchmarks.md: how the figures were got, and each with its bar, honestly."""

import os
import platform
import time
from pathlib import Path

HEAD = """# Benchmarks

Written by `python3 -m tests.benchmarks` on {day}. {cores} cores, {memory:.0f} GB, Python {python}, load average {load}.

The site runs on two databases at once, {small} and {full}, each served by gunicorn with the site's own
settings (two processes of four threads). A third server, the *floor*, is a Django page that does next to nothing
(`tests/benchmarks/floor.py`): its page **P** (session, user, capped count, fifty rows of eight formatted cells, a form,
sixty addresses) is the yardstick. Every figure is the median of interleaved rounds (P, small, full, P, small, full …),
so that all three see the same machine. A page with parts is its own time and that of all the parts it loads, added up.
*Growth* is full : small. Statements leave out BEGIN, COMMIT and savepoints. *Missed* says which bar was not held;
limits in milliseconds were set on a machine where P takes 19.4 ms and grow with P. The volume is made by
`manage.py make_volume`.

{extra}

| # | request | as | P | ms | growth | statements | SQL ms | CPU ms | KB | missed |
|---|---|---|---|---|---|---|---|---|---|---|
"""


def write(path, figures, extra, sizes):
    """Write the page."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    head = HEAD.format(
        day=time.strftime("%Y-%m-%d"), cores=os.cpu_count(), memory=memory, python=platform.python_version(),
        load=f"{os.getloadavg()[0]:.1f}", small=sizes["small"], full=sizes["full"],
        extra="\n".join(f"- {line}" for line in extra),
    )  # fmt: skip
    Path(path).write_text(head + "".join(line(figure) for figure in figures), encoding="utf-8")


def line(figure):
    """One row of the table."""
    asked = figure.request
    return (
        f"| {asked.figure} | {asked.name} | {asked.who} | {figure.ratio:.2f} | {figure.full:.1f} | {figure.growth:.2f} "
        f"| {figure.statements} | {figure.sql:.1f} | {figure.cpu:.0f} | {figure.size / 1024:.0f} "
        f"| {'; '.join(figure.trouble)} |\n"
    )
