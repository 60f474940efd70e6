"""The pages of leads: the record with what it became, disqualifying, reopening, and the panels on other records."""

from django.contrib.contenttypes.models import ContentType
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, Q
from django.db.models.functions import JSONObject
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from crm_site.core import pages, parts
from crm_site.core.kinds import KINDS
from crm_site.core.models import Attachment, User
from customers.kinds import CUSTOMERS
from customers.models import Customer
from customers.views.parties import done, form_page
from sales.columns.lead import STATUS_TONES
from sales.forms.lead import DisqualifyForm
from sales.kinds.lead import LEADS
from sales.models import Lead
from sales.operations.leads import disqualify_lead, reopen_lead

SHOWN = 10
PANEL_FIELDS = ("name", "company", "subject", "source", "status", *(f"owner__{name}" for name in User.LABEL_FIELDS))
# The column of a lead that names a record of the kind, where it is not the kind's own noun.
FIELDS = {"contactlist": "contact_list", "opportunity": "converted_opportunity"}
BECAME = ("converted_account", "contact", "converted_customer", "converted_opportunity")


def lead_record(request, pk):
    """A lead's page, which says what a converted one became and that somebody is a customer already."""
    lead = pages.get_visible_or_404(LEADS, request.user, pk, rights=parts.RIGHTS)
    parts.begin(request.user, lead)
    context = {"extra": "sales/leads/_known.html"}
    if lead.status == Lead.CONVERTED:
        context["became"] = became(lead, request.user)
    elif lead.customer_id:
        context["customer"] = known_customer(lead, request.user)
    return pages.record_page(request, LEADS, pk, **context)


def known_customer(lead, user):
    """(name, address) of the customer whom the lead's person belongs to; without a name where it is out of reach."""
    found = Customer.objects.visible_to(user).filter(pk=lead.customer_id).first()
    return {"name": str(found), "url": CUSTOMERS.record_url(found.pk)} if found else {"name": "", "url": ""}


def became(lead, user):
    """[{label, name, url}] of what a converted lead became; what the user may not see has no name."""
    made = []
    for name in BECAME:
        pk, model = getattr(lead, f"{name}_id"), Lead._meta.get_field(name).related_model
        if pk is None:
            continue
        kind = KINDS.get(model._meta.label_lower)
        found = model.objects.visible_to(user).filter(pk=pk).first()
        made.append({
            "label": model._meta.verbose_name, "name": str(found) if found else "",
            "url": kind.record_url(pk) if found and kind else "", "icon": kind.icon if kind else "link",
        })  # fmt: skip
    return made


def lead_edit(request, pk):
    """The form of a lead; a converted one is only looked at."""
    lead = pages.get_visible_or_404(LEADS, request.user, pk, "change")
    if lead.status == Lead.CONVERTED:
        return done(request, LEADS, lead, lambda: None, _("A converted lead is read-only."))
    return pages.edit_page(request, LEADS, pk, lead)


@require_http_methods(["GET", "POST"])
def lead_disqualify(request, pk):
    """Close a lead with its reason."""
    lead = pages.get_visible_or_404(LEADS, request.user, pk, "change")
    form = DisqualifyForm(request.POST or None)
    return form_page(
        request, LEADS, lead, form, _("Disqualify %(name)s") % {"name": lead},
        lambda values: disqualify_lead(lead, values["reason"], by=request.user, note=values["note"]),
        verb=_("Disqualify"), said=lambda lead: _("%(name)s is disqualified: %(reason)s.") % {
            "name": lead, "reason": lead.get_disqualify_reason_display()},
    )  # fmt: skip


@require_POST
def lead_reopen(request, pk):
    """Open a disqualified lead again."""
    lead = pages.get_visible_or_404(LEADS, request.user, pk, "change")
    return done(request, LEADS, lead, lambda: reopen_lead(lead, by=request.user), _("The lead is open again."))


@require_GET
def leads_of(request, kind, pk):
    """The newest leads of a record of another kind, as far as the user sees them."""
    record = pages.get_visible_or_404(kind, request.user, pk)
    field = FIELDS.get(kind.noun, kind.noun)
    mine = Q(**{field: record})
    if field in ("account", "customer"):
        mine |= Q(**{f"converted_{field}": record})
    rows = with_files(Lead.objects.visible_to(request.user).filter(mine)).reading(*PANEL_FIELDS)
    rows = rows.order_by("-id")[: SHOWN + 1]
    for lead in (found := list(rows)):
        lead.tone = STATUS_TONES[lead.status]
    may_add = field == "contact" and pages.may(request.user, LEADS, "add")
    context = {
        "kind": kind, "record": record, "title": _("Leads"), "rows": found[:SHOWN], "more": len(found) > SHOWN,
        "make_url": f"{LEADS.base}new/?contact={pk}" if may_add else "",
        "all_url": f"{LEADS.base}?campaign={pk}" if field == "campaign" else "",
    }  # fmt: skip
    return pages.fragment(request, "sales/leads/_panel.html", context)


def with_files(leads):
    """The leads with what was filed with them, as `files`: it is at hand wherever the lead is shown."""
    kind = ContentType.objects.get_for_model(Lead)
    files = Attachment.objects.filter(content_type=kind, object_id=OuterRef("pk")).order_by("pk")
    return leads.annotate(files=ArraySubquery(files.values(said=JSONObject(pk="pk", name="name"))))
