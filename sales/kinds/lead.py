"""Leads as a kind of record."""

from django.utils.translation import gettext_lazy as _

from crm_site.core.converters import read_id
from crm_site.core.kinds import Dependent, Kind, Panel, Preset, Sort, add_dependent, add_panel, register
from crm_site.core.pages import RULES
from crm_site.core.parts import rights
from customers.kinds.common import BY_NAME, CHANGED, NEWEST
from customers.kinds.parties import button, reach_actions
from customers.models import Contact
from customers.operations.activities import AFTER_LOG
from customers.operations.following import CLOSE, KEEP, MINE
from customers.timeline import CAME_FROM
from sales.columns.lead import LEAD_COLUMNS
from sales.filters.lead import LeadFilters
from sales.forms.lead import LeadForm
from sales.models import Lead, Opportunity
from sales.operations import converting_many  # noqa: F401 - makes its job known
from sales.operations.leads import (
    create_lead,
    delete_lead,
    follow_leads,
    note_activities,
    open_activities_of,
    restore_lead,
    update_lead,
)
from sales.similar import similar_leads

RULES.update({
    "lead_last_name_given": _("A lead needs a last name."),
    "lead_converted_is_read_only": _("A converted lead is read-only. Take the conversion back first."),
    "lead_amount_has_currency": _("Give the currency of the amount."),
    "lead_disqualified_why": _("Say why the lead is disqualified."),
    "lead_converted_when": _("Convert the lead by its own button."),
})  # fmt: skip

STILL_OPEN = "&".join(f"status={status}" for status in Lead.OPEN)
ACTIVITIES = Dependent(
    _("Open activities"), lambda lead, user: open_activities_of(lead, user).count(), "activities",
    ((KEEP, _("Keep them as they are")), (CLOSE, _("Cancel them")), (MINE, _("Hand them to me"))),
)  # fmt: skip


def subtitle(lead):
    """What a lead is after, under the name."""
    return " · ".join(part for part in (lead.job_title, lead.subject) if part)


def initial(request):
    """What the form of a new lead of a known contact begins with; nothing for a contact out of reach."""
    pk = read_id(request.GET.get("contact", ""))
    contact = Contact.objects.visible_to(request.user).filter(pk=pk).first() if pk else None
    if contact is None:
        return {}
    names = ("first_name", "last_name", "job_title", "email", "phone", "country")
    return {name: getattr(contact, name) for name in names} | {"account": contact.account_id}


def actions(lead, user):
    """What can be done with a lead, the conversion first."""
    base, may_change = f"/leads/{lead.pk}/", "change" in rights(user, lead)
    found = []
    if may_change and lead.status in Lead.OPEN:
        found.append(button(_("Convert"), f"{base}convert/", "merge", primary=True))
    if lead.status in Lead.OPEN:
        found += reach_actions(lead, user)
    if may_change and lead.status in Lead.OPEN:
        found.append(button(_("Disqualify"), f"{base}disqualify/", "x", "modal"))
    if may_change and lead.status == Lead.DISQUALIFIED:
        found.append(button(_("Reopen"), f"{base}reopen/", "undo", "post", primary=True))
    if "delete" in rights(user, lead) and lead.status == Lead.CONVERTED and lead.conversion:
        found.append(button(_("Take the conversion back"), f"{base}unconvert/", "undo"))
    return found


LEADS = register(
    Kind(
        model=Lead, slug="leads", menu=45, icon="bolt", label=_("Lead"), label_plural=_("Leads"),
        purpose=_("Inquiries that may become business: answer them, then convert or disqualify them."),
        columns=LEAD_COLUMNS, default_sort="new",
        sorts={"new": NEWEST, "name": BY_NAME, "changed": CHANGED, "score": Sort(_("Score"), ("-score", "-id"))},
        form=LeadForm, filters=LeadFilters, create=create_lead, update=update_lead,
        delete=delete_lead, restore=restore_lead, quick=("last_name", "company", "email", "phone", "source"),
        highlights=("status", "rating", "score", "company", "phone", "email", "owner", "respond_by"),
        groups=(
            (_("Person"), ("number", "first_name", "last_name", "job_title", "contact", "account", "customer",
                           "country", "website", "industry")),
            (_("Inquiry"), ("subject", "description", "product", "amount", "currency", "next_step", "next_step_date")),
            (_("Where it came from"), ("source", "campaign", "contact_list", "referrer", "partner", "origin")),
            (_("What became of it"), ("responded_at", "last_touch_at", "disqualify_reason", "disqualify_note",
                                      "converted_at")),
            (_("Record"), ("owner", "team", "tags", "created_at", "created_by", "changed_at")),
        ),
        subtitle=subtitle, initial=initial, has_timeline=True, similar=similar_leads, dependents=(ACTIVITIES,),
        actions=actions, bulk_fields=("rating",), bulk_verbs=(("convert", _("Convert"), "change"),),
        after_assign=follow_leads,
        presets=(
            Preset("open", _("Open"), STILL_OPEN), Preset("mine", _("My open"), f"{STILL_OPEN}&mine=true"),
            Preset("late", _("Answer overdue"), "overdue=true"),
        ),
    )
)  # fmt: skip


AFTER_LOG.append(note_activities)
CAME_FROM[Opportunity] = lambda deal: [(Lead, deal.lead_id)] if deal.lead_id else []


def hanging(key):
    """How many open leads of a party the user sees."""
    return lambda record, user: Lead.objects.visible_to(user).filter(**{key: record}, status__in=Lead.OPEN).count()


for app, key, field in (
    ("customers", "contact", "contact"), ("customers", "account", "account"), ("customers", "customer", "customer"),
    ("marketing", "campaign", "campaign"), ("marketing", "contactlist", "contact_list"),
):  # fmt: skip
    add_panel(f"{app}.{key}", Panel(_("Leads"), f"sales:{key}_leads", model=Lead, fold=app == "customers"))
    add_dependent(f"{app}.{key}", Dependent(_("Open leads"), hanging(field)))
add_panel("sales.opportunity", Panel(_("Leads"), "sales:opportunity_leads", model=Lead, order=40))

__all__ = ["LEADS"]
