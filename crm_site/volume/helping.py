"""What helping.sql needs to know, and how large support is."""

from django.contrib.contenttypes.models import ContentType
from django.utils import timezone

from crm_site.core.models import User
from customers.models import Contact, Customer
from support.models import NEVER, Case, Clock, ClockSegment, Message, Policy, PortalAccess, Queue, Status

RECORDS = {"case": Case}
TABLES = [Case, Message, Clock, ClockSegment]
SIZES = ("cases", "running")
QUEUES = 5
# So many cases has the customer who has most.
BUSIEST = 1000
# So many messages has the oldest case; the others have five on average.
LONGEST = 300


def sizes(contacts, **asked):
    """{name: rows}: what was asked for, else as many cases as contacts, of which up to 50,000 are not done."""
    cases = asked.get("cases") or contacts
    return {"cases": cases, "running": min(cases, asked.get("running") or min(50_000, max(20, cases // 20)))}


def choices(values, last_number):
    """What the names of helping.sql stand for, besides those of records.sql; makes the volume's queues."""
    queues = [Queue.objects.get_or_create(name=f"Volume queue {n}")[0].pk for n in range(1, QUEUES + 1)]
    usual = Status.objects.filter(is_active=True, is_default=True)
    return {
        "case": last_number(Case), "longest": LONGEST, "queues": queues, "n_queues": QUEUES, "never": NEVER,
        "things": min(5000, values["cases"] // 10),
        "version": Policy.objects.get(is_default=True).current_id,
        "case_type": ContentType.objects.get_for_model(Case).pk,
        "every_case": max(2, values["cases"] // min(BUSIEST, max(1, values["cases"] // 10))),
        **{f"status_{category}": pk for category, pk in usual.values_list("category", "pk")},
    }  # fmt: skip


def let_in(first_customer, password):
    """A user of the portal, volume-portal@example.test, who sees the cases of the account that has most."""
    busiest = Customer._base_manager.get(pk=first_customer + 1)
    people = Contact._base_manager.filter(deleted_at=None, portal_access=None)
    contact = people.filter(account=busiest.account_id).first() or people.filter(account__cases__isnull=False).first()
    user = User.objects.create_user("volume-portal@example.test", password, first_name="Volume", last_name="Customer",
                                    door=User.PORTAL)  # fmt: skip
    PortalAccess.objects.create(user=user, contact=contact, reach=PortalAccess.ACCOUNT, accepted_at=timezone.now())
