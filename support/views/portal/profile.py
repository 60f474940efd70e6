"""A customer's own data: profile, name, e-mail address, numbers, what we hold, being forgotten."""

from allauth.account.adapter import get_adapter
from django.contrib import messages
from django.http import Http404, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from crm_site.core.operations import Refused
from customers.models import ContactMechanism
from customers.operations.mechanisms import add_mechanism, remove_mechanism, update_mechanism
from support import portal
from support.disclosure import all_held
from support.forms.portal import AddressForm, NameForm, ProfileForm, WayForm
from support.models import ProfileChange
from support.operations.profile import ask_email, ask_erasure, ask_name, change_profile, decide_consent

WAYS = {key: label for key, label in ContactMechanism.TYPES.items() if key != ContactMechanism.EMAIL}


def page(request, **forms):
    """The profile; `forms` are those that came back with faults."""
    contact = request.access.contact
    context = {
        "contact": contact, "ways": portal.ways_for(request.access), "types": WAYS.items(),
        "states": portal.consents_for(request.access),
        "waiting": {row.what: row for row in ProfileChange.objects.filter(contact=contact, state="waiting")},
        "form": ProfileForm(instance=contact), "name_form": NameForm(instance=contact), "email_form": AddressForm(),
    } | forms  # fmt: skip
    return render(request, "portal/profile.html", context, status=422 if forms else 200)


@portal.portal_page
@require_http_methods(["GET", "POST"])
def portal_profile(request):
    """The profile, and changing what needs no yes of ours."""
    if request.method == "GET":
        return page(request)
    form = ProfileForm(request.POST, instance=request.access.contact)
    if not form.is_valid():
        request.access.contact.refresh_from_db()
        return page(request, form=form)
    change_profile(request.access, form.cleaned_data, by=request.user)
    messages.success(request, _("Saved."))
    return redirect("support:portal_profile")


@portal.portal_page
@require_POST
def portal_name(request):
    """Ask for another name."""
    form = NameForm(request.POST, instance=request.access.contact)
    if not form.is_valid():
        request.access.contact.refresh_from_db()
        return page(request, name_form=form)
    if ask_name(request.access, form.cleaned_data, by=request.user):
        messages.success(request, _("Thank you. We look at it and change your name then."))
    return redirect("support:portal_profile")


@portal.portal_page
@require_POST
def portal_address(request):
    """Ask for another e-mail address."""
    form = AddressForm(request.POST)
    if form.is_valid() and not portal.within(request, "portal_address", user=request.user):
        form.add_error(None, _("There were many tries. Please try again in an hour."))
    if form.is_valid():
        try:
            ask_email(request.access, form.cleaned_data["email"], by=request.user)
            messages.success(request, _("We have written to both addresses. Confirm it in both mails within an hour."))
            return redirect("support:portal_profile")
        except Refused as refusal:
            form.add_error(refusal.field, str(refusal))
    return page(request, email_form=form)


@portal.portal_page
@require_POST
def portal_consent(request, pk):
    """Allow a purpose or take that back; nothing else on the page is needed for it."""
    states = [state for state in portal.consents_for(request.access) if state.purpose.pk == pk]
    if not states or request.POST.get("said") not in ("yes", "no"):
        raise Http404
    ip, allows = get_adapter().get_client_ip(request), request.POST["said"] == "yes"
    decide_consent(request.access, states[0].purpose, by=request.user, allows=allows, ip=ip)
    messages.success(request, _("Saved."))
    return redirect("support:portal_profile")


@portal.portal_page
@require_http_methods(["GET", "POST"])
def portal_way(request, pk=None):
    """Another number or postal address of one's own, or a change of one; ?type= chooses the fields."""
    way = portal.found_or_404(portal.ways_for(request.access), pk) if pk is not None else None
    wanted = request.POST.get("type") or request.GET.get("type", "")
    start = {"type": wanted if wanted in WAYS else ContactMechanism.PHONE}
    # The type of a new one is chosen by the page, never by the model's default.
    form = WayForm(request.POST or None, instance=way, initial={} if way else start)
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        try:
            if way:
                update_mechanism(portal.found_or_404(portal.ways_for(request.access), pk), values, by=None)
            else:
                add_mechanism(request.access.contact, values, by=None)
            messages.success(request, _("Saved."))
            return redirect("support:portal_profile")
        except Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
    return render(
        request, "portal/way.html", {"form": form, "way": way, "kind": WAYS[way.type if way else start["type"]]}
    )


@portal.portal_page
@require_POST
def portal_way_remove(request, pk):
    """Remove a number or an address."""
    remove_mechanism(portal.found_or_404(portal.ways_for(request.access), pk), by=None)
    messages.success(request, _("Removed."))
    return redirect("support:portal_profile")


@portal.portal_page
@require_GET
def portal_data(request):
    """All that we hold on the customer, as a file."""
    if not portal.within(request, "portal_costly", user=request.user):
        return portal.later(request)
    response = JsonResponse(all_held(request.access), json_dumps_params={"indent": 2, "ensure_ascii": False})
    response["Content-Disposition"] = 'attachment; filename="my-data.json"'
    return response


@portal.portal_page
@require_http_methods(["GET", "POST"])
def portal_erase(request):
    """Ask to be forgotten, after a look at what that means."""
    if request.method == "GET":
        return render(request, "portal/erase.html")
    case = ask_erasure(request.access, by=request.user)
    return redirect(f"/portal/cases/{case.pk}/?new=1")
