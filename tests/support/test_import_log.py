"""What a file of cases is, told by its rows (PL-1)."""

from crm_site.core.imports.propose import is_log
from crm_site.core.imports.reading import Row
from support.imports.events import EVENT_IMPORT


def test_a_log_is_known_by_its_rows_whatever_it_is_called():
    """The same columns are a list of cases where each case has one row."""
    headers = ["number", "incident_state", "sys_updated_at", "priority"]
    log = [Row(n, [f"INC{n // 4}", "Active", f"{n + 1}/3/2017 08:00", "3"], "") for n in range(20)]
    cases = [Row(n, [f"INC{n}", "Active", f"{n + 1}/3/2017 08:00", "3"], "") for n in range(20)]
    assert is_log(headers, log, EVENT_IMPORT)
    assert not is_log(headers, cases, EVENT_IMPORT)
    assert not is_log(["Subject", "Status", "Updated At"], log, EVENT_IMPORT)
