"""Operations on what agents have ready: canned replies and macros."""

from crm_site.core.operations import operation
from support.operations.asking import check_asker


@operation
def save_ready(row, *, by):
    """Write a canned reply or a macro, new or known, and return it; only who is in charge of all cases may."""
    check_asker(by)
    row.save()
    return row


@operation
def remove_ready(row, *, by):
    """Remove a canned reply or a macro; what was said with it stays."""
    check_asker(by)
    row.delete()
