"""The portal as staff see it: a contact's way in, on the contact's page, and the names that wait for a yes."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from crm_site.core import pages
from crm_site.core.operations import Refused
from customers.kinds import CONTACTS
from customers.kinds.parties import may_change
from customers.views.parties import done, form_page
from support.forms.portal import AccessForm
from support.models import PortalAccess
from support.operations.portal import invite_contact, may_let_in, revoke_access
from support.operations.profile import changes_for, decide_change


@require_GET
def contact_portal(request, pk):
    """Whether and how far the contact comes into the portal."""
    contact = pages.get_visible_or_404(CONTACTS, request.user, pk)
    context = {
        "kind": CONTACTS, "record": contact, "title": _("Customer portal"), "base": CONTACTS.record_url(pk),
        "access": PortalAccess.objects.select_related("user").filter(contact=contact).first(),
        "may": may_let_in(request.user) and may_change(request.user, contact),
        "waiting": changes_for(request.user).filter(contact=contact).exists(),
    }  # fmt: skip
    return pages.fragment(request, "support/portal/_contact.html", context)


def opened(request, pk):
    """The contact, for who may let them in."""
    contact = pages.get_visible_or_404(CONTACTS, request.user, pk, "change")
    if not may_let_in(request.user):
        raise Http404
    return contact


@require_http_methods(["GET", "POST"])
def contact_portal_invite(request, pk):
    """Let a contact in, or set how far they see."""
    contact = opened(request, pk)
    access = PortalAccess.objects.filter(contact=contact).first()
    form = AccessForm(request.POST or None, instance=access)
    return form_page(
        request, CONTACTS, contact, form, _("%(name)s in the customer portal") % {"name": contact},
        lambda values: invite_contact(contact, by=request.user, **values),
    )  # fmt: skip


@require_POST
def contact_portal_revoke(request, pk):
    """Turn a contact out."""
    contact = opened(request, pk)
    access = PortalAccess.objects.select_related("contact").filter(contact=contact).first()
    if access is None:
        raise Http404
    return done(
        request, CONTACTS, contact, lambda: revoke_access(access, by=request.user), _("They can no longer sign in.")
    )


@require_GET
def profile_changes(request):
    """Names that customers asked for, of the contacts that the user may change."""
    context = {"title": _("Names that customers asked for"), "rows": changes_for(request.user)[:200]}
    return TemplateResponse(request, "support/portal/changes.html", context)


@require_POST
def profile_change_decide(request, pk):
    """Say yes or no to a name."""
    change = changes_for(request.user).filter(pk=pk).first()
    if change is None or request.POST.get("answer", "yes") not in ("yes", "no"):
        raise Http404
    try:
        decide_change(change, by=request.user, approve=request.POST.get("answer", "yes") == "yes")
        messages.success(request, _("Saved."))
    except Refused as refusal:
        messages.error(request, str(refusal))
    return redirect("support:profile_changes")
