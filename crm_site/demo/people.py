"""The companies and people of the demo company, with their addresses, customers and what became of them."""

import unicodedata
from datetime import timedelta

from django.utils import timezone

from crm_site.demo.words import (
    CHAINS,
    COUNTRIES,
    DISTRIBUTORS,
    INDUSTRIES,
    LEFT,
    MACHINES,
    REASONS,
    RIVALS,
    SOURCES,
    SUPPLIERS,
    TAGS,
    TITLES,
)  # fmt: skip
from customers.models import Consent, Customer, CustomerStatusChange, Purpose
from customers.operations.accounts import create_accounts
from customers.operations.contacts import create_contacts
from customers.operations.customers import create_customers

SPAN = 730
# Who of the cast works for a partner, and of how many deals, inquiries and cases one names that partner.
OUTSIDER, PARTNERS_PART = 10, 9
PRIVATE_BUYERS = 50
LANGUAGES = {"GB": "en", "SE": "sv", "CH": "de"}

# How many say something about a purpose, and how we heard of it.
WISHES = {"marketing_email": 0.55, "marketing_phone": 0.2, "profiling": 0.15, "sharing": 0.2, "survey": 0.05}
HEARD = (("form", "Web form “Newsletter”"), ("paper", "Order form, filed with the contract"),
         ("talk", "At the trade fair stand"), ("phone", "Call of that day"))  # fmt: skip


def make(author, owners, choose):
    """{"accounts", "contacts", "customers"} as lists; `owners` is {country: user}, `choose` the source of chance."""
    accounts = make_accounts(author, owners, choose)
    contacts = make_contacts(author, accounts, owners, choose)
    customers = make_customers(author, accounts, contacts, choose)
    make_consents(contacts, choose)
    return {"accounts": accounts, "contacts": contacts, "customers": customers}


def name_partner(rows, users):
    """The rows, as new deals, inquiries or cases have them; some now name the partner whose people sign in."""
    for row in rows[::PARTNERS_PART]:
        row["partner"] = users[OUTSIDER].partner
    return rows


def plain(text):
    """The text as an address can hold it."""
    letters = unicodedata.normalize("NFKD", text.lower().replace("ß", "ss").replace("ł", "l").replace("ø", "o"))
    return "".join(c if c.isascii() and c.isalnum() else "-" for c in letters if not unicodedata.combining(c)).strip(
        "-"
    )


def site_of(name):
    """A web address that belongs to nobody."""
    return "-".join(part for part in plain(name).split("-") if part) + ".example"


def stamps(choose, oldest=SPAN, newest=5):
    """When something was entered, during working hours."""
    day = timezone.localtime() - timedelta(days=choose.randint(newest, oldest))
    moment = day.replace(
        hour=choose.randint(8, 16), minute=choose.choice((0, 5, 12, 20, 35, 48)), second=0, microsecond=0
    )
    return {"created_at": moment, "changed_at": moment}


def reach(country, number, choose):
    """Street, place and phone in a country."""
    land = COUNTRIES[country]
    city, code = choose.choice(land["cities"])
    return {"street": land["street"].format(n=number % 90 + 1), "city": city, "postal_code": code, "country": country,
            "phone": land["phone"].format(n=number % 80 + 10)}  # fmt: skip


def account_row(name, country, owners, choose, **more):
    """One account as a row for the operation."""
    industry = next((word for part, word in INDUSTRIES.items() if part in name), "Restaurant")
    size = choose.choice((4, 7, 12, 18, 25, 40, 65, 120))
    row = {
        "name": name, "industry": industry, "website": f"www.{site_of(name)}", "email": f"info@{site_of(name)}",
        "employees": size, "revenue": size * choose.randint(55, 110) * 1000, "currency": "EUR",
        "owner": owners[country], **reach(country, choose.randint(1, 9000), choose), **stamps(choose),
    }  # fmt: skip
    if choose.random() < 0.3:
        row["tags"] = sorted(choose.sample(TAGS, choose.choice((1, 1, 2))))
    return row | more


def make_accounts(author, owners, choose):
    """Houses of eight countries, chains with their branches, distributors, suppliers and two rivals."""
    rows = []
    for country, land in COUNTRIES.items():
        for name in land["names"]:
            signed = choose.random() < 0.75
            rows.append(account_row(name, country, owners, choose, is_customer=signed, is_prospect=not signed))
    for name, country, tier in DISTRIBUTORS:
        rows.append(
            account_row(name, country, owners, choose, industry="Distributor", is_partner=True, partner_tier=tier)
        )
    rows += [account_row(n, c, owners, choose, industry="Parts supplier", is_supplier=True) for n, c in SUPPLIERS]
    rows += [account_row(n, c, owners, choose, industry="Machine maker", is_competitor=True) for n, c in RIVALS]
    heads = [
        account_row(
            name, country, owners, choose, industry=industry, is_customer=True, employees=900, tags=["key account"]
        )
        for name, country, industry, _houses in CHAINS
    ]
    made = create_accounts(rows + heads, by=author)
    branches = [
        account_row(house, country, owners, choose, industry=industry, is_customer=True, parent=head)
        for head, (_name, country, industry, houses) in zip(made[len(rows):], CHAINS, strict=True) for house in houses
    ]  # fmt: skip
    return made + create_accounts(branches, by=author)


def person(country, choose, taken):
    """First and last name of somebody of a country whom we do not have yet."""
    land = COUNTRIES[country]
    while True:
        name = choose.choice(land["first"]), choose.choice(land["last"])
        if name not in taken:
            taken.add(name)
            return name


def make_contacts(author, accounts, owners, choose):
    """Two to four people an account, each with a role there, and private buyers without one."""
    rows, taken = [], set()
    for account in accounts:
        for place, title in enumerate(choose.sample(TITLES, choose.choice((2, 2, 3, 3)))):
            first, last = person(account.country, choose, taken)
            land = COUNTRIES[account.country]
            row = {
                "first_name": first, "last_name": last, "job_title": title, "account": account, "owner": account.owner,
                "role": "Decides" if place == 0 else "Uses it", "time_zone": land["zone"],
                "email": f"{plain(first)}.{plain(last)}@{site_of(account.name)}",
                "language": LANGUAGES.get(account.country, account.country.lower()),
                "source": choose.choice(SOURCES), "created_at": account.created_at, "changed_at": account.created_at,
            }  # fmt: skip
            if choose.random() < 0.6:
                row["mobile"] = land["phone"].format(n=choose.randint(10, 80))
            if choose.random() < 0.06:
                row["do_not_contact"] = True
            rows.append(row)
    for number in range(PRIVATE_BUYERS):
        country = choose.choice(sorted(owners))
        first, last = person(country, choose, taken)
        rows.append({
            "first_name": first, "last_name": last, "owner": owners[country], "source": choose.choice(SOURCES),
            "email": f"{plain(first)}.{plain(last)}{number}@post.example", **stamps(choose),
            **reach(country, number * 7, choose),
        })  # fmt: skip
    return create_contacts(rows, by=author)


def make_consents(contacts, choose):
    """What people allow: many the news, few to be called; some thought better of it."""
    rows, purposes = [], {purpose.code: purpose for purpose in Purpose.objects.all()}
    for contact in contacts:
        for code, share in WISHES.items():
            if choose.random() > share or code not in purposes:
                continue
            source, proof = choose.choice(HEARD)
            row = {"contact": contact, "purpose": purposes[code], "text": purposes[code].text, "by": contact.owner}
            said = contact.created_at + timedelta(days=choose.randint(0, 20))
            status = choose.choices((Consent.GRANTED, Consent.DENIED), (5, 1))[0]
            rows.append(Consent(**row, status=status, source=source, proof=proof, effective_from=said, created_at=said))
            if status == Consent.GRANTED and choose.random() < 0.12:
                later = said + (timezone.now() - said) * choose.random()
                rows.append(Consent(**row, status=Consent.WITHDRAWN, source="email", proof="Their mail of that day",
                                    effective_from=later, created_at=later))  # fmt: skip
    now = timezone.now()
    Consent.objects.bulk_create([row for row in rows if row.effective_from < now])


def make_customers(author, accounts, contacts, choose):
    """Nine of ten houses and all private buyers, each with the dates of how far it came."""
    first_contact = {}
    for contact in contacts:
        first_contact.setdefault(contact.account_id, contact)
    trading = [a for a in accounts if not (a.is_supplier or a.is_competitor)]
    rows = [
        {"account": account, "contact": first_contact[account.pk], "kind": Customer.BUSINESS, **fate(account, choose)}
        for account in trading
    ]
    buyers = [contact for contact in contacts if contact.account_id is None]
    rows += [{"contact": buyer, "kind": Customer.INDIVIDUAL, **fate(buyer, choose)} for buyer in buyers]
    customers = create_customers(rows, by=author)
    date_statuses(customers, choose)
    return customers


def fate(party, choose):
    """Status, dates, owner and tags of a customer."""
    prospect = getattr(party, "is_prospect", False)
    status = "prospect" if prospect else choose.choices(("active", "inactive", "former"), (17, 2, 1))[0]
    began = party.created_at + timedelta(days=choose.randint(10, 60))
    return {
        "status": status, "owner": party.owner, "tags": party.tags, "created_at": party.created_at,
        "changed_at": party.created_at, "since": None if prospect else min(began, timezone.now()).date(),
        "description": f"Uses the {choose.choice(MACHINES)}." if status == "active" else "",
    }  # fmt: skip


def date_statuses(customers, choose):
    """Replace the beginning that the operation wrote today by the true dates: prospect, active, and perhaps the end."""
    changes = []
    for customer in customers:
        owner, now = customer.owner, timezone.now()
        changes.append(CustomerStatusChange(customer=customer, to_status="prospect", at=customer.created_at, by=owner))
        if customer.status == "prospect":
            continue
        signed = min(customer.created_at + timedelta(days=choose.randint(10, 60)), now)
        changes.append(
            CustomerStatusChange(
                customer=customer,
                from_status="prospect",
                to_status="active",
                at=signed,
                by=owner,
                reason=choose.choice(REASONS),
            )
        )
        if customer.status in LEFT:
            changes.append(CustomerStatusChange(
                customer=customer, from_status="active", to_status=customer.status, by=owner,
                at=max(signed, now - timedelta(days=choose.randint(3, 90))), reason=LEFT[customer.status]))  # fmt: skip
    CustomerStatusChange.objects.filter(customer__in=customers).delete()
    CustomerStatusChange.objects.bulk_create(changes)


def known_since(inquiries, *, by):
    """The rows of inquiries, each with a contact who is known as long as it."""
    names = ("first_name", "last_name", "email", "phone", "country", "source", "owner", "team")
    rows = [
        {name: row[name] for name in names if name in row}
        | {"created_at": row["created_at"], "changed_at": row["created_at"]}
        for row in inquiries
    ]
    contacts = create_contacts(rows, by=by)
    return [row | {"contact": contact} for row, contact in zip(inquiries, contacts, strict=True)]
