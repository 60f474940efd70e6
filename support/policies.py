"""Which service level holds for a case, and why: exactly one, or none where none is set up (SL-2).

In this order: the one named on the case, the contract's, those whose conditions ask who the customer is, those with
other conditions, the queue's, the default. A level that is out of use or promises nothing yet is passed over.
"""

from django.db.models import Prefetch, prefetch_related_objects
from django.utils import timezone
from django.utils.translation import gettext as _

from crm_site.core.loading import link_many
from customers.models import Customer
from support.conditions import PARTY, failed, said_all
from support.models import Policy

# What conditions may ask of that stands in other rows, and the link to it where it has another name.
LINKED = {"customer", "account", "product", "family", "partner"}
LINKS = {"family": "product"}


def policies_for(cases):
    """[(Policy or None, why)] in the order of the cases; the statements do not grow with their number."""
    rows = Policy.objects.filter(is_active=True, current__isnull=False).select_related("current")
    levels = {policy.pk: policy for policy in rows.order_by("order", "id")}
    asked = {condition["field"] for policy in levels.values() for condition in policy.conditions}
    link_many(cases, "entitlement", "queue", *(LINKS.get(name, name) for name in sorted(asked & LINKED)))
    if "tier" in asked:
        own = Customer.objects.unscoped("the level that holds does not depend on who looks")
        own = own.filter(kind=Customer.BUSINESS, deleted_at__isnull=True)
        link_many(cases, "customer")
        prefetch_related_objects(cases, Prefetch("account__customers", own, to_attr="business"))
    ranked = sorted((p for p in levels.values() if p.conditions), key=lambda policy: not of_party(policy))
    default = next((policy for policy in levels.values() if policy.is_default), None)
    return [chosen(case, levels, ranked, default) for case in cases]


def of_party(policy):
    """Whether a level asks who the customer is."""
    return any(condition["field"] in PARTY for condition in policy.conditions)


def chosen(case, levels, ranked, default):
    """(Policy or None, why) of one case among the levels in use."""
    if found := levels.get(case.policy_id):
        return found, _("“%(name)s” is named on the case.") % {"name": found}
    if found := levels.get(covering(case)):
        return found, _("“%(name)s” is that of the contract %(contract)s.") % {
            "name": found, "contract": case.entitlement,
        }  # fmt: skip
    for policy in ranked:
        if not failed(policy.conditions, case):
            words = {"name": policy, "conditions": said_all(policy.conditions)}
            return policy, (_("“%(name)s”, because %(conditions)s.") % words)[:300]
    if found := levels.get(case.queue_id and case.queue.policy_id):
        return found, _("“%(name)s” is that of the queue %(queue)s.") % {"name": found, "queue": case.queue}
    if default:
        return default, _("“%(name)s”, because no other holds.") % {"name": default}
    return None, _("No service level holds.")


def covering(case):
    """The id of the level of the case's contract, if it ran on the day on which the case was made."""
    contract, day = case.entitlement, timezone.localdate(case.created_at)
    if contract is None or contract.deleted_at or contract.starts_on > day:
        return None
    return None if contract.ends_on and contract.ends_on < day else contract.policy_id
