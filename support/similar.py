"""Cases that are open already for whom one is being typed."""

from django.utils.translation import gettext as _

from crm_site.core.converters import read_id
from support.models import Case, Status

LIMIT = 5


def similar_cases(data, user):
    """([{label, url, reasons}] of the reporter's open cases, newest first; how many out of reach): two statements.

    Who calls twice about one thing mostly has one already; somebody else's case of the same name is none of theirs.
    """
    contact = read_id(data.get("contact") or "")
    if not contact:
        return [], 0
    rows = Case.objects.unscoped("those out of reach are counted").filter(
        contact=contact, category__in=Status.UNRESOLVED, deleted_at__isnull=True
    )
    rows = rows.exclude(pk=read_id(data.get("itself") or "") or 0)
    ids = list(rows.order_by("-id").values_list("pk", flat=True)[:LIMIT])
    seen = list(Case.objects.visible_to(user).filter(pk__in=ids).select_related("status").order_by("-id"))
    said = [_("open, of the same reporter")]
    found = [{"label": f"{case.number} {case}", "url": f"/cases/{case.pk}/", "reasons": said} for case in seen]
    return found, len(ids) - len(seen)
