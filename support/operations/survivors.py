"""Where a merged case lives on."""

from django.db import transaction

from crm_site.core.operations import lock
from support.models import Case


class Moved(Exception):
    """The case went into another one just before it was locked."""


def end_of(pk):
    """(id of the case that a case went into, through several merges; whether the chain ends at all)."""
    seen, rows = [pk], Case.objects.unscoped("a merged case leads on")
    while after := rows.filter(pk=pk).values_list("merged_into_id", flat=True).first():
        if after in seen:
            return min(seen), False
        seen.append(pk := after)
    return pk, True


def survivor_of(case):
    """The case that a merged one went into, locked; the case itself when it was not merged.

    Only one case of the chain is ever locked, so that nobody waits in a circle with a merge, which locks two by their
    ids: whoever comes too late lets go and looks again.
    """
    while True:
        pk, ends = end_of(case.pk)
        try:
            with transaction.atomic():
                found = lock(Case(pk=pk), None)
                if found.merged_into_id and ends:
                    raise Moved
                return found
        except Moved:
            continue
