"""What the desk shows: the views of waiting cases, a conversation piece by piece, and what is known of the customer."""

from datetime import timedelta

from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.fields import ArrayField
from django.db.models import BigIntegerField, F, OuterRef, Q, Value, When
from django.db.models import Case as Whether
from django.db.models.functions import Cast, Coalesce, JSONObject
from django.urls import reverse
from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext_lazy as _

from crm_site.core.columns import money_text
from crm_site.core.kept import Slot, kept, kept_objects
from crm_site.core.kinds import KINDS
from crm_site.core.loading import read_within
from crm_site.core.markup import clean
from crm_site.core.scope import top_of_each
from customers.models import Account, Contact, ContactMechanism, Customer
from sales.models import Opportunity, Stage
from support.badges import badge, clock_badge
from support.columns.case import PRIORITY_TONES, STATE_TONES
from support.models import (
    NEVER,
    CannedReply,
    Case,
    Clock,
    Draft,
    Macro,
    Message,
    MessageFile,
    OutgoingMail,
    Presence,
    Queue,
    Status,
    Watcher,
)  # fmt: skip

VIEWS = {
    "mine": _("Mine"), "unassigned": _("Unassigned"), "breaching": _("Breaching next"), "waiting": _("Waiting"),
    "all": _("All open"),
}  # fmt: skip
SHOWN, BESIDE, COUNTED, WHOLE, PAGE, FEW = 50, 25, 51, 6, 30, 5
# What the list shows of a case; the other columns of six tables are not read.
LISTED = (
    "subject", "due_at", "due_metric", "warn_at", "breached", "category", "priority", "last_message_at",
    "status__name", "status__category", "status__pauses", "owner__first_name", "owner__last_name", "owner__email",
    "contact__first_name", "contact__middle_initial", "contact__last_name", "contact__deleted_at", "account__name",
    "account__deleted_at", "customer__name", "customer__deleted_at",
)  # fmt: skip
# A browser says every eight seconds that a case is open in it, and whether somebody writes.
VIEWING, TYPING = timedelta(seconds=30), timedelta(seconds=12)
PARTIES = {"customer": Customer, "account": Account, "contact": Contact}
IMAGES = (".png", ".jpg", ".jpeg", ".gif", ".webp")
# Who wrote a message, as its line names them.
NAMED = ("user__first_name", "user__last_name", "user__email")
IDS = ArrayField(BigIntegerField())
SENT, DUE, FAILED = "sent", "due", "failed"


def first_in(user, view, queue, queues):
    """The first cases of a view, what falls due first first, at most COUNTED, as a query that walks along indexes.

    `queue` is the id of the one that it is narrowed to, or None; `queues` are the ids of all, or a query of them.
    """
    rows = Case.objects.visible_to(user).filter(merged_into__isnull=True)
    rows = rows.filter(queue=queue) if queue else rows
    order = ("due_at", "id")
    if view == "unassigned":
        order = ("due_at", "priority", "id")
        rows = rows.filter(owner__isnull=True, category__in=[Status.NEW, Status.OPEN])
        if not queue:
            tops = top_of_each(Queue.objects.filter(pk__in=queues), rows, "queue", COUNTED, order)
            rows = Case.objects.filter(pk__in=tops.union(first_ids(rows.filter(queue__isnull=True), order), all=True))
    elif view == "mine":
        rows = rows.filter(owner=user.pk, category__in=Status.UNRESOLVED)
    elif view == "breaching":
        rows = rows.filter(due_at__lt=NEVER, category__in=Status.UNRESOLVED)
    elif view == "waiting":
        rows = rows.filter(category=Status.WAITING)
    else:
        tops = [first_ids(rows.filter(category=category), order) for category in Status.UNRESOLVED]
        rows = Case.objects.filter(pk__in=tops[0].union(*tops[1:], all=True))
    return rows.order_by(*order)[:COUNTED]


def cases_in(user, view, queue, queues):
    """The cases of `first_in` with what the list shows; one statement."""
    return listed(first_in(user, view, queue, queues))


def listed(rows):
    """The cases of a query in its order, each with what the list shows of it and nothing more."""
    return read_within(rows, LISTED)


def count_text(rows):
    """How many cases a view holds, as a text."""
    return f"{COUNTED - 1}+" if len(rows) == COUNTED else str(len(rows))


def first_ids(rows, order):
    """The ids of the first COUNTED rows, found along an index of their own."""
    return rows.order_by(*order).values("pk")[:COUNTED]


def list_items(cases, user, *, owners=True, shown=SHOWN):
    """The first cases as the list shows them, with whose they are where `owners` are asked for; all of it texts."""
    now = timezone.now()
    names = party_names(cases[:shown], user)
    return [
        {"pk": str(case.pk), "subject": case.subject, "badge": badge(case, now), "tone": STATE_TONES[case.category],
         "status": case.status.name, "ago": timesince(case.last_message_at, now, depth=1),
         "at": case.last_message_at.isoformat(timespec="seconds"),
         "owner": owners and str(case.owner or _("Nobody")),
         "urgent": Case.PRIORITIES[case.priority] if case.priority < Case.NORMAL else "",
         "priority_tone": PRIORITY_TONES[case.priority],
         "who": next((names[n, pk][0] for n in ("contact", "customer", "account")
                      if (n, pk := getattr(case, f"{n}_id")) in names), case.number)}
        for case in cases[:shown]
    ]  # fmt: skip


def party_names(cases, user):
    """{(name of the field, id): (text, address)} of the parties of these cases that the user may see.

    The cases hold their parties; without a statement where the user's roles show all of a kind.
    """
    found = {}
    for name, model in PARTIES.items():
        kind = KINDS[model._meta.label_lower]
        here = {getattr(case, f"{name}_id"): getattr(case, name) for case in cases if getattr(case, f"{name}_id")}
        if not here:
            continue
        if user.reach(model, "view") == "all":
            found |= {(name, pk): (str(row), kind.record_url(pk)) for pk, row in here.items() if not row.deleted_at}
        else:
            seen = model.objects.visible_to(user).filter(pk__in=here).values_list("pk", flat=True)
            found |= {(name, pk): (str(here[pk]), kind.record_url(pk)) for pk in seen}
    return found


def choices():
    """{statuses, queues, canned, macros: [(id, name, extra, team)]} that are in use; one statement.

    The extra of a status is its category, of a canned reply its shortcut; teams' own are left to `open_to_teams`.
    """
    found = {"statuses": [], "queues": [], "canned": [], "macros": []}
    for of, _place, name, pk, extra, team in all_choices():
        found[of].append((pk, name, extra, team))
    return found


@kept
def all_choices():
    """(of what, place, name, id, extra, team) of all that is in use."""
    tables = {
        "statuses": (Status, F("category")), "queues": (Queue, Value("")), "canned": (CannedReply, F("shortcut")),
        "macros": (Macro, Value("")),
    }  # fmt: skip
    branches = [
        model.objects.filter(is_active=True).order_by().annotate(
            of=Value(key), extra=extra, place=F("order") if model is not CannedReply else Value(0),
            for_team=F("team_id") if model in (CannedReply, Macro) else Cast(Value(None), BigIntegerField()),
        ).values_list("of", "place", "name", "pk", "extra", "for_team")
        for key, (model, extra) in tables.items()
    ]  # fmt: skip
    return branches[0].union(*branches[1:], all=True).order_by("of", "place", "name")


def messages_of(case, before=None, count=PAGE, *, spoken=False):
    """(the newest messages of a case in their order, whether older ones are there), or those before a message.

    One statement, another one for `before`; it walks along (case, at, id) however long the case is. `spoken` leaves
    events out.
    """
    if before is None and not spoken and count == PAGE:
        found = newest_messages(case=case.pk)
        return found[:count][::-1], len(found) > count
    rows = Message.objects.filter(case=case)
    rows = rows.exclude(kind=Message.EVENT) if spoken else rows
    if before is not None:
        at = rows.filter(pk=before).values_list("at", flat=True).first()
        rows = rows.filter(at__lte=at).filter(Q(at__lt=at) | Q(pk__lt=before)) if at else rows.none()
    found = list(rows.select_related("user").order_by("-at", "-pk")[: count + 1])
    return found[:count][::-1], len(found) > count


@kept_objects(*(field.name for field in Message._meta.concrete_fields), *NAMED)
def newest_messages():
    """The newest messages of a case, one more than a page has."""
    return Message.objects.filter(case=Slot("case")).order_by("-at", "-pk")[: PAGE + 1]


def thread(case, before=None):
    """{messages: each with what the page shows of it, older: id before which older ones are, newest: id, description}.

    The description stands before the first message, unless that says the same. Of the newest messages all but WHOLE
    are folded to a line, which is read when it is opened, where nothing of their mails is left to see to.
    """
    found, more = messages_of(case, before)
    spoken = [message for message in found if message.kind != Message.EVENT]
    dress(found)
    for message in spoken[:-WHOLE] if before is None else ():
        settled = all(mail["state"] == SENT for mail in message.sent)
        message.line = " ".join(message.body[:300].split())[:120] if settled else ""
    show_markup([message for message in spoken if message.html and not getattr(message, "line", "")])
    said = more or (spoken and spoken[0].body.strip() == case.description.strip())
    return {
        "messages": found, "older": found[0].pk if more else None, "description": "" if said else case.description,
        "newest": max((message.pk for message in spoken), default=0),
    }  # fmt: skip


def one_message(case, pk):
    """As `thread`, with one message of the case, or none, whole."""
    found = list(Message.objects.filter(case=case, pk=pk).select_related("user"))
    dress(found)
    show_markup([message for message in found if message.html])
    return {"messages": found, "inside": True}


def dress(found):
    """Give messages what the page shows of them: files, markup, mails, who wrote."""
    ids, now = [message.pk for message in found], timezone.now()
    files, mails = {}, {}
    for row in files_among(ids=ids):
        row.is_image = row.attachment.name.lower().endswith(IMAGES)
        files.setdefault(row.message_id, []).append(row)
    for mail in mails_among(ids=ids):
        mails.setdefault(mail.message_id, []).append(mailed(mail, now))
    for message in found:
        message.shown_files = files.get(message.pk, [])
        message.sent = mails.get(message.pk, [])
        message.look = message.direction if message.kind == Message.PUBLIC else message.kind
        message.author = str(message.user) if message.user_id else message.author_name or message.author_email
        message.iso = message.at.isoformat()
        message.came_from = Case.numbered(message.origin_id) if message.origin_id else ""


@kept_objects("message", "cid", "attachment__name", "attachment__size")
def files_among():
    """The files of messages."""
    return MessageFile.objects.filter(message__pk__any_of=Slot("ids", IDS)).order_by("pk")


@kept_objects("message", "to", "cc", "due", "mailed_at", "error")
def mails_among():
    """The mails that carry messages."""
    return OutgoingMail.objects.filter(message__pk__any_of=Slot("ids", IDS)).order_by("pk")


def show_markup(messages):
    """Give messages their safe markup with the pictures that they brought; these are no files beside it then."""
    for message in messages:
        pictures = {row.cid: row for row in message.shown_files if row.cid and row.is_image}
        used = set()

        def picture(cid, pictures=pictures, used=used):
            row = pictures.get(cid)
            used.add(row)
            return row and reverse("file_download", args=[row.attachment_id])

        message.markup = clean(message.html, picture)
        message.shown_files = [row for row in message.shown_files if row not in used]


def mailed(mail, now):
    """What became of the mail that carries a reply: sent, failed, or due, in so many seconds."""
    state = SENT if mail.mailed_at else FAILED if mail.error and mail.due is None else DUE
    return {"mail": mail, "state": state, "seconds": max(0, round((mail.due - now).total_seconds())) if mail.due else 0}


def own_marks(case, user):
    """(the user's draft as {body, is_note} or None, whether the user watches, who gets copies); one statement."""
    found = marks_on(case=case.pk, user=user.pk)
    draft = next(({"body": body, "is_note": flag} for of, body, flag in found if of == "draft"), None)
    reporter = case.contact.email.lower() if case.contact_id else ""
    copies = [body for of, body, _flag in found if of == "watch" and body and body.lower() != reporter]
    return draft, any(flag for of, _body, flag in found if of == "watch"), list(dict.fromkeys(copies))


@kept
def marks_on():
    """(draft, text, whether a note) of a user on a case, and (watch, address, whether it is the user) of all."""
    case, user = Slot("case"), Slot("user")
    drafts = Draft.objects.filter(case=case, user=user).values_list(Value("draft"), "body", "is_note")
    watchers = Watcher.objects.filter(case=case).exclude(contact__deleted_at__isnull=False)
    address = Coalesce("contact__email", "email", Value(""))
    mine = Whether(When(user=user, then=Value(value=True)), default=Value(value=False))
    return drafts.union(watchers.values_list(Value("watch"), address, mine), all=True)


def others():
    """Annotations of a case that say who else has it open and what its newest spoken message is."""
    now = timezone.now()
    here = Presence.objects.filter(case=OuterRef("pk"), seen_at__gt=now - VIEWING).order_by("user_id")
    spoken = Message.objects.filter(case=OuterRef("pk")).exclude(kind=Message.EVENT).order_by("-at", "-pk")
    return {
        "present": ArraySubquery(here.values(said=JSONObject(
            pk="user_id", first="user__first_name", last="user__last_name", typing_at="typing_at"))),
        "newest": ArraySubquery(spoken.values("pk")[:1]),
    }  # fmt: skip


def promises(case):
    """The clocks of a case that run or stand still, then the last that ended of each metric: with its badge."""
    now, found = timezone.now(), {}
    for clock in last_clocks(case=case.pk):
        if clock.metric not in found:
            clock.badge = clock_badge(clock, now)
            found[clock.metric] = clock
    return sorted(found.values(), key=lambda clock: (clock.stopped_at is not None, clock.pk))


@kept_objects("metric", "state", "target_seconds", "used_seconds", "due_at", "warn_at", "stopped_at")
def last_clocks():
    """The last clocks of a case that count."""
    return Clock.objects.filter(case=Slot("case")).exclude(state=Clock.CANCELLED).order_by("-pk")[:12]


def background(case, user):
    """What an agent wants to know beside the conversation, under the user's own sight: parties, ways, cases, deals."""
    names = party_names([case], user)
    seen = {name for name, _pk in names}
    return {
        "parties": {name: link for (name, _pk), link in names.items()},
        "tier": case.customer.get_tier_display() if "customer" in seen else "",
        "ways": ways(case, seen), "cases": last_cases(case, user), "deals": open_deals(case, user),
    }  # fmt: skip


def ways(case, seen):
    """How the reporter, else the account, is reached, as far as they were `seen`."""
    name = next((name for name in ("contact", "account") if name in seen), None)
    if name is None:
        return []
    return (ways_of_contact if name == "contact" else ways_of_account)(party=getattr(case, f"{name}_id"))


@kept_objects("type", "value", "normalised")
def ways_of_contact():
    """How a person is reached."""
    return first_ways(contact=Slot("party"))


@kept_objects("type", "value", "normalised")
def ways_of_account():
    """How an account is reached."""
    return first_ways(account=Slot("party"))


def first_ways(**party):
    """The first mechanisms of a party that may be used."""
    rows = ContactMechanism.objects.filter(**party, do_not_use=False, type__in=["email", "phone", "mobile"])
    return rows.order_by("type", "-is_primary", "pk")[:FEW]


def last_cases(case, user):
    """The last other cases of the same customer, else of the account or the reporter."""
    name = next((name for name in PARTIES if getattr(case, f"{name}_id")), None)
    if name is None:
        return []
    rows = Case.objects.visible_to(user).filter(**{name: getattr(case, f"{name}_id")}).exclude(pk=case.pk)
    columns = ("subject", "category", "status__name")
    return [
        {"pk": pk, "number": Case.numbered(pk), "subject": subject, "tone": STATE_TONES[category], "status": status}
        for pk, subject, category, status in rows.order_by("-pk").values_list("pk", *columns)[:FEW]
    ]


def open_deals(case, user):
    """The open deals with the customer or the account."""
    party = Q(customer=case.customer_id) if case.customer_id else Q()
    party |= Q(account=case.account_id) if case.account_id else Q()
    if not party or user.reach(Opportunity, "view") == "none":
        return []
    rows = Opportunity.objects.visible_to(user).filter(party, state=Stage.OPEN).order_by("close_date", "pk")
    columns = ("pk", "name", "stage__name", "amount", "currency")
    return [
        {"pk": pk, "name": name, "stage": stage, "money": "" if amount is None else money_text(amount, currency)}
        for pk, name, stage, amount, currency in rows.values_list(*columns)[:FEW]
    ]
