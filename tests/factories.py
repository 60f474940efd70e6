"""Factories of records: real rows with the least that makes them valid, past the operations and their rights.

`AccountFactory(owner=cast.alice)` takes the owner's team. Models whose app is not built yet simply have none.
"""

from datetime import date, timedelta
from decimal import Decimal

import factory
from django.conf import settings
from django.utils import timezone

from crm_site.core.models import Team, User
from customers.models import Account, Activity, Affiliation, Contact, ContactMechanism, Customer
from marketing.models import Campaign, CampaignMember, ContactList, ContactListMember
from sales.models import Invoice, Lead, Opportunity, Price, PriceBook, Product, Quote, QuoteLine, Sale, SaleLine, Target
from sales.operations.opportunities import default_stage
from sales.operations.targets import completed
from sales.periods import start_month
from support.models import Article, Case, DealRegistration, Entitlement, InstalledProduct, KnownIssue, Queue
from support.operations.states import status_of


class UserFactory(factory.django.DjangoModelFactory):
    """A staff user without roles."""

    class Meta:
        model = User

    email = factory.Sequence(lambda n: f"user{n}@kith.test")
    first_name = factory.Sequence(lambda n: f"User{n}")
    last_name = "Factory"
    password = "!"


class TeamFactory(factory.django.DjangoModelFactory):
    """A team at the top."""

    class Meta:
        model = Team

    name = factory.Sequence(lambda n: f"Team {n}")


class RecordFactory(factory.django.DjangoModelFactory):
    """What every record has; the team is the owner's unless given."""

    class Meta:
        abstract = True

    team = factory.LazyAttribute(lambda made: made.owner.team if getattr(made, "owner", None) else None)

    @classmethod
    def _create(cls, model_class, *args, **kwargs):
        kwargs.setdefault("created_by", kwargs.get("owner"))
        kwargs.setdefault("changed_by", kwargs.get("owner"))
        return super()._create(model_class, *args, **kwargs)


class AccountFactory(RecordFactory):
    """An organisation."""

    class Meta:
        model = Account

    name = factory.Sequence(lambda n: f"Account {n:05d}")


class ContactFactory(RecordFactory):
    """A person."""

    class Meta:
        model = Contact

    first_name = factory.Sequence(lambda n: f"First{n}")
    last_name = factory.Sequence(lambda n: f"Last{n:05d}")


class CustomerFactory(RecordFactory):
    """A business customer with an account of the same owner."""

    class Meta:
        model = Customer

    kind = Customer.BUSINESS
    account = factory.SubFactory(
        AccountFactory, owner=factory.SelfAttribute("..owner"), team=factory.SelfAttribute("..team")
    )
    name = factory.LazyAttribute(lambda made: made.account.name if made.account else str(made.contact))
    owner = None


class ActivityFactory(RecordFactory):
    """A call that was made."""

    class Meta:
        model = Activity

    kind = Activity.CALL
    subject = factory.Sequence(lambda n: f"Call {n:05d}")
    at = factory.LazyFunction(timezone.now)


class CampaignFactory(RecordFactory):
    """A planned campaign without money."""

    class Meta:
        model = Campaign

    name = factory.Sequence(lambda n: f"Campaign {n:05d}")
    owner = None


class CampaignMemberFactory(factory.django.DjangoModelFactory):
    """Somebody at whom a campaign aims."""

    class Meta:
        model = CampaignMember

    campaign = factory.SubFactory(CampaignFactory)
    contact = factory.SubFactory(ContactFactory)
    added_at = factory.LazyFunction(timezone.now)


class ContactListFactory(RecordFactory):
    """A list without people."""

    class Meta:
        model = ContactList

    name = factory.Sequence(lambda n: f"Contact list {n:05d}")
    owner = None


class ContactListMemberFactory(factory.django.DjangoModelFactory):
    """Somebody on a list."""

    class Meta:
        model = ContactListMember

    list = factory.SubFactory(ContactListFactory)
    contact = factory.SubFactory(ContactFactory)
    added_at = factory.LazyFunction(timezone.now)


class LeadFactory(RecordFactory):
    """An inquiry of a person of the same owner."""

    class Meta:
        model = Lead

    contact = factory.SubFactory(
        ContactFactory, owner=factory.SelfAttribute("..owner"), team=factory.SelfAttribute("..team")
    )
    last_name = factory.Sequence(lambda n: f"Inquirer{n:05d}")
    currency = settings.BASE_CURRENCY
    owner = None


class OpportunityFactory(RecordFactory):
    """An open deal over 1,000 in the first stage, with an account of the same owner."""

    class Meta:
        model = Opportunity

    name = factory.Sequence(lambda n: f"Deal {n:05d}")
    account = factory.SubFactory(
        AccountFactory, owner=factory.SelfAttribute("..owner"), team=factory.SelfAttribute("..team")
    )
    stage = factory.LazyFunction(default_stage)
    pipeline = factory.SelfAttribute("stage.pipeline")
    state = factory.SelfAttribute("stage.state")
    probability = factory.SelfAttribute("stage.probability")
    category = factory.SelfAttribute("stage.category")
    currency = settings.BASE_CURRENCY
    amount = Decimal(1000)
    amount_base = factory.SelfAttribute("amount")
    close_date = factory.LazyFunction(lambda: timezone.localdate() + timedelta(days=30))
    owner = None


class ProductFactory(RecordFactory):
    """Something we sell."""

    class Meta:
        model = Product

    name = factory.Sequence(lambda n: f"Product {n:05d}")
    code = factory.Sequence(lambda n: f"P-{n:05d}")
    family = "Things"
    currency = settings.BASE_CURRENCY
    owner = None


class PriceBookFactory(RecordFactory):
    """A list of prices."""

    class Meta:
        model = PriceBook

    name = factory.Sequence(lambda n: f"Price book {n:05d}")
    owner = None


class PriceFactory(factory.django.DjangoModelFactory):
    """A standard price."""

    class Meta:
        model = Price

    product = factory.SubFactory(ProductFactory)
    currency = settings.BASE_CURRENCY
    amount = Decimal(10)


class QuoteFactory(RecordFactory):
    """A draft without lines, of an account of the same owner."""

    class Meta:
        model = Quote

    subject = factory.Sequence(lambda n: f"Quote {n:05d}")
    account = factory.SubFactory(
        AccountFactory, owner=factory.SelfAttribute("..owner"), team=factory.SelfAttribute("..team")
    )
    currency = settings.BASE_CURRENCY
    owner = None


class LineFactory(factory.django.DjangoModelFactory):
    """One thing at ten."""

    class Meta:
        abstract = True

    description = factory.Sequence(lambda n: f"Line {n:05d}")
    unit_price = net = total = Decimal(10)
    tax = Decimal(0)


class QuoteLineFactory(LineFactory):
    """A line of a quote."""

    class Meta:
        model = QuoteLine

    quote = factory.SubFactory(QuoteFactory)


class SaleFactory(RecordFactory):
    """A sale over 100, without lines and credit."""

    class Meta:
        model = Sale

    name = factory.Sequence(lambda n: f"Sale {n:05d}")
    document = factory.Sequence(lambda n: f"T-{n:05d}")
    account = factory.SubFactory(
        AccountFactory, owner=factory.SelfAttribute("..owner"), team=factory.SelfAttribute("..team")
    )
    sold_on = factory.LazyFunction(timezone.localdate)
    currency = settings.BASE_CURRENCY
    net = total = total_base = Decimal(100)
    owner = None


class SaleLineFactory(LineFactory):
    """A line of a sale."""

    class Meta:
        model = SaleLine

    sale = factory.SubFactory(SaleFactory)


class InvoiceFactory(RecordFactory):
    """An invoice over 100."""

    class Meta:
        model = Invoice

    name = factory.Sequence(lambda n: f"Invoice {n:05d}")
    document = factory.Sequence(lambda n: f"I-{n:05d}")
    account = factory.SubFactory(
        AccountFactory, owner=factory.SelfAttribute("..owner"), team=factory.SelfAttribute("..team")
    )
    currency = settings.BASE_CURRENCY
    net = total = Decimal(100)
    owner = None


class TargetFactory(RecordFactory):
    """A target of the owner's for a month of its own."""

    class Meta:
        model = Target

    user = factory.SelfAttribute("owner")
    period = "month"
    value = 1000
    starts_on = factory.Sequence(lambda n: date(2027 + n // 12, 1 + n % 12, 1))

    @classmethod
    def _create(cls, model_class, *args, **kwargs):
        return super()._create(model_class, *args, **completed(kwargs, start_month()))


class ArticleFactory(RecordFactory):
    """A draft."""

    class Meta:
        model = Article

    name = factory.Sequence(lambda n: f"Article {n:05d}")
    body = "How to **do** it."
    owner = None


class InstalledProductFactory(RecordFactory):
    """A product at an account of the same owner."""

    class Meta:
        model = InstalledProduct

    name = factory.Sequence(lambda n: f"Installed {n:05d}")
    product = factory.SubFactory(
        ProductFactory, owner=factory.SelfAttribute("..owner"), team=factory.SelfAttribute("..team")
    )
    owner = None


class EntitlementFactory(RecordFactory):
    """A contract of an account of the same owner, without an end or a limit."""

    class Meta:
        model = Entitlement

    name = factory.Sequence(lambda n: f"Contract {n:05d}")
    account = factory.SubFactory(
        AccountFactory, owner=factory.SelfAttribute("..owner"), team=factory.SelfAttribute("..team")
    )
    starts_on = date(2026, 1, 1)
    owner = None


class KnownIssueFactory(RecordFactory):
    """An open issue."""

    class Meta:
        model = KnownIssue

    name = factory.Sequence(lambda n: f"Issue {n:05d}")
    owner = None


class DealRegistrationFactory(RecordFactory):
    """A pending registration of a partner of the same owner."""

    class Meta:
        model = DealRegistration

    name = factory.Sequence(lambda n: f"Prospect {n:05d}")
    partner = factory.SubFactory(
        AccountFactory, is_partner=True, owner=factory.SelfAttribute("..owner"), team=factory.SelfAttribute("..team")
    )
    owner = None


class AffiliationFactory(factory.django.DjangoModelFactory):
    """A contact at an account."""

    class Meta:
        model = Affiliation

    contact = factory.SubFactory(ContactFactory)
    account = factory.SubFactory(AccountFactory)


class MechanismFactory(factory.django.DjangoModelFactory):
    """A phone number of an account."""

    class Meta:
        model = ContactMechanism

    type = ContactMechanism.PHONE
    value = factory.Sequence(lambda n: f"+49 30 {n:06d}")
    normalised = factory.LazyAttribute(lambda made: made.value.replace(" ", ""))


def factories():
    """{model: factory} of all factories in this module."""
    found = [f for f in globals().values() if isinstance(f, type) and issubclass(f, factory.django.DjangoModelFactory)]
    return {f._meta.model: f for f in found if f._meta.model and not f._meta.abstract}


class QueueFactory(factory.django.DjangoModelFactory):
    """A queue that gives cases out by hand."""

    class Meta:
        model = Queue

    name = factory.Sequence(lambda n: f"Queue {n:03d}")


class CaseFactory(RecordFactory):
    """A new case without messages and clocks."""

    class Meta:
        model = Case

    subject = factory.Sequence(lambda n: f"Case {n:05d}")
    status = factory.LazyFunction(lambda: status_of("new"))
    category = factory.LazyAttribute(lambda made: made.status.category)
    owner = None
