"""What the demo company's service did in a year: machines, promises, articles, cases with their talk.

Also what is known to be wrong, and what partners registered (KnownIssue, DealRegistration, InstalledProduct).
"""

import secrets
from datetime import timedelta

from django.db.models import ProtectedError
from django.db.transaction import atomic
from django.utils import timezone

from crm_site.core.models import Notification, Setting, User
from crm_site.demo.people import name_partner
from crm_site.demo.words import ANSWERS, ARTICLES, PROBLEMS
from support.models import (
    CannedReply,
    Case,
    CaseField,
    Macro,
    Policy,
    PolicyVersion,
    PortalAccess,
    Queue,
    QueueMember,
    Status,
)  # fmt: skip
from support.operations.articles import create_articles
from support.operations.cases import create_cases
from support.operations.entitlements import create_entitlements
from support.operations.issues import create_issues, link_case
from support.operations.messages import add_note, post_reply, receive_message
from support.operations.policies import new_version
from support.operations.portal import user_of
from support.operations.products import create_installed
from support.operations.registrations import approve_registration, register_deals
from support.operations.states import close_case, resolve_case, set_status, status_of

YEAR, CASES = 365, 90
AGENTS = (7, 8)
ISSUES = (
    (
        "The pump is loud after descaling",
        "up to 2.1",
        "Run 200 ml of water through the steam wand, start again.",
    ),
    ("The display stays dark after a power cut", "2.0 to 2.3", "Hold the left button for ten seconds."),
    ("The milk sensor reports an empty jug", "all", "Wipe the sensor with a dry cloth."),
)
PROSPECTS = (("Hotel Seeblick", "hotel-seeblick.example"), ("Bistro Marché Neuf", "marche-neuf.example"))
# What is asked of a problem: key, question, kind of answer, what may be chosen, whether it must be answered.
ASKED = (
    ("still_works", "Does the machine still make coffee?", "yes_no", [], True),
    ("display", "What does the display say?", "choice", ["Nothing unusual", "E07", "E14", "It is dark"], False),
    ("since", "Since when?", "date", [], False),
    ("cups", "How many cups a day does it make?", "number", [], False),
)
SERIAL = "Hello {contact.first_name},\n\nwhich number stands on the plate below the drip tray? It begins with CV."
CANNED = (
    ("Which machine is it?", "serial", SERIAL),
    ("Thank you", "thanks", "Hello {contact.first_name},\n\nthank you, we look at it and write again today."),
)
MACROS = (
    ("Ask which machine it is", [{"do": "reply", "value": SERIAL}, {"do": "status", "value": "waiting"}]),
    ("Mine, and urgent", [{"do": "owner", "value": "me"}, {"do": "priority", "value": "1"}]),
)
# What is promised to who pays for it: minutes by metric and priority.
PROMISE = {
    "first": {"1": 30, "2": 60, "3": 120, "4": 240}, "next": {"1": 60, "2": 120, "3": 240, "4": 480},
    "resolution": {"1": 240, "2": 480, "3": 1440, "4": 2400},
}  # fmt: skip


def make(users, parties, products, choose):
    """{what: rows} of all that service needs and brings; `users` in the order of the cast."""
    author, agents = users[0], [users[n] for n in AGENTS]
    queue = make_queue(agents)
    policy = make_policy(author)
    installed, entitled = make_promises(author, parties, products, policy, choose)
    articles = create_articles([
        {"name": name, "summary": summary, "body": body, "category": category, "owner": agents[0],
         "audience": "public" if seen else "internal", "state": "published"}
        for name, category, seen, summary, body in ARTICLES
    ], by=author)  # fmt: skip
    known = set(CaseField.objects.values_list("key", flat=True))
    asked = CaseField.objects.bulk_create([
        CaseField(key=key, label=label, type=Case.PROBLEM, kind=kind, choices=found, required=required, order=order)
        for order, (key, label, kind, found, required) in enumerate(ASKED) if key not in known
    ])  # fmt: skip
    remember(queues=[queue.pk], policies=[policy.pk], asked=[row.key for row in asked], **make_ready())
    cases = make_cases(users, queue, installed, choose)
    now = timezone.now()
    Notification.objects.filter(
        user__in=users, key__regex="^(case|message):", created_at__gt=now - timedelta(days=1)
    ).delete()
    known, registered = make_known(agents[0], products, cases), make_registrations(users, parties)
    return {"installed": installed, "entitlements": entitled, "articles": articles, "cases": cases, "issues": known,
            "registrations": registered}  # fmt: skip


def make_ready():
    """{what: ids} of the texts and macros that agents have ready, but for shortcuts that are taken."""
    taken = set(CannedReply.objects.values_list("shortcut", flat=True))
    texts = [CannedReply(name=name, shortcut=key, body=body) for name, key, body in CANNED if key not in taken]
    macros = [Macro(name=name, actions=actions) for name, actions in MACROS]
    made = {"canned": CannedReply.objects.bulk_create(texts), "macros": Macro.objects.bulk_create(macros)}
    return {what: [row.pk for row in rows] for what, rows in made.items()}


def make_known(agent, products, cases):
    """What is known to be wrong, with the cases that ask about it."""
    issues = create_issues([
        {"name": name, "product": products[n], "versions": versions, "workaround": workaround, "owner": agent}
        for n, (name, versions, workaround) in enumerate(ISSUES)
    ], by=agent)  # fmt: skip
    for case in [case for case in cases if case.product_id == products[0].pk][-3:]:
        link_case(case, issues[0], by=agent)
    return issues


def make_registrations(users, parties):
    """Prospects that partners brought: one protected, one undecided."""
    partners = [account for account in parties["accounts"] if account.is_partner]
    made = register_deals([
        {"name": name, "domain": domain, "partner": partner, "owner": users[1]}
        for partner, (name, domain) in zip(partners, PROSPECTS, strict=False)
    ], by=users[1])  # fmt: skip
    for registration in made[:1]:
        approve_registration(registration, by=users[1])
    return made


def make_queue(agents):
    """The service desk and who works there."""
    name = "Service desk"
    name += " (demo)" if Queue.objects.filter(name=name).exists() else ""
    queue = Queue.objects.create(name=name, team=agents[0].team)
    QueueMember.objects.bulk_create([QueueMember(queue=queue, user=agent) for agent in agents])
    return queue


def make_policy(author):
    """What customers with a contract are promised."""
    name = "Service contract"
    name += " (demo)" if Policy.objects.filter(name=name).exists() else ""
    policy = Policy.objects.create(name=name, order=10)
    usual = Policy.objects.get(is_default=True).current
    new_version(policy, {"calendar": usual.calendar, "targets": PROMISE}, by=author)
    return policy


def make_promises(author, parties, products, policy, choose):
    """(machines at customers, the contracts of some of them)."""
    served = [c for c in parties["customers"] if c.account_id and c.status in ("active", "inactive")]
    people = {contact.account_id: contact for contact in parties["contacts"] if contact.account_id}
    day, rows = timezone.localdate(), []
    for number, customer in enumerate(served[:70]):
        rows.append({
            "product": choose.choice(products[:6]), "customer": customer, "account": customer.account,
            "contact": people.get(customer.account_id), "serial": f"CV-{10400 + number * 7}",
            "bought_on": (bought := day - timedelta(days=choose.randint(200, 900))),
            "warranty_until": bought + timedelta(days=730),
        })  # fmt: skip
    installed = create_installed(rows, by=author)
    entitled = create_entitlements([
        {"name": f"Service contract {customer}"[:200], "customer": customer, "policy": policy, "cases_total": 12,
         "starts_on": day - timedelta(days=300), "ends_on": day + timedelta(days=choose.randint(20, 200))}
        for customer in served[:70:3]
    ], by=author)  # fmt: skip
    return installed, entitled


def make_cases(users, queue, installed, choose):
    """Cases of a year through the operations, each with its story; the newest are still under way."""
    now, rows, agents = timezone.now(), [], [users[n] for n in AGENTS]
    for number in range(CASES):
        machine, (subject, said, kind) = choose.choice(installed), choose.choice(PROBLEMS)
        ago = YEAR * (1 - number / CASES) ** 2
        at = now - timedelta(days=ago, hours=choose.randint(1, 6), minutes=choose.randint(0, 59))
        words = {"machine": machine.name, "serial": machine.serial}
        rows.append({
            "subject": subject.format(**words), "description": said.format(**words), "type": kind,
            "priority": choose.choices((1, 2, 3, 4), (1, 4, 12, 4))[0], "queue": queue, "contact": machine.contact,
            "customer": machine.customer, "product": machine.product, "installed": machine,
            "owner": choose.choice(agents) if number < CASES - 8 else None,
            "channel": choose.choice(["email", "email", "portal", "phone"]), "at": at,
            "details": {"still_works": "no", "display": "E14"} if kind == Case.PROBLEM else {},
            "first": {"body": said.format(**words), "contact": machine.contact},
        })  # fmt: skip
    cases = create_cases(name_partner(rows, users), by=users[0])
    for number, case in enumerate(cases[:-8]):
        tell_story(case, number, choose, now)
    return cases


def tell_story(case, number, choose, now):
    """Answer, ask back, resolve and close one case, as far as there was time until today."""
    agent, answer = case.owner, choose.choice(ANSWERS)
    at = case.created_at + timedelta(minutes=choose.choice((12, 25, 40, 90, 200, 700)))
    late = number >= CASES - 20 and number % 2 == 1
    if at >= now:
        return
    post_reply(
        case, answer[0].format(first=case.contact.first_name if case.contact else ""), by=agent, at=at, delay=None
    )
    if number % 3 == 0:
        set_status(case, status_of(Status.WAITING), by=agent, at=at + timedelta(minutes=1))
        back = at + timedelta(hours=choose.randint(2, 30))
        if back < now and not late:
            receive_message(case, at=back, contact=case.contact, body=answer[1], channel=case.channel)
    if number % 5 == 0:
        add_note(case, answer[2], by=agent, at=min(now, at + timedelta(hours=1)))
    solved = at + timedelta(hours=choose.choice((3, 6, 20, 28, 50, 120)))
    if late or solved >= now:
        return
    resolve_case(case, by=agent, resolution=answer[2], at=solved)
    if number % 11 == 0:
        receive_message(
            case, at=solved + timedelta(hours=5), contact=case.contact, body=answer[3], channel=case.channel
        )
        resolve_case(case, by=agent, resolution=answer[2], at=solved + timedelta(hours=30))
    if solved + timedelta(days=9) < now:
        close_case(case, by=agent, at=solved + timedelta(days=9))


def let_in(cases):
    """[(role, user, password)]: two customers with cases who may sign in to the portal."""
    found, seen = [], set()
    for case in reversed(cases):
        if case.contact and case.contact.email and case.contact_id not in seen and len(found) < 2:
            seen.add(case.contact_id)
            user, password = user_of(case.contact), secrets.token_urlsafe(9)
            user.set_password(password)
            user.is_demo = True
            user.save(update_fields=["password", "is_demo"])
            reach = PortalAccess.OWN if found else PortalAccess.ACCOUNT
            PortalAccess.objects.create(user=user, contact=case.contact, reach=reach, accepted_at=timezone.now(),
                                        may_invite=not found)  # fmt: skip
            found.append(("Customer (/portal/)", user, password))
    return found


def remember(**made):
    """Keep what is no record with the demo company, for its removal."""
    row = Setting.objects.get(pk="demo")
    row.value |= made
    row.save(update_fields=["value"])


def forget(kept):
    """Remove what is no record: the queue and the service level, unless real cases need them."""
    CaseField.objects.filter(key__in=kept.get("asked", [])).delete()
    CannedReply.objects.filter(pk__in=kept.get("canned", [])).delete()
    Macro.objects.filter(pk__in=kept.get("macros", [])).delete()
    queues = Queue.objects.filter(pk__in=kept.get("queues", []))
    Case.objects.unscoped("real cases stay without the queue").filter(queue__in=queues).update(queue=None)
    queues.delete()
    for policy in Policy.objects.filter(pk__in=kept.get("policies", [])):
        Policy.objects.filter(pk=policy.pk).update(current=None, is_active=False)
        try:
            with atomic():
                PolicyVersion.objects.filter(policy=policy).delete()
                policy.delete()
        except ProtectedError:
            Policy.objects.filter(pk=policy.pk).update(current=policy.current_id)
    User.objects.filter(is_demo=True, door=User.PORTAL).delete()
