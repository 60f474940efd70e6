"""What the tests of the portal share: customers of two companies, their accesses, and cases with a conversation."""

from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from crm_site.core.models import User
from support.models import Case, PortalAccess
from support.operations.cases import create_case
from support.operations.messages import add_note, post_reply
from tests.conftest import signed_in
from tests.factories import AccountFactory, ContactFactory

PASSWORD = "a-password-of-the-tests"


def customer(name, account=None, reach=PortalAccess.OWN, **access):
    """A contact of the account who has come into the portal; returns the access."""
    contact = ContactFactory(
        first_name=name, last_name=f"{name}son", account=account, email=f"{name.lower()}@customer.test"
    )
    user = User.objects.create_user(
        contact.email, PASSWORD, first_name=name, last_name=contact.last_name, door=User.PORTAL
    )
    return PortalAccess.objects.create(
        user=user, contact=contact, reach=reach, **({"accepted_at": timezone.now()} | access)
    )


def case_of(access, subject="It is broken", **values):
    """A case that the contact reported, with its first message."""
    first = {
        "contact": access.contact,
        "body": f"Please help: {subject}",
        "channel": values.get("channel", Case.PORTAL),
    }
    return create_case(
        {"subject": subject, "contact": access.contact, "channel": Case.PORTAL, "first": first} | values, by=None
    )


def browser(access, **options):
    """A client signed in as the customer."""
    client = signed_in(access and access.user, **options)
    client.raise_request_exception = False
    return client


def file(name="a.txt", content=b"content"):
    """An upload under just this name."""
    made = SimpleUploadedFile("x", content)
    made._name = name
    return made


class TwoCompanies:
    """Ada of Acme, Eve of Evil; each with a case that has a public answer, a note and a file."""

    def __init__(self, cast):
        self.cast = cast
        self.acme, self.evil = AccountFactory(name="Acme"), AccountFactory(name="Evil Inc")
        self.ada, self.eve = customer("Ada", self.acme), customer("Eve", self.evil)
        self.case, self.foreign = case_of(self.ada, "Ada's printer"), case_of(self.eve, "Eve's scanner")
        for case in (self.case, self.foreign):
            post_reply(case, f"Public answer to {case.subject}", by=cast.rita, delay=0, files=[file(f"{case.pk}.txt")])
            add_note(case, "SECRET-NOTE", by=cast.rita)
