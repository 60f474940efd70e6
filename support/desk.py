"""What the desk shows: the views of waiting cases, a conversation piece by piece, and what is known of the customer."""

from django.db.models import Q, Value
from django.db.models.functions import JSONObject
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm_site.core.kinds import KINDS
from customers.models import Account, Contact, ContactMechanism, Customer
from sales.models import Opportunity, Stage
from support import knowledge
from support.badges import CATEGORY_TONES, PRIORITY_TONES, badge, clock_badge
from support.models import (
    METRIC_NAMES, NEVER, CannedReply, Case, Clock, Draft, Entitlement, Macro, Message, MessageFile, OutgoingMail,
    Presence, Queue, Status, Watcher,
)  # fmt: skip

VIEWS = {
    "mine": gettext_lazy("Mine"), "unassigned": gettext_lazy("Unassigned"), "breaching": gettext_lazy("Breaching next"),
    "waiting": gettext_lazy("Waiting"), "all": gettext_lazy("All open"),
}  # fmt: skip
SHOWN, COUNTED, PAGE = 50, 101, 30
ORDER = ("due_at", "priority", "id")
# A browser says every few seconds that a case is still open in it.
VIEWING, TYPING = timezone.timedelta(seconds=30), timezone.timedelta(seconds=12)
IMAGES = (".png", ".jpg", ".jpeg", ".gif", ".webp")


def cases_in(user, view, queue=None, queues=()):
    """The first cases of a view, what falls due first first, at most COUNTED; one statement that walks along indexes.

    `queue` narrows to one; `queues` are all of them, for the view of the unassigned, whose index is by queue.
    """
    rows = Case.objects.visible_to(user).filter(merged_into__isnull=True)
    rows = rows.filter(queue=queue) if queue else rows
    if view == "mine":
        found = rows.filter(owner=user, category__in=Status.UNRESOLVED)
    elif view == "unassigned":
        found = among(rows.filter(owner__isnull=True, category__in=[Status.NEW, Status.OPEN]),
                      [Q(queue=queue)] if queue else [Q(queue__in=queues[:20]), Q(queue__isnull=True)])  # fmt: skip
    elif view == "breaching":
        found = rows.filter(due_at__lt=NEVER, category__in=Status.UNRESOLVED)
    elif view == "waiting":
        found = rows.filter(category=Status.WAITING)
    elif queue:
        found = rows.filter(category__in=Status.UNRESOLVED)
    else:
        found = among(rows, [Q(category=category) for category in Status.UNRESOLVED])
    return list(found.select_related("status", "owner", "contact", "customer").order_by(*ORDER)[:COUNTED])
