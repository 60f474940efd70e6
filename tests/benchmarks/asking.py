"""The shape of a request, and who asks."""

import base64
import json
from dataclasses import dataclass

SMALL = "rep of the 30 oldest"
PORTAL = "customer in the portal"
PEOPLE = {"administrator": 1, "top manager": 2, SMALL: 3, "rep": 150, "team manager": 10}


@dataclass
class Request:
    """One thing to ask for. `bar` is the most multiples of P, `most` the most statements, `limit` milliseconds."""

    figure: str
    name: str
    who: str
    path: str
    bar: float | None = 2.0
    growth: float | None = 1.25
    most: int | None = 15
    limit: float | None = None
    parts: bool = False
    post: str = ""
    choices: tuple = ()


def cursor_of(values):
    """The place of a row in a list's order, as the list's addresses carry it."""
    packed = json.dumps([v.isoformat() if hasattr(v, "isoformat") else v for v in values], separators=(",", ":"))
    return base64.urlsafe_b64encode(packed.encode()).decode().rstrip("=")
