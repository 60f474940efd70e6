"""The panels of a deal, and the deals on the pages of accounts, contacts, customers and campaigns."""

from django.conf import settings
from django.db.models import Count, F, Sum, Window
from django.db.models.functions import RowNumber
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from crm_site.core import pages
from crm_site.core.columns import money_text
from crm_site.core.kept import Slot, kept
from crm_site.core.parts import rights
from customers.models import Account, Contact
from customers.operations.accounts import subtree
from customers.views.parties import form_page
from sales.forms.deal_parts import CompetitorsForm, PeopleForm, SplitsForm
from sales.kinds.opportunity import OPPORTUNITIES
from sales.models import ContactRole, Opportunity, Stage
from sales.operations.teamwork import set_competitors, set_contact_roles, set_splits

SHOWN = 5
ROW = ("name", "amount", "currency", "close_date", "state", "stage__name", "pk", "count", "total")
HISTORY = 50
TONES = {"open": "blue", "won": "green", "lost": "red"}
DAY = 86400


def deal_panel(request, pk, template, title, **context):
    """One panel of a deal; `context` values that are functions are called with the deal."""
    deal = pages.get_visible_or_404(OPPORTUNITIES, request.user, pk)
    context = {name: value(deal) for name, value in context.items()}
    context |= {
        "kind": OPPORTUNITIES, "record": deal, "title": title, "base": OPPORTUNITIES.record_url(pk),
        "may_change": "change" in rights(request.user, deal),
    }  # fmt: skip
    return pages.fragment(request, f"sales/opportunities/{template}.html", context)


def seen(rows, name, model, user):
    """The rows of a deal whose other side the user may see."""
    return list(rows.filter(**{f"{name}__in": model.objects.visible_to(user)}).select_related(name).order_by("id"))


@require_GET
def opportunity_people(request, pk):
    """Who has to do with a deal."""
    return deal_panel(
        request, pk, "_people", _("People"),
        rows=lambda deal: seen(deal.contact_roles, "contact", Contact, request.user),
    )  # fmt: skip


@require_GET
def opportunity_competitors(request, pk):
    """Who is after the same deal."""
    return deal_panel(
        request, pk, "_competitors", _("Competitors"),
        rows=lambda deal: seen(deal.competitors, "account", Account, request.user),
    )  # fmt: skip


@require_GET
def opportunity_splits(request, pk):
    """Who is credited with a deal."""
    return deal_panel(
        request, pk, "_splits", _("Credit"),
        rows=lambda deal: list(deal.splits.select_related("user").order_by("-kind", "-percent", "id")),
    )  # fmt: skip


@require_GET
def opportunity_stages(request, pk):
    """How a deal went along its stages: who moved it when, why, what it promised, and how long each stage lasted."""
    return deal_panel(request, pk, "_stages", _("Stages"), rows=stage_rows)


def stage_rows(deal):
    """The changes of a deal that moved it, newest first; one statement."""
    rows = deal.changes.select_related("from_stage", "to_stage", "by").order_by("-at", "-id")
    moves = rows.exclude(from_stage=F("to_stage"), from_state=F("to_state"))
    found = list(moves[:HISTORY])
    for row in found:
        row.days = None if row.seconds is None else round(row.seconds / DAY, 1)
        row.tone, row.operation = TONES[row.to_state], row.why.replace("_", " ")
        row.money = "" if row.to_amount is None else money_text(row.to_amount, row.to_currency)
    return found


ROWS = {
    "people": (PeopleForm, set_contact_roles, gettext_lazy("People"), "contact_roles", ("contact_id", "role")),
    "competitors": (
        CompetitorsForm, set_competitors, gettext_lazy("Competitors"), "competitors", ("account_id", "note")
    ),
    "splits": (SplitsForm, set_splits, gettext_lazy("Credit"), "splits", ("user_id", "percent", "kind")),
}  # fmt: skip


@require_http_methods(["GET", "POST"])
def opportunity_rows(request, pk, part):
    """The people, competitors or shares of a deal, changed all at once."""
    deal = pages.get_visible_or_404(OPPORTUNITIES, request.user, pk, "change")
    form_class, write, title, relation, fields = ROWS[part]
    rows = [
        {name.removesuffix("_id"): value for name, value in row.items()}
        for row in getattr(deal, relation).order_by("id").values(*fields)
    ]
    form = form_class(request.POST or None, deal=deal, user=request.user, rows=rows)
    return form_page(
        request, OPPORTUNITIES, deal, form, f"{title}: {deal}",
        lambda data: write(deal, data["rows"], by=request.user),
    )  # fmt: skip


def deals_with(user, noun):
    """The visible deals of an account and all below it, of a contact, a customer or a campaign, whose id is a slot."""
    rows, record = Opportunity.objects.visible_to(user).order_by(), Slot("record")
    if noun == "account":
        return rows.filter(account__in=subtree(record))
    if noun == "contact":
        # Two keys, put together: "or" with a sub-query would read every deal within reach.
        own = Opportunity.objects.unscoped("narrows what the gate opened").filter(contact=record).values("pk")
        roles = ContactRole.objects.filter(contact=record).values("opportunity")
        return rows.filter(pk__in=own.union(roles))
    return rows.filter(**{noun: record})


@kept
def first_of_states(user, noun):
    """Of each state a record's first deals by close date, each with the number and the amount of all of its state."""
    rows, one = deals_with(user, noun), {"partition_by": "state"}
    numbered = rows.annotate(
        place=Window(RowNumber(), order_by=("close_date", "id"), **one),
        count=Window(Count("pk"), **one), total=Window(Sum("amount_base"), **one),
    )  # fmt: skip
    return numbered.filter(place__lte=SHOWN).order_by("close_date", "id").values_list(*ROW)


@require_GET
def party_opportunities(request, kind, pk):
    """Open and won deals of a record, with sums; of an account those of all accounts below it too."""
    noun = kind.noun
    record = pages.get_visible_or_404(kind, request.user, pk)
    deals = [dict(zip(ROW, row, strict=True)) for row in first_of_states(request.user, noun, record=pk)]
    sums = {deal["state"]: deal for deal in deals}
    shown = Stage.OPEN if Stage.OPEN in sums else Stage.WON
    deals = [deal for deal in deals if deal["state"] == shown]
    for deal in deals:
        deal["money"] = "" if deal["amount"] is None else money_text(deal["amount"], deal["currency"])
        deal["tone"] = TONES[shown]
    context = {
        "kind": kind, "record": record, "title": _("Opportunities"), "rows": deals,
        "sums": [summed(noun, pk, state, sums[state]) for state in Stage.STATES if state in sums],
        "make_url": pages.may(request.user, OPPORTUNITIES, "add") and f"{OPPORTUNITIES.base}new/?{noun}={pk}",
        "below": noun == "account",
    }  # fmt: skip
    return pages.fragment(request, "sales/opportunities/_deals.html", context)


def summed(noun, pk, state, found):
    """One line of sums: its label, number, amount and the list of exactly those deals."""
    return {
        "label": Stage.STATES[state], "count": found["count"],
        "amount": money_text(found["total"] or 0, settings.BASE_CURRENCY),
        "url": f"{OPPORTUNITIES.base}?state={state}&{'within' if noun == 'account' else noun}={pk}",
    }  # fmt: skip
