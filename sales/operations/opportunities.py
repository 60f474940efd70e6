"""Operations on deals: make, change, move along the stages; and what follows the stage unless set by hand."""

import calendar
from datetime import date

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from crm_site.core.loading import fresh
from crm_site.core.money import rounded
from crm_site.core.operations import Stale, lock, new_rows, operation, refuse, write_locked
from customers.operations.activities import follow
from sales.models import Opportunity, Stage
from sales.operations.linking import link_parties
from sales.operations.story import tell_story
from sales.operations.worth import base_amounts

PARTIES = ("contact", "account", "customer")
# What a stage decides unless somebody set it by hand.
GIVEN = ("probability", "category")
# What the worth in the company's currency depends on.
WORTH = ("amount", "currency", "state", "close_date", "closed_at")


def default_stage(pipeline=None):
    """The first open stage of a pipeline, by default of the one for new deals; Refused where there is none."""
    rows = Stage.objects.filter(state=Stage.OPEN, is_active=True).select_related("pipeline")
    if pipeline is not None:
        rows = rows.filter(pipeline=pipeline)
    stage = rows.order_by("-pipeline__is_default", "pipeline_id", "order", "id").first()
    return stage or refuse(_("There is no pipeline with an open stage. An administrator has to make one."), "stage")


def end_of_quarter(day):
    """The last day of the day's quarter."""
    month = (day.month - 1) // 3 * 3 + 3
    return date(day.year, month, calendar.monthrange(day.year, month)[1])


def proposed_name(party, what=""):
    """A deal's name as it is offered: "Account – product", or the account alone."""
    return " – ".join(part for part in (str(party or "").strip(), str(what or "").strip()) if part)[:255]


@operation
def create_opportunities(rows, *, by):
    """Make many deals and return them in order; the import's way in.

    A row holds fields of Opportunity; what is left out follows: the parties from each other, the stage (the first of
    the default pipeline), what the stage decides, the close date (the quarter's end), the currency, the name. A
    probability or category that differs from the stage's counts as set by hand. `product` only helps to a name. What a
    stage needs is not asked for here. Raises PermissionDenied when a party is out of the user's reach.
    """
    rows = [dict(row) for row in rows]
    link_parties(rows, by)
    first = None
    for row in rows:
        if not row.get("stage"):
            if row.get("pipeline"):
                row["stage"] = default_stage(row["pipeline"])
            else:
                row["stage"] = first = first or default_stage()
        complete(row)
    name_rows(rows)
    base = base_amounts([fresh(Opportunity, **{name: row.get(name) for name in WORTH}) for row in rows])
    for row, deal in zip(rows, base, strict=True):
        row["amount_base"] = deal.amount_base
    return new_rows(Opportunity, rows, by=by)


def create_opportunity(values, *, by):
    """Make one open deal and return it. Raises Refused, beside the field, when the stage needs what is missing."""
    stage = values.get("stage")
    if stage and stage.state != Stage.OPEN:
        refuse(_("A deal begins open; win or lose it afterwards."), "stage")
    if stage:
        ask_for_missing(stage, values)
    return create_opportunities([values], by=by)[0]


def complete(row):
    """Fill in what follows from a row's stage and from today."""
    stage, now = row["stage"], timezone.now()
    row["pipeline_id"] = stage.pipeline_id
    row.pop("pipeline", None)
    row["state"] = stage.state
    for name in GIVEN:
        given = row.get(name)
        by_hand = stage.state == Stage.OPEN and given not in (None, "", getattr(stage, name))
        row[name] = given if by_hand else getattr(stage, name)
        row[f"{name}_by_hand"] = by_hand
    row["currency"] = row.get("currency") or settings.BASE_CURRENCY
    if row.get("amount") is not None:
        row["amount"] = rounded(row["amount"], row["currency"])
    row["close_date"] = row.get("close_date") or end_of_quarter(timezone.localdate())
    row.setdefault("stage_since", row.get("changed_at") or now)
    row["closed_at"] = (row.get("closed_at") or now) if stage.state != Stage.OPEN else None


def name_rows(rows):
    """Give deals without a name that of their party and product; a statement a kind of party."""
    unnamed = [row for row in rows if not (row.get("name") or "").strip()]
    names = {}
    for party in ("account", "customer", "contact"):
        model = Opportunity._meta.get_field(party).related_model
        ids = {row.get(f"{party}_id") for row in unnamed} - {None}
        if ids:
            found = model.objects.unscoped("their use was checked before").filter(pk__in=ids)
            names |= {(party, record.pk): str(record) for record in found.only(*model.LABEL_FIELDS)}
    for row in unnamed:
        parties = [names.get((p, row.get(f"{p}_id"))) for p in ("account", "customer", "contact")]
        row["name"] = proposed_name(next(filter(None, parties), None), row.get("product"))
        if not row["name"]:
            refuse(_("Give the deal a name, an account or a contact."), "name")
    for row in rows:
        row.pop("product", None)


@operation
def update_opportunity(deal, values, *, by, version=None):
    """Change a deal and return it. Raises Stale when somebody saved meanwhile.

    A stage among the values is a move and asks for what it needs; deals are won, lost and reopened by operations of
    their own. A probability or category other than the stage's is by hand from then on. Its activities follow a new
    owner; a close date put off to a later month counts as a push.
    """
    current = lock(deal, by)
    if version is not None and version != current.version:
        raise Stale(current)
    values = dict(values)
    values.pop("product", None)
    values.pop("pipeline", None)
    stage = values.pop("stage", None)
    if current.state != Stage.OPEN:
        for name in GIVEN:
            values.pop(name, None)
    if stage and stage.pk != current.stage_id:
        values = moved(current, stage, values)
    else:
        values = by_hand(current, current.stage, values)
    return store(current, relinked(current, values, by), by)


def store(current, values, by):
    """Write a locked deal with what follows: rounding, the amount in the company's currency, pushes, activities."""
    values = settled(current, values)
    written, changed = write_locked(current, values, by=by)
    if {"owner", "team"} & set(changed):
        follow(written)
    return written


def settled(current, values):
    """The values with those that follow from them."""
    values = dict(values)
    lined = current.amount_from_lines and values.get("amount_from_lines", True)
    if lined and values.get("amount", current.amount) != current.amount and "amount_from_lines" not in values:
        refuse(_("The amount is the sum of the lines; change those."), "amount")
    if current.amount_from_lines and values.get("currency", current.currency) != current.currency:
        refuse(_("The lines are in %(currency)s; remove them first.") % {"currency": current.currency}, "currency")
    currency = values.get("currency") or current.currency
    if values.get("amount") is not None:
        values["amount"] = rounded(values["amount"], currency)
    day = values.get("close_date")
    if day and is_push(current, day) and values.get("state", current.state) == Stage.OPEN:
        values["pushes"] = current.pushes + 1
    names = ("amount", "currency", "close_date", "state", "closed_at")
    if any(values.get(name, getattr(current, name)) != getattr(current, name) for name in names):
        probe = fresh(Opportunity, **{name: values.get(name, getattr(current, name)) for name in names})
        values["amount_base"] = base_amounts([probe])[0].amount_base
    return values


def is_push(current, day):
    """Whether the close date is put off to a later month."""
    return current.state == Stage.OPEN and (day.year, day.month) > (current.close_date.year, current.close_date.month)


def by_hand(current, stage, values):
    """The values with the marks of what somebody set by hand."""
    values = dict(values)
    for name in GIVEN:
        if name not in values:
            continue
        if values[name] is None or values[name] == "":
            values[name] = getattr(stage, name)
        if name == "category" and values[name] in ("closed", "lost") and current.state == Stage.OPEN:
            refuse(_("Win or lose the deal instead; its forecast category follows."), "category")
        if values[name] != getattr(current, name) or stage.pk != current.stage_id:
            values[f"{name}_by_hand"] = values[name] != getattr(stage, name)
    return values


def relinked(current, values, by):
    """The values with the parties that follow from the changed ones; those that stay are not looked at."""
    fresh_parties = {
        name: values[name] for name in PARTIES
        if name in values and getattr(values[name], "pk", None) != getattr(current, f"{name}_id")
    }  # fmt: skip
    if not any(fresh_parties.values()):
        return values
    row = dict(fresh_parties)
    link_parties([row], by)
    emptied = {name for name in PARTIES if name in values and values[name] is None}
    for name in PARTIES:
        given = row.get(f"{name}_id")
        if given and name not in emptied and (name in fresh_parties or getattr(current, f"{name}_id") is None):
            values = values | {f"{name}_id": given}
            values.pop(name, None)
    return values


def moved(current, stage, values):
    """The values of a deal that goes to another open stage. Raises Refused when it may not or something is missing."""
    if current.state != Stage.OPEN:
        refuse(_("This deal is closed; reopen it first."), "stage")
    if stage.state == Stage.WON:
        refuse(_("Win the deal with its actual amount and close date."), "stage")
    if stage.state == Stage.LOST:
        refuse(_("Close the deal as lost with a reason."), "stage")
    if not stage.is_active:
        refuse(_("The stage %(stage)s is no longer in use.") % {"stage": stage}, "stage")
    ask_for_missing(stage, values, current)
    values = values | {"stage": stage, "stage_since": timezone.now()}
    if stage.pipeline_id != current.pipeline_id:
        values["pipeline_id"] = stage.pipeline_id
    # The form sends what it showed; only what differs from that was set by hand.
    for name in GIVEN:
        if name in values and values[name] == getattr(current, name):
            values.pop(name)
        if name not in values and not getattr(current, f"{name}_by_hand"):
            values[name] = getattr(stage, name)
    return by_hand(current, stage, values)


def missing_fields(stage, values, deal=None):
    """The names of the fields that a stage needs and that neither the values nor the deal have."""

    def known(name):
        value = values[name] if name in values else getattr(deal, name, None)
        return value not in (None, "", [])

    return [name for name in stage.required if not known(name)]


def ask_for_missing(stage, values, deal=None):
    """Refuse a stage whose required fields are not all filled, beside the first of them."""
    missing = missing_fields(stage, values, deal)
    if missing:
        labels = ", ".join(str(Opportunity._meta.get_field(name).verbose_name) for name in missing)
        refuse(_("The stage %(stage)s needs: %(fields)s.") % {"stage": stage, "fields": labels}, missing[0])


@operation
def move_opportunity(deal, stage, *, by, version=None, values=None, came_from=None):
    """Put a deal into another open stage, forwards, backwards or past some; returns it.

    `values` fills what the stage needs. Raises Stale when `version` is no longer the deal's or when it no longer is in
    the stage `came_from` (an id); Refused with `.field` when something is missing. In that stage already: nothing.
    """
    current = lock(deal, by, related=("stage",))
    if current.stage_id == stage.pk:
        return current
    if (version is not None and version != current.version) or came_from not in (None, current.stage_id):
        raise Stale(current)
    words = {"old": str(current.stage), "new": str(stage)}
    written = store(current, moved(current, stage, dict(values or {})), by)
    tell_story(written, _("Went from %(old)s to %(new)s") % words, by=by)
    return written


@operation
def unmove_opportunity(deal, came_from, went_to, *, by):
    """Take a move back: the deal, still in the stage `went_to` (an id), goes back to `came_from` as it was there.

    Raises Refused when it was moved on meanwhile, or when there was no such move.
    """
    current = lock(deal, by)
    rows = current.changes.filter(from_stage=came_from, to_stage=went_to).select_related("from_stage")
    change = rows.order_by("-at", "-id").first()
    if change is None or current.stage_id != went_to or current.state != Stage.OPEN:
        refuse(_("Somebody moved this deal meanwhile; look at it again."))
    if not change.from_stage.is_active:
        refuse(_("The stage %(stage)s is no longer in use.") % {"stage": change.from_stage})
    values = {
        "stage": change.from_stage, "pipeline_id": change.from_stage.pipeline_id, "stage_since": timezone.now(),
        "probability": change.from_probability, "category": change.from_category,
    }  # fmt: skip
    return store(current, by_hand(current, change.from_stage, values), by)


@operation
def reset_probability(deal, *, by):
    """Let probability and forecast category follow the stage again; returns the deal."""
    current = lock(deal, by)
    if current.state != Stage.OPEN:
        refuse(_("This deal is closed."))
    values = {name: getattr(current.stage, name) for name in GIVEN} | {f"{name}_by_hand": False for name in GIVEN}
    return write_locked(current, values, by=by)[0]
