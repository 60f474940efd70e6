"""Operations on what is asked of each kind of request: the fields of cases and their order."""

from django.core.exceptions import PermissionDenied

from crm_site.core.operations import last_place, move_row, operation
from support.asked import may_ask
from support.models import CaseField


def check_asker(by):
    """Only who is in charge of all cases says what is asked."""
    if by is not None and not may_ask(by):
        raise PermissionDenied


@operation
def save_case_field(row, *, by):
    """Write a field of cases, new or known, and return it; a new one comes last."""
    check_asker(by)
    if row.pk is None:
        row.order = last_place(CaseField)
    row.save()
    return row


@operation
def move_case_field(row, step, *, by):
    """Put a field one place up (-1) or down (1) and return it; at the end nothing happens."""
    check_asker(by)
    move_row(row, step)
    return row
