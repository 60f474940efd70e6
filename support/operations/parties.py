"""What becomes of the open cases of an account, a contact or a customer that goes into the bin."""

from django.utils import timezone
from django.utils.translation import gettext as _

from crm_site.core.operations import write_many
from customers.operations.following import CLOSE, MINE, follow_many, reachable
from support.models import Case, Status
from support.operations.states import put_status, status_of


def open_cases(record, user, action="view"):
    """The open cases of an account, a contact or a customer, as far as the user may do the action on them."""
    rows = reachable(Case, user, action).filter(**{type(record)._meta.model_name: record})
    return rows.filter(category__in=Status.UNRESOLVED, deleted_at__isnull=True)


def settle_cases(record, choice, *, by):
    """Keep the open cases of a record that is deleted, hand them to the acting user, or close them.

    Only cases that the user may change are touched.
    """
    rows = open_cases(record, by, "change")
    if choice == MINE and by:
        ids = list(rows.values_list("pk", flat=True))
        write_many(rows.filter(pk__in=ids), {"owner": by}, by=by)
        follow_many(Case, ids)
    elif choice == CLOSE:
        cases = list(rows.select_for_update(of=("self",)).select_related("status", "queue").order_by("pk"))
        reason = _("%(name)s was deleted.") % {"name": record}
        put_status(cases, status_of(Status.CLOSED), by=by, at=timezone.now(), reason=reason)
