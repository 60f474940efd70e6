"""What a file of cases is, told by its rows (PL-1)."""

import random
from dataclasses import replace

import pytest

from crm_site.core.imports import run
from crm_site.core.imports.plan import CHECK
from crm_site.core.imports.propose import is_log
from crm_site.core.imports.reading import Row
from crm_site.core.imports.registry import IMPORTERS
from crm_site.core.models import ExternalId
from support.imports.events import EVENT_IMPORT
from support.models import Case, Clock, Message
from tests.customers.test_import_real import bring


def test_a_log_is_known_by_its_rows_whatever_it_is_called():
    """The same columns are a list of cases where each case has one row."""
    headers = ["number", "incident_state", "sys_updated_at", "priority"]
    log = [Row(n, [f"INC{n // 4}", "Active", f"{n + 1}/3/2017 08:00", "3"], "") for n in range(20)]
    cases = [Row(n, [f"INC{n}", "Active", f"{n + 1}/3/2017 08:00", "3"], "") for n in range(20)]
    assert is_log(headers, log, EVENT_IMPORT)
    assert not is_log(headers, cases, EVENT_IMPORT)
    assert not is_log(["Subject", "Status", "Updated At"], log, EVENT_IMPORT)


HEADS = "number,incident_state,sys_updated_at,priority,assignment_group"
STATES = ("New", "Active", "Awaiting User Info", "Active", "Resolved", "Active", "Resolved", "Closed")


class Forgetful(dict):
    """Imports that each piece opens anew, as after the end of a worker; a check goes on."""

    def get(self, key):
        """The check that is under way, never an import."""
        found = super().get(key)
        return found if found and found.phase == CHECK else None


def lived(system):
    """{incident: what happened to it and to its clocks, with when} of a system's log."""
    found = {}
    for number, pk in ExternalId.objects.filter(system=system, content_type__model="case").values_list(
        "external_id", "object_id"
    ):
        case = Case.objects.unscoped("checked").get(pk=pk)
        events = Message.objects.filter(case=pk).order_by("pk").values_list("at", "body")
        past = Clock.objects.filter(case=pk).order_by("pk").values_list(
            "metric", "state", "priority", "target_seconds", "used_seconds", "started_at", "due_at", "stopped_at",
            "breached_at", "over_seconds",
        )  # fmt: skip
        now = (
            case.category,
            case.priority,
            case.queue_id,
            case.reopened,
            case.resolved_at,
            case.closed_at,
            case.due_at,
        )
        found[number] = (now, list(events), list(past))
    return found


@pytest.mark.django_db
def test_a_log_is_replayed_in_the_order_of_its_moments(cast, tmp_path, monkeypatch):
    """Newest first, or in no order and in several pieces: what happened is what the same rows in order tell."""
    rows = [f"INC{n},{state},{1 + n + at}/3/2017 {8 + n:02}:{at * 7:02},{1 + (n + at // 3) % 4},{n % 2 + at // 4}"
            for n in range(3) for at, state in enumerate(STATES)]  # fmt: skip
    mixed = random.Random(1).sample(rows, len(rows))
    monkeypatch.setitem(IMPORTERS, "case_events", replace(EVENT_IMPORT, chunk=7))
    monkeypatch.setattr(run, "OPEN", Forgetful())
    for system, order in (("right", rows), ("back", rows[::-1]), ("mixed", mixed)):
        path = tmp_path / f"{system}.csv"
        path.write_text("\n".join([HEADS, *order]))
        assert bring(path, system, cast.rita) == {path.name: (len(rows), 0, 0, 0)}
    assert len(lived("right")) == 3
    assert lived("right") == lived("back") == lived("mixed")
