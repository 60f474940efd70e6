"""Converting leads: the page that offers what is known, and the way back."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from crm_site.core import pages
from crm_site.core.operations import Refused, Stale, submit_once
from crm_site.core.views.bulk import FORMS, TITLES
from sales.forms.conversion import ConversionForm
from sales.forms.convert_many import ConvertManyForm
from sales.kinds.lead import LEADS
from sales.matching import matches_of, told_hidden
from sales.models import Lead
from sales.operations.conversion import convert_lead
from sales.operations.unconversion import is_undoable, remains_of, unconvert_lead

# The kit's change of many, beside those that every list has.
FORMS["convert"], TITLES["convert"] = ConvertManyForm, gettext_lazy("Convert")


@require_http_methods(["GET", "POST"])
def lead_convert(request, pk):
    """What a lead may become, and the conversion; a converted lead leads to what it became."""
    user = request.user
    lead = pages.get_visible_or_404(LEADS, user, pk, "change")
    if lead.status == Lead.CONVERTED:
        messages.info(request, _("This lead is converted already."))
        return redirect(LEADS.record_url(pk))
    if lead.status == Lead.DISQUALIFIED:
        messages.error(request, _("This lead is disqualified. Reopen it first."))
        return redirect(LEADS.record_url(pk))
    form = ConversionForm(request.POST or None, user=user, lead=lead, matches=matches_of(lead, user))
    if request.method == "POST" and form.is_valid() and (url := converted(request, lead, form)):
        return redirect(url)
    hidden = {kind: told_hidden(owners) for kind, owners in form.matches.hidden.items()}
    context = {
        "kind": LEADS, "lead": lead, "record": lead, "form": form, "hidden": hidden, "options": form.options,
        "title": _("Convert %(name)s") % {"name": lead}, "cancel_url": LEADS.record_url(pk),
        "chosen": {name: str(form[name].value()) for name in form.options},
    }  # fmt: skip
    return TemplateResponse(request, "sales/leads/convert.html", context, status=200)


def converted(request, lead, form):
    """The address of what the lead became, None when it could not be converted; the same for every copy of the form."""
    key = form.cleaned_data["once"] or form.initial["once"]
    try:
        return pages.attempt(
            form, lambda: submit_once(request.user, key, form.digest(), lambda: work(request, lead, form))
        )
    except Stale:
        form.add_error(None, _("Somebody changed the lead meanwhile. Look at it again, then convert it."))
        return None


def work(request, lead, form):
    """Convert the lead; returns the address of its page, which links to what it became."""
    done = convert_lead(lead, form.choices(), by=request.user, version=form.cleaned_data["version"])
    text = _("This lead was converted already.") if done.repeated else _("Converted.")
    messages.add_message(request, messages.INFO if done.repeated else messages.SUCCESS, text)
    return LEADS.record_url(lead.pk)


@require_http_methods(["GET", "POST"])
def lead_unconvert(request, pk):
    """What would go and what would stay if a conversion were taken back, and taking it back."""
    lead = pages.get_visible_or_404(LEADS, request.user, pk, "delete")
    if not is_undoable(lead):
        messages.error(request, _("There is no conversion that could be taken back; that goes for thirty days."))
        return redirect(LEADS.record_url(pk))
    if request.method == "POST":
        try:
            unconvert_lead(lead, by=request.user)
            messages.success(request, _("The lead is open again."))
        except (Refused, PermissionDenied) as refusal:
            messages.error(request, str(refusal) or _("You may not do that."))
        return redirect(LEADS.record_url(pk))
    found = remains_of(lead, request.user)
    for item in found:
        seen = type(item.record).objects.visible_to(request.user).filter(pk=item.record.pk).exists()
        item.label = str(item.record) if seen else _("not visible to you")
    context = {
        "kind": LEADS, "lead": lead, "title": _("Take the conversion of %(name)s back?") % {"name": lead},
        "cancel_url": LEADS.record_url(pk), "going": [item for item in found if not item.reason],
        "staying": [item for item in found if item.reason],
    }  # fmt: skip
    return TemplateResponse(request, "sales/leads/unconvert.html", context)
