"""Deals as a kind of record."""

from functools import partial

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.db.models import Sum
from django.utils.translation import gettext_lazy as _

from crm_site.core.columns import money_text
from crm_site.core.kinds import Dependent, Kind, Panel, Preset, Sort, add_dependent, add_panel, register
from crm_site.core.operations import restore_record
from crm_site.core.pages import RULES
from crm_site.core.parts import rights
from customers.kinds.common import BY_NAME, CHANGED, NEWEST
from customers.kinds.parties import button, may_add, ways_to_reach
from customers.models import Activity, Contact
from customers.operations.activities import AFTER_CHANGE, AFTER_LOG
from customers.operations.following import CLOSE, KEEP, MINE, follow_many, reachable
from sales.columns.opportunity import OPPORTUNITY_COLUMNS
from sales.filters.opportunity import OpportunityFilters
from sales.forms.opportunity import OpportunityForm
from sales.models import Opportunity, Quote, Stage
from sales.operations import moving_many  # noqa: F401 - workers must know how many deals are moved
from sales.operations.deal_activity import note_deals
from sales.operations.opportunities import create_opportunity, update_opportunity
from sales.operations.removal import delete_opportunity, open_deals, settle_deals

RULES.update({
    "opportunity_name_given": _("A deal needs a name."),
    "opportunity_probability_within": _("A probability lies between 0 and 100."),
    "opportunity_state_whole": _("Stage, probability and forecast category do not fit together."),
    "opportunity_currency": _("A currency is three capital letters, such as EUR."),
    "contact_role_once": _("Somebody is named twice."),
    "competition_once": _("A competitor is named twice."),
    "split_once": _("Somebody is named twice."),
    "split_adds_up": _("The revenue shares have to add up to 100 %."),
    "split_percent_within": _("A share lies above 0 and is at most 100 %."),
})  # fmt: skip
AFTER_LOG.append(note_deals)
AFTER_CHANGE.append(note_deals)
BY_CLOSE_DATE = Sort(_("Close date"), ("close_date", "id"))


def open_activities(deal, user):
    """The open activities that belong to a deal, as far as the user sees them."""
    kind = ContentType.objects.get_for_model(Opportunity)
    rows = reachable(Activity, user, "view")
    return rows.filter(regarding_type=kind, regarding_id=deal.pk, status=Activity.OPEN)


def sums(rows):
    """What deals add up to in the company's currency: the amounts and the weighted amounts."""
    found = rows.aggregate(amount=Sum("amount_base"), weighted=Sum("weighted_base"))
    currency = settings.BASE_CURRENCY
    return [
        (_("sum"), money_text(found["amount"] or 0, currency)),
        (_("weighted"), money_text(found["weighted"] or 0, currency)),
    ]


def subtitle(deal):
    """What kind of deal it is, and since when it is closed."""
    return f"{deal.get_type_display()} · {deal.get_state_display()}"


def actions(deal, user):
    """Call and mail the primary contact, log, win, lose, reopen."""
    url, found = f"/opportunities/{deal.pk}/", []
    if deal.contact_id and deal.state == Stage.OPEN:
        contact = Contact.objects.visible_to(user).filter(pk=deal.contact_id, do_not_contact=False)
        found += [way for person in contact.only("phone", "email") for way in ways_to_reach(person)]
    if may_add(user, Activity):
        found.append(button(_("Log a call"), f"{url}log/?kind=call", "note"))
    if "change" in rights(user, deal):
        if deal.state == Stage.OPEN:
            found.append(button(_("Lost"), f"{url}lose/", "x", "modal"))
            found.append(button(_("Won"), f"{url}win/", "check", "modal", primary=True))
        else:
            found.append(button(_("Reopen"), f"{url}reopen/", "undo", "post"))
    return found


OPPORTUNITIES = register(
    Kind(
        model=Opportunity, slug="opportunities", menu=50, icon="trending", label=_("Opportunity"),
        label_plural=_("Opportunities"),
        purpose=_("The deals that you work on: what they may bring, when, and what to do next."),
        columns=OPPORTUNITY_COLUMNS,
        sorts={"close": BY_CLOSE_DATE, "name": BY_NAME, "new": NEWEST, "changed": CHANGED}, default_sort="close",
        form=OpportunityForm, filters=OpportunityFilters, create=create_opportunity, update=update_opportunity,
        delete=delete_opportunity, restore=restore_record,
        quick=("name", "account", "amount", "close_date", "stage"), subtitle=subtitle,
        highlights=("amount", "close_date", "stage", "probability", "owner", "account", "next_step",
                    "next_step_date"),
        groups=(
            (_("Deal"), ("number", "type", "account", "contact", "customer", "description")),
            (_("Promise"), ("amount", "amount_from_lines", "currency", "price_book", "amount_base", "weighted_base",
                            "close_date", "probability", "category", "pushes", "attention")),
            (_("Next"), ("next_step", "next_step_date", "next_activity_at", "last_activity_at")),
            (_("Where it came from"), ("source", "campaign", "lead", "partner", "serviced_by")),
            (_("Closing"), ("closed_at", "loss_reason", "lost_to", "loss_note")),
            (_("Record"), ("owner", "team", "tags", "created_at", "created_by", "changed_at")),
        ),
        dependents=(
            Dependent(_("Quotes"), lambda d, user: Quote.objects.visible_to(user).filter(opportunity=d).count()),
            Dependent(
                _("Open activities"), lambda d, user: open_activities(d, user).count(), "activities",
                ((KEEP, _("Keep them as they are")), (CLOSE, _("Cancel them")), (MINE, _("Hand them to me"))),
            ),
        ),
        bulk_fields=("type", "source", "next_step", "next_step_date"), has_timeline=True, actions=actions,
        after_assign=partial(follow_many, Opportunity), sums=sums, faces=("board", "calendar"),
        presets=(
            Preset("open", _("Open"), "state=open"), Preset("mine", _("My open"), "state=open&mine=true"),
            Preset("attention", _("Needs attention"), "attention=any"), Preset("won", _("Won"), "state=won"),
        ),
        bulk_verbs=(("move", _("Move"), "change"),), related=("stage",),
    )
)  # fmt: skip
OPEN_DEALS = Dependent(
    _("Open opportunities"), lambda record, user: open_deals(record, user).count(), "opportunities",
    ((KEEP, _("Keep them as they are")), (MINE, _("Hand them to me")), (CLOSE, _("Close them as lost"))), settle_deals,
)  # fmt: skip
for noun in ("account", "contact", "customer"):
    add_dependent(f"customers.{noun}", OPEN_DEALS)
    add_panel(f"customers.{noun}", Panel(_("Opportunities"), f"sales:{noun}_opportunities", model=Opportunity))
add_panel("marketing.campaign", Panel(_("Opportunities"), "sales:campaign_opportunities", model=Opportunity, order=20))
add_panel("sales.opportunity", Panel(_("People"), "sales:opportunity_people", order=10))
for place, (part, title) in enumerate(
    (("competitors", _("Competitors")), ("splits", _("Credit")), ("stages", _("Stages so far"))), 60
):
    add_panel("sales.opportunity", Panel(title, f"sales:opportunity_{part}", order=place, fold=True))
