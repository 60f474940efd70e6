"""What we hold on a customer, told to the customer: everything about the person, nothing about others."""

from customers.models import Affiliation, Consent, ContactMechanism
from support import portal
from support.models import Message, Survey


def all_held(access):
    """The data as a dict ready for JSON: times as ISO texts, amounts as texts."""
    contact, own = access.contact, {"contact": access.contact_id}
    names = ("number", "salutation", "first_name", "middle_initial", "last_name", "job_title", "department", "language",
             "time_zone", "birthday", "do_not_contact", "created_at")  # fmt: skip
    ways = ContactMechanism.objects.filter(**own).order_by("id")
    places = Affiliation.objects.filter(**own).order_by("id")
    cases = portal.cases_for(access).filter(**own).select_related("status").order_by("id")
    said = ("purpose__name", "status", "basis", "source", "text", "proof", "ip", "effective_from", "effective_to")
    return {
        "person": {name: getattr(contact, name) for name in names},
        "ways to reach": list(ways.values("type", "value", "purpose", "is_primary", "valid_from", "valid_to")),
        "companies": list(places.values("account__name", "role", "valid_from", "valid_to")),
        "consents": list(Consent.objects.filter(**own).order_by("id").values(*said)),
        "portal": {"email": access.user.email, "invited": access.invited_at, "accepted": access.accepted_at},
        "requests": [case_held(access, case) for case in cases],
        "ratings": list(
            Survey.objects.filter(**own).order_by("id").values("case_id", "score", "comment", "answered_at")
        ),
        "quotes": list(
            portal.quotes_for(access).filter(**own).order_by("id").values("id", "subject", "total", "currency")
        ),
        "orders": list(portal.sales_for(access).filter(**own).order_by("id").values("document", "name", "currency")),
    }


def case_held(access, case):
    """A request with what the customer and we said; of other people's messages nothing."""
    rows = [
        row for row in portal.messages_of(case) if row.direction == Message.OUT or row.contact_id == access.contact_id
    ]
    said = [{"at": row.at, "from": "us" if row.direction == Message.OUT else "you", "text": row.body} for row in rows]
    return {"number": case.number, "subject": case.subject, "created": case.created_at, "state": case.category,
            "asked": case.details, "messages": said}  # fmt: skip
