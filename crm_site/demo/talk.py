"""What was said and done with the demo company's customers over two years, and what its people have still to do."""

from datetime import timedelta

from django.utils import timezone

from crm_site.demo.words import LATER, MACHINES, STORY, TO_DO
from customers.operations.activities import log_activities

REPS = (2, 3, 4, 5, 6)
SERVICE = (7, 8)
# Days from today of the open tasks of each seller and service agent; below zero is overdue.
DUE = (-9, -3, -1, 0, 0, 0, 1, 1, 2, 4, 6, 9, 13)


def make(users, parties, choose):
    """Log the talk with every customer and open tasks for all who sell or serve; returns the activities."""
    people = {}
    for contact in parties["contacts"]:
        people.setdefault(contact.account_id, []).append(contact)
    rows = []
    for customer in parties["customers"]:
        rows += story(customer, people, users, choose)
    for number in (*REPS, *SERVICE):
        owned = [c for c in parties["customers"] if c.owner_id == users[number].pk] or parties["customers"]
        rows += tasks(users[number], owned, people, choose)
    rows.sort(key=lambda row: row["created_at"])
    return log_activities(rows, by=users[0])


def whom(customer, people, choose):
    """A contact of the customer to talk with."""
    return customer.contact if customer.account_id is None else choose.choice(people[customer.account_id])


def story(customer, people, users, choose):
    """The steps of the sale as far as it came, then a touch every few weeks while they are a customer."""
    machine, now = choose.choice(MACHINES), timezone.now()
    told = STORY[: choose.randint(2, 7)] if customer.status == "prospect" else STORY
    at, rows = customer.created_at, []
    for step in told:
        contact = whom(customer, people, choose)
        rows.append(said(step, customer, contact, customer.owner, at, machine))
        at = working(at + timedelta(days=choose.randint(1, 8)), choose)
    while customer.status != "prospect" and (at := working(at + timedelta(days=choose.randint(18, 60)), choose)) < now:
        who = users[choose.choice(SERVICE)] if choose.random() < 0.4 else customer.owner
        rows.append(said(choose.choice(LATER), customer, whom(customer, people, choose), who, at, machine))
    return [row for row in rows if row["at"] < now]


def said(step, customer, contact, owner, at, machine):
    """One step as a row for the operation."""
    kind, direction, subject, notes, outcome, minutes = step
    names = {"machine": machine, "first": contact.first_name, "company": customer.name}
    return {
        "kind": kind, "direction": direction, "subject": subject.format(**names), "body": notes.format(**names),
        "outcome": outcome, "duration": minutes, "status": "done", "at": at, "done_at": at, "created_at": at,
        "changed_at": at, "customer": customer, "contact": contact, "owner": owner,
        "is_pinned": kind == "note" and subject.startswith("What"),
    }  # fmt: skip


def working(moment, choose):
    """A moment of that day, or of the Monday after, within working hours."""
    if moment.weekday() > 4:
        moment += timedelta(days=7 - moment.weekday())
    return moment.replace(hour=choose.randint(8, 16), minute=choose.choice((0, 10, 15, 30, 40, 55)))


def tasks(user, customers, people, choose):
    """What somebody has to do: overdue, today and in the days to come."""
    rows, today = [], timezone.localtime().replace(second=0, microsecond=0)
    for number, days in enumerate(DUE):
        customer = choose.choice(customers)
        contact = whom(customer, people, choose)
        kind, subject, notes = TO_DO[(number + user.pk) % len(TO_DO)]
        names = {"first": contact.first_name, "company": customer.name}
        at = (today + timedelta(days=days)).replace(hour=9 + number % 8, minute=30 * (number % 2))
        made = min(today, at) - timedelta(days=choose.randint(2, 12))
        rows.append({
            "kind": kind, "subject": subject.format(**names), "body": notes.format(**names), "status": "open", "at": at,
            "created_at": made, "changed_at": made, "priority": choose.choice((1, 2, 2, 3)), "customer": customer,
            "contact": contact, "owner": user, "duration": 60 if kind == "meeting" else None,
        })  # fmt: skip
    return rows
