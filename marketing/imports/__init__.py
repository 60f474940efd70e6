"""What of marketing/ can be imported."""

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm_site.core.imports.registry import Importer, Target, register
from crm_site.core.imports.targets import targets_of
from crm_site.core.operations import update_record
from customers.imports.common import find_by, with_columns
from marketing.imports.members import MEMBER_IMPORT
from marketing.models import Campaign, ContactList
from marketing.operations.campaigns import MONEY, create_campaigns, create_contact_lists, update_campaign

STATUS_WORDS = {
    "planning": "planned", "plan": "planned", "draft": "planned", "in progress": "active", "running": "active",
    "inactive": "completed", "complete": "completed", "done": "completed", "finished": "completed",
    "cancelled": "aborted", "canceled": "aborted",
}  # fmt: skip
TYPE_WORDS = {
    "banner ads": "advertisement", "ads": "advertisement", "web": "advertisement", "online": "advertisement",
    "direct mail": "direct_mail", "mail": "direct_mail", "trade show": "trade_show", "seminar": "event",
    "seminar / conference": "conference", "telemarketing": "telemarketing", "referral program": "referral",
    "public relations": "public_relations", "social media": "social", "partner": "partners", "newsletter": "email",
    "others": "other",
}  # fmt: skip


def campaign_targets():
    """Where a column of a file of campaigns may go."""
    own = [
        Target("name", gettext_lazy("Name"), aliases=("campaign name",), required=True, limit=200),
        Target("type", gettext_lazy("Type"), "choice", ("campaign type",), choices=Campaign.TYPES,
               value_map=TYPE_WORDS),
        Target("status", gettext_lazy("Status"), "choice", ("campaign status",), choices=Campaign.STATUSES,
               value_map=STATUS_WORDS),
    ]  # fmt: skip
    return with_columns("marketing.campaign", own, targets_of, without=("number",))


def prepare_campaign(draft, _run):
    """Sums and their one currency; a campaign does not end before it starts."""
    values = draft.values
    for name in MONEY:
        if isinstance(found := values.get(name), tuple):
            values[name] = found[0]
            values.setdefault("currency", found[1] or settings.BASE_CURRENCY)
    if values.get("starts_on") and values.get("ends_on") and values["ends_on"] < values["starts_on"]:
        values.pop("ends_on")
        draft.warn("", _("It ended before it started; the end was left empty."))


def finder(model):
    """The look-up of records of a model by name."""

    def find(texts, user):
        return find_by(model.objects.visible_to(user), texts, "name_sort", lambda record: record.name)

    return find


def link_campaign(field, pairs, *, by):
    """Set the parent of campaigns that came before it."""
    for campaign, parent in pairs.items():
        update_campaign(campaign, {field: parent}, by=by)


find_campaigns, find_contact_lists = finder(Campaign), finder(ContactList)

CAMPAIGN_IMPORT = register(
    Importer(
        name="campaigns", label=gettext_lazy("Campaigns"), model=Campaign, targets=campaign_targets, order=15,
        icon="megaphone", create=create_campaigns, prepare=prepare_campaign, find=find_campaigns, link=link_campaign,
        update=lambda record, values, by: update_campaign(record, values, by=by),
        keys={"name": (gettext_lazy("Name"), lambda values: values.get("name"), find_campaigns)},
    )
)  # fmt: skip
CONTACT_LIST_IMPORT = register(
    Importer(
        name="lists", label=gettext_lazy("Contact lists"), model=ContactList, order=16, icon="list",
        targets=lambda: with_columns("marketing.contactlist", [], targets_of, without=("number",)),
        create=create_contact_lists, update=lambda record, values, by: update_record(record, values, by=by),
        find=find_contact_lists,
        keys={"name": (gettext_lazy("Name"), lambda values: values.get("name"), find_contact_lists)},
    )
)  # fmt: skip

__all__ = ["CAMPAIGN_IMPORT", "CONTACT_LIST_IMPORT", "MEMBER_IMPORT"]
