from customers.models.account import Account
from customers.models.activity import Activity, ActivityLink, CalendarFeed, Participant
from customers.models.consent import Consent, Purpose
from customers.models.contact import Affiliation, Contact
from customers.models.customer import Customer, CustomerStatusChange
from customers.models.mechanism import ContactMechanism

__all__ = [
    "Account", "Activity", "ActivityLink", "Affiliation", "CalendarFeed", "Consent", "Contact", "ContactMechanism",
    "Customer", "CustomerStatusChange", "Participant", "Purpose",
]  # fmt: skip
