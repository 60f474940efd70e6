"""How the rows of a file become members of campaigns."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm_site.core.imports.links import content_type
from crm_site.core.imports.plan import fold
from crm_site.core.imports.registry import Importer, Target, register
from crm_site.core.imports.targets import link_targets
from crm_site.core.models import ExternalId
from customers.imports.contacts import find_contacts
from marketing.models import Campaign, CampaignMember
from marketing.operations.members import add_members, remove_members, update_member

STATUS_WORDS = {
    "planned": "targeted", "added": "targeted", "invited": "sent", "received": "sent", "delivered": "sent",
    "opened": "opened", "clicked": "clicked", "registered": "responded", "attended": "responded",
    "opted out": "opted_out", "unsubscribed": "opted_out", "hard bounced": "bounced",
}  # fmt: skip
# Who else may be meant by a name: callables(drafts, campaigns, user) giving {id of the draft: [contact ids]}, those
# ids the best for the draft's campaign first. Apps above, whose records have people, add theirs.
PEOPLE = []
CHANGED = ("last modified time", "modified time", "member status updated", "added", "created time")


def member_targets():
    """Where a column of a file of members may go."""
    return [
        *link_targets("campaign", gettext_lazy("Campaign"), "marketing.campaign", ("campaign name",)),
        *link_targets("contact", gettext_lazy("Contact"), "customers.contact")[1:],
        Target("email", gettext_lazy("E-mail"), "email", ("contact email", "lead email")),
        Target("first_name", gettext_lazy("First name"), aliases=("lead first name", "contact first name"), limit=100),
        Target("last_name", gettext_lazy("Last name"), aliases=("lead last name", "contact last name"), limit=100),
        Target("full_name", gettext_lazy("Whole name"), aliases=("lead name", "contact name", "name"), limit=200),
        Target("status", gettext_lazy("Status"), "choice", ("member status", "campaign status"),
               choices=CampaignMember.STATUSES, value_map=STATUS_WORDS),
        Target("added_at", gettext_lazy("Added"), "datetime", CHANGED),
        Target("responded_at", gettext_lazy("Responded"), "datetime", ("first responded date", "responded on")),
    ]  # fmt: skip


def name_of(values):
    """The whole name of a row; a first name that repeats the last one is none."""
    first, last = values.get("first_name") or "", values.get("last_name") or ""
    first = "" if fold(first) == fold(last) else first
    return f"{first} {last}".strip() or values.get("full_name") or ""


def gather_members(drafts, run):
    """Find the person of each row: known from before, by e-mail address or name, or through what apps above know."""
    taken, here = run.kept.setdefault("taken", set()), come_before(drafts, run)
    open_drafts = [draft for draft in drafts if not draft.values.get("contact")]
    texts = {id(d): (d.values.get("email") or [name_of(d.values)])[0] for d in open_drafts}
    named = find_contacts(set(texts.values()) - {""}, run.user)
    others = {}
    for find in PEOPLE:
        for key, ids in find([d for d in open_drafts if texts[id(d)]], name_of, run).items():
            others.setdefault(key, []).extend(ids)
    for draft in open_drafts:
        draft.extra = [c.pk for c in named.get(fold(texts[id(draft)]), [])] if texts[id(draft)] else []
        choose(draft, others.get(id(draft), []), taken, here)


def choose(draft, better, taken, here):
    """Set the contact of a row where one is meant beyond doubt; `better` are those known for its campaign.

    `taken` are the pairs that rows of this file mean already, `here` those of rows that were imported before.
    """
    campaign = draft.values.get("campaign")
    if campaign is None:
        return
    sure, loose = (
        [pk for pk in dict.fromkeys(pool) if (campaign.pk, pk) not in taken] for pool in (better, draft.extra)
    )
    new = [pk for pk in sure if (campaign.pk, pk) not in here]
    found = new[:1] or next((pool for pool in (sure, loose) if len(pool) == 1), ())
    if found:
        taken.add((campaign.pk, found[0]))
        draft.values["contact_id"] = found[0]


def come_before(drafts, run):
    """Rows that were imported before keep their person; the pairs that such rows made in these campaigns."""
    rows = ExternalId.objects.filter(system=run.plan.system, content_type=content_type(CampaignMember),
                                     external_id__any_of=[draft.key for draft in drafts])  # fmt: skip
    known = dict(rows.values_list("external_id", "object_id"))
    members = CampaignMember.objects.select_related("contact").in_bulk(set(known.values()))
    for draft in drafts:
        if member := members.get(known.get(draft.key)):
            draft.values["contact"] = member.contact
            run.kept["taken"].add((member.campaign_id, member.contact_id))
    made = ExternalId.objects.filter(system=run.plan.system, content_type=content_type(CampaignMember))
    campaigns = {draft.values["campaign"].pk for draft in drafts if draft.values.get("campaign")}
    same = CampaignMember.objects.filter(campaign__in=campaigns, pk__in=made.values("object_id"))
    return set(same.values_list("campaign_id", "contact_id"))


def prepare_member(draft, _run):
    """A campaign, a person and a status; nothing else is kept of a row."""
    values = draft.values
    text, several = name_of(values), len(draft.extra)
    draft.extra = []
    for name in ("email", "first_name", "last_name", "full_name"):
        values.pop(name, None)
    if not values.get("campaign"):
        draft.fail("", _("The row names no campaign that is here."))
    elif not values.get("contact") and not values.get("contact_id"):
        sentence = _("Several people are called “%(name)s”.") if several else _("Nobody here is called “%(name)s”.")
        draft.fail("", sentence % {"name": text}, sentence % {"name": "…"})
    elif values.get("status") in ("responded", "converted"):
        values.setdefault("responded_at", values.get("added_at"))


def visible_members(user, action):
    """The members of the campaigns on which the user may do the action."""
    rows = Campaign.objects.visible_to(user, "change" if action == "delete" else action)
    return CampaignMember.objects.filter(campaign__in=rows)


MEMBER_IMPORT = register(
    Importer(
        name="members", label=gettext_lazy("Members of campaigns"), model=CampaignMember, targets=member_targets,
        order=37, icon="megaphone", create=add_members, prepare=prepare_member, gather=gather_members,
        update=lambda record, values, by: update_member(record, values, by=by), gate=Campaign, within=visible_members,
        delete=remove_members, makes=False,
    )
)  # fmt: skip
