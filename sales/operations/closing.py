"""Operations that close deals and open them again."""

from datetime import datetime, time

from django.utils import timezone
from django.utils.translation import gettext as _

from crm_site.core.operations import Stale, lock, operation, refuse
from sales.models import OpportunityChange, Sale, Stage
from sales.operations.opportunities import store
from sales.operations.sales import sell
from sales.operations.story import tell_story


def closing_stage(deal, state):
    """The pipeline's stage for won or lost deals; Refused where there is none."""
    found = Stage.objects.filter(pipeline=deal.pipeline_id, state=state, is_active=True).order_by("order", "id").first()
    return found or refuse(_("This pipeline has no stage for that. An administrator has to add one."), "stage")


def closed_values(deal, state, closed_on):
    """What a deal is once it is closed on a day; now, when that is today."""
    now, stage = timezone.now(), closing_stage(deal, state)
    day = closed_on or timezone.localdate()
    if day > timezone.localdate():
        refuse(_("A deal cannot be closed in the future."), "closed_on")
    at = now if day == timezone.localdate() else timezone.make_aware(datetime.combine(day, time(12)))
    return {
        "stage": stage, "state": state, "stage_since": now, "closed_at": at, "close_date": day,
        "probability": stage.probability, "category": stage.category,
    }  # fmt: skip


def need_version(deal, version):
    """Raise Stale when somebody changed the deal since it was looked at as `version`."""
    if version not in (None, deal.version):
        raise Stale(deal)


def active_sale(deal):
    """The sale that a deal became, or None."""
    return Sale.objects.unscoped("it is the deal's own").filter(opportunity=deal.pk, status=Sale.ACTIVE).first()


@operation
def win_opportunity(deal, *, by, amount=None, closed_on=None, quote=None, version=None):
    """Close a deal as won and return its sale; won already: its sale, and nothing happens.

    `amount` is the actual amount in the deal's currency (default: as it stands), `closed_on` the day (default: today).
    Raises Stale when `version` is no longer the deal's.
    """
    current = lock(deal, by)
    if current.state == Stage.WON and (sale := active_sale(current)):
        return sale
    need_version(current, version)
    if amount is None and current.amount is None:
        refuse(_("Give the actual amount."), "amount")
    values = closed_values(current, Stage.WON, closed_on)
    values |= {"loss_reason": None, "lost_to": None, "loss_note": ""}
    if amount is not None and amount != current.amount:
        values |= {"amount": amount, "amount_from_lines": False}
    won = store(current, values, by)
    sale = sell(won, by=by, amount=values.get("amount"), sold_on=values["close_date"], quote=quote)
    tell_story(won, _("Won: sale %(number)s") % {"number": sale.document}, by=by)
    return sale


@operation
def lose_opportunity(deal, reason, *, by, lost_to=None, note="", closed_on=None, version=None):
    """Close a deal as lost, with a reason, perhaps the competitor who got it, and a note where the reason needs one.

    Raises Stale when `version` is no longer the deal's.
    """
    current = lock(deal, by)
    if reason is None:
        refuse(_("Say why the deal was lost."), "loss_reason")
    note = (note or "").strip()
    if reason.needs_note and not note:
        refuse(_("The reason “%(reason)s” needs a note.") % {"reason": reason}, "loss_note")
    refuse_sold(current)
    need_version(current, version)
    values = {"loss_reason": reason, "lost_to": lost_to, "loss_note": note[:300]}
    if current.state != Stage.LOST:
        values |= closed_values(current, Stage.LOST, closed_on)
        tell_story(current, _("Lost: %(reason)s") % {"reason": reason}, by=by)
    return store(current, values, by)


@operation
def reopen_opportunity(deal, *, by):
    """Open a closed deal again, in the stage in which it was and with what it promised there; open: nothing happens.

    That it was closed stays in its history. Raises Refused while it has an active sale: cancel that first.
    """
    current = lock(deal, by)
    if current.state == Stage.OPEN:
        return current
    refuse_sold(current)
    values = {
        "state": Stage.OPEN, "closed_at": None, "stage_since": timezone.now(), "loss_reason": None, "lost_to": None,
        "loss_note": "",
    }  # fmt: skip
    reopened = store(current, values | before_closing(current), by)
    tell_story(reopened, _("Reopened"), by=by)
    return reopened


def refuse_sold(deal):
    """Refuse to reopen or lose a deal whose sale stands."""
    if sale := active_sale(deal):
        refuse(_("The deal is the sale %(number)s; cancel that first, with a reason.") % {"number": sale.document})


def before_closing(deal):
    """Stage, probability and category of a deal before it was closed; of the pipeline's last open stage otherwise."""
    change = (
        OpportunityChange.objects.filter(opportunity=deal, from_state=Stage.OPEN).exclude(to_state=Stage.OPEN)
        .select_related("from_stage").order_by("-at", "-id").first()
    )  # fmt: skip
    if change and change.from_stage.is_active and change.from_stage.pipeline_id == deal.pipeline_id:
        return {
            "stage": change.from_stage, "probability": change.from_probability, "category": change.from_category,
            "close_date": change.from_close_date,
        }  # fmt: skip
    rows = Stage.objects.filter(pipeline=deal.pipeline_id, state=Stage.OPEN, is_active=True)
    stage = rows.order_by("-order", "-id").first() or refuse(_("This pipeline has no open stage."), "stage")
    given = {"probability_by_hand": False, "category_by_hand": False}
    return {"stage": stage, "probability": stage.probability, "category": stage.category} | given
