"""Operations on leads: make, change, disqualify, reopen; and what follows from what is done with them."""

from datetime import timedelta
from functools import partial

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.db.models import Case, Exists, F, OuterRef, Q, Value, When
from django.utils import timezone
from django.utils.translation import gettext as _

from crm_site.core.models import Fold
from crm_site.core.operations import (
    Refused,
    Stale,
    lock,
    new_rows,
    operation,
    refuse,
    restore_record,
    write,
    write_locked,
    write_many,
)
from customers.countries import country_code
from customers.models import Activity
from customers.operations.activities import follow
from customers.operations.following import CLOSE, KEEP, MINE, follow_many, reachable
from marketing.models import CampaignMember
from sales.models import Lead
from sales.operations.people import give_people, place
from sales.scoring import score_leads, score_rows

# What gives leads without an owner one: callables(leads, by=), called in the transaction that made the leads.
ASSIGNERS = []
# What may still change once a lead is converted: who looks after it, not what it was.
STAYS_OPEN = {"owner", "team", "tags"}
FORWARD = ("targeted", "sent", "opened", "clicked")
UNDO_TIME = timedelta(days=30)
ANSWERING = (Activity.CALL, Activity.EMAIL, Activity.SMS, Activity.MEETING)


@operation
def create_leads(rows, *, by):
    """Make many leads and return them in order; the import's way in.

    A row holds fields of Lead, and those of FOR_PERSON for a new contact. Its contact is given, found by e-mail or
    phone among the visible ones, or made. The account and the customer are the contact's unless given. A row whose
    owner is None goes to the queue of its team, the user's by default, and from there to whom the assignment rules
    name. The number of statements does not grow with the rows.
    """
    rows = [completed(dict(row), by) for row in rows]
    give_people(rows, by)
    for row in rows:
        named(row)
    score_rows(rows)
    leads = new_rows(Lead, rows, by=by)
    join_campaigns(leads)
    waiting = [lead for lead in leads if lead.owner_id is None and lead.status in Lead.OPEN]
    for assign in ASSIGNERS if waiting else ():
        assign(waiting, by=by)
    return leads


def create_lead(values, *, by):
    """Make one open lead and return it; see create_leads. Raises Refused for another status, which verbs give."""
    if (values.get("status") or Lead.NEW) not in Lead.OPEN:
        refuse(_("A lead begins open; convert or disqualify it afterwards."), "status")
    return create_leads([values], by=by)[0]


def completed(row, by):
    """A row with what it leaves open: tidy texts, a currency beside an amount, a queue, the dates of its status."""
    for key in ("first_name", "last_name", "company", "email", "phone", "source", "subject"):
        if key in row:
            row[key] = (row[key] or "").strip()
    row["email"] = (row.get("email") or "").lower()
    row["country"] = country_code(row.get("country"))
    if row.get("amount") is not None and not row.get("currency"):
        row["currency"] = settings.BASE_CURRENCY
    if by and row.get("owner", by) is None and not row.get("team"):
        row["team"] = by.team
    now = row.get("changed_at") or timezone.now()
    if row.get("status") == Lead.DISQUALIFIED:
        row["disqualified_at"] = row.get("disqualified_at") or now
        row["disqualify_reason"] = row.get("disqualify_reason") or "other"
    elif row.get("status") == Lead.CONVERTED:
        row["converted_at"] = row.get("converted_at") or now
    if not row.get("last_name") and not row.get("contact"):
        refuse(_("Give the person's last name."), "last_name")
    return row


def named(row):
    """The e-mail, the phone and the company as long as the columns hold, the company that of a known account."""
    if not row.get("company") and row["contact"].account_id:
        row["company"] = row["contact"].account.name if row["contact"].account_id == row["account_id"] else ""
    for key, length in (("first_name", 100), ("last_name", 100), ("email", 254), ("phone", 60), ("company", 200)):
        row[key] = (row.get(key) or "")[:length]


def join_campaigns(leads):
    """Make the people of leads members who responded of the campaigns that brought them; what they did before stays."""
    made = [lead for lead in leads if lead.campaign_id]
    if not made:
        return
    CampaignMember.objects.bulk_create(
        [CampaignMember(campaign_id=lead.campaign_id, contact_id=lead.contact_id, status="responded",
                        added_at=lead.created_at, responded_at=lead.created_at) for lead in made],
        ignore_conflicts=True, batch_size=2000,
    )  # fmt: skip
    rows = Lead.objects.unscoped("who inquires has responded").filter(pk__in=[lead.pk for lead in made])
    same = Exists(rows.filter(campaign=OuterRef("campaign"), contact=OuterRef("contact")))
    members = CampaignMember.objects.filter(same, campaign__in={lead.campaign_id for lead in made})
    members.filter(responded_at__isnull=True).update(
        responded_at=timezone.now(),
        status=Case(When(status__in=FORWARD, then=Value("responded")), default=F("status")),
    )


@operation
def update_lead(lead, values, *, by, version=None):
    """Change a lead and return it; its activities' reach follows. Raises Stale when somebody saved meanwhile.

    Raises Refused for a converted lead, and for a status that has an operation of its own.
    """
    current = lock(lead, by)
    if version is not None and version != current.version:
        raise Stale(current)
    values = settled(current, dict(values))
    need_open(current, values)
    if "contact" in values:
        values = moved(current, values)
    current, changed = write_locked(current, values, by=by)
    if {"campaign", "contact"} & set(changed):
        join_campaigns([current])
    if {"owner", "team"} & set(changed):
        follow(current)
    if changed:
        score_leads([current.pk])
    return current


def settled(current, values):
    """The values as the columns hold them."""
    if values.get("contact", current) is None:
        values.pop("contact")
    if "email" in values:
        values["email"] = (values["email"] or "").strip().lower()
    if values.get("amount") is not None and not values.get("currency", current.currency):
        values["currency"] = settings.BASE_CURRENCY
    return values


def need_open(current, values):
    """Refuse changes to what a converted lead was, and of the status by hand where a verb does it."""
    changed = {name for name, value in values.items() if getattr(current, name) != value}
    if current.status == Lead.CONVERTED and changed - STAYS_OPEN:
        raise Refused(_("A converted lead is read-only. Take the conversion back first."))
    if "status" in changed and not {values["status"], current.status} <= set(Lead.OPEN):
        refuse(_("Convert, disqualify or reopen the lead instead."), "status")


def moved(current, values):
    """The values with the account and the customer that follow from another contact."""
    if values["contact"].pk == current.contact_id:
        return values
    row = {"contact": values["contact"], "account": values.get("account"), "customer": values.get("customer")}
    place([row])
    kept = {key: value for key, value in values.items() if key not in ("account", "customer")}
    return kept | {"account_id": row["account_id"], "customer_id": row["customer_id"]}


def open_activities_of(lead, user, action="view"):
    """The open activities that belong to a lead, as far as the user may do the action on them."""
    kind = ContentType.objects.get_for_model(Lead)
    return reachable(Activity, user, action).filter(
        regarding_type=kind, regarding_id=lead.pk, status=Activity.OPEN, deleted_at__isnull=True
    )


@operation
def delete_lead(lead, *, by, activities=KEEP):
    """Put a lead into the bin; the choice says what becomes of its open activities. Refused for a converted one."""
    current = lock(lead, by, "delete")
    if current.status == Lead.CONVERTED:
        raise Refused(_("A converted lead belongs to what it became. Take the conversion back first."))
    rows = open_activities_of(current, by, "change")
    if activities == CLOSE:
        write_many(rows, {"status": Activity.CANCELLED}, by=by)
    elif activities == MINE and by:
        write_many(rows, {"owner": by, "team": by.team}, by=by)
    return write(current, {"deleted_at": timezone.now(), "deleted_by": by}, by=by, action="delete")[0]


def restore_lead(lead, *, by):
    """Take a lead out of the bin."""
    return restore_record(lead, by=by)


@operation
def disqualify_lead(lead, reason, *, by, note=""):
    """Close a lead without a result and return it. Refused without a reason, and for a converted lead."""
    current = lock(lead, by)
    if current.status == Lead.CONVERTED:
        raise Refused(_("A converted lead is read-only. Take the conversion back first."))
    if not reason or reason not in Lead.REASONS:
        refuse(_("Say why."), "reason")
    values = {"status": Lead.DISQUALIFIED, "disqualify_reason": reason, "disqualify_note": (note or "").strip()[:300]}
    if current.status != Lead.DISQUALIFIED:
        values |= {"disqualified_at": timezone.now(), "escalate_at": None}
    return write_locked(current, values, by=by)[0]


@operation
def reopen_lead(lead, *, by):
    """Open a disqualified lead again and return it; one that is open stays as it is."""
    current = lock(lead, by)
    if current.status in Lead.OPEN:
        return current
    if current.status == Lead.CONVERTED:
        raise Refused(_("A converted lead is read-only. Take the conversion back first."))
    values = {"status": Lead.WORKING, "disqualified_at": None, "disqualify_reason": "", "disqualify_note": ""}
    return write_locked(current, values, by=by)[0]


def returning_lead(email):
    """The disqualified lead that an inquiry with this e-mail address opens again, the latest one, or None."""
    rows = Lead.objects.unscoped("an inquiry from outside has no user").filter(deleted_at__isnull=True)
    rows = rows.alias(folded=Fold(F("email"))).filter(folded=Fold(Value((email or "").strip())))
    return rows.exclude(email="").filter(status=Lead.DISQUALIFIED).order_by("-id").first()


TOUCH = """
    UPDATE sales_lead l SET last_touch_at = greatest(l.last_touch_at, t.at),
        responded_at = coalesce(l.responded_at, t.answered),
        escalate_at = CASE WHEN t.answered IS NULL THEN l.escalate_at END,
        status = CASE WHEN t.answered IS NOT NULL AND l.status = 'new' THEN 'working' ELSE l.status END,
        version = l.version + CASE WHEN t.answered IS NOT NULL AND l.status = 'new' THEN 1 ELSE 0 END
    FROM unnest(%s::bigint[], %s::timestamptz[], %s::timestamptz[]) t(id, at, answered) WHERE l.id = t.id
"""


def touch_leads(ids, at, *, answered=False):
    """Note that something was done with leads at a moment; `answered` also ends the wait for the first answer."""
    touch_each(dict.fromkeys(ids, (at, at if answered else None)))


def touch_each(moments):
    """As touch_leads, for {id: (last touched, first answered or None)}; one statement."""
    if moments:
        touched, answered = zip(*moments.values(), strict=True)
        with connection.cursor() as cursor:
            cursor.execute(TOUCH, [list(moments), list(touched), list(answered)])


def note_activities(activities):
    """Let what was logged count for the leads it belongs to and for the open leads of its contact."""
    kind = ContentType.objects.get_for_model(Lead).pk
    done = [a for a in activities if a.status == Activity.DONE]
    if not done:
        return
    people = {a.contact_id for a in done if a.contact_id and a.created_by_id}
    rows = Lead.objects.unscoped("what was done is a fact whoever did it")
    rows = rows.filter(
        Q(pk__in={a.regarding_id for a in done if a.regarding_type_id == kind})
        | Q(contact__in=people, status__in=Lead.OPEN, deleted_at__isnull=True)
    )
    own, by_person, moments = {}, {}, {}
    for activity in done:
        own.setdefault((activity.regarding_type_id, activity.regarding_id), []).append(activity)
        by_person.setdefault(activity.contact_id, []).append(activity)
    for pk, contact, created in rows.values_list("pk", "contact_id", "created_at"):
        mine = own.get((kind, pk), []) + [a for a in by_person.get(contact, []) if a.at >= created]
        if mine:
            moments[pk] = (max(a.at for a in mine), min((a.at for a in mine if answers_lead(a)), default=None))
    touch_each(moments)


def answers_lead(activity):
    """Whether an activity is a first answer: staff called, wrote or met."""
    return bool(
        activity.created_by_id and activity.kind in ANSWERING and activity.direction != Activity.IN
        and (activity.kind == Activity.MEETING or activity.direction == Activity.OUT)
    )  # fmt: skip


follow_leads = partial(follow_many, Lead)
