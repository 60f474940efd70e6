"""What is done on the pages of accounts, contacts and customers: mechanisms, affiliations, a customer's status."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from crm_site.core import pages
from crm_site.core.operations import Refused, Stale
from customers.forms.customer import StatusForm
from customers.forms.ways import AffiliationForm, EndForm, MechanismForm
from customers.kinds import ACCOUNTS, CONTACTS, CUSTOMERS
from customers.models import Account, Affiliation, ContactMechanism
from customers.operations.contacts import affiliate_contact, end_affiliation, set_main_account
from customers.operations.customers import change_customer_status
from customers.operations.mechanisms import (
    add_mechanism,
    end_mechanism,
    remove_mechanism,
    set_primary,
    update_mechanism,
)


def go(request, url):
    """Go to a page, also from the dialog."""
    if request.htmx:
        response = HttpResponse(status=204)
        response["HX-Redirect"] = url
        return response
    return redirect(url)


def form_page(request, kind, record, form, title, do, *, said=None, **words):
    """A small form of a record, as a page or in the dialog; `do` is the operation, which takes the cleaned values.

    `words` are those of the buttons where "Save" and "Cancel" say too little: verb, leave. `said` makes of what the
    operation returned the sentence that tells what happened, where "Saved." does.
    """
    if request.method == "POST" and form.is_valid() and (done := pages.attempt(form, lambda: unless_stale(form, do))):
        messages.success(request, said(done) if said else _("Saved."))
        return go(request, kind.record_url(record.pk))
    modal = pages.is_modal(request)
    context = {
        "kind": kind, "record": record, "form": form, "title": title, "action_url": request.get_full_path(),
        "cancel_url": kind.record_url(record.pk), **words,
    }  # fmt: skip
    template = "records/_form_modal.html" if modal else "records/form.html"
    return TemplateResponse(request, template, context, status=422 if request.method == "POST" and modal else 200)


def unless_stale(form, do):
    """What `do` gives; None when somebody changed the record meanwhile: that is told, and a second try is current."""
    try:
        return do(form.cleaned_data)
    except Stale as stale:
        form.data = form.data.copy()
        form.data["version"] = stale.current.version
        who = stale.current.changed_by or _("Somebody")
        form.add_error(None, _("%(who)s changed this meanwhile. Look at it, then send this again.") % {"who": who})
        return None


def done(request, kind, record, do, text):
    """Do something by a button and go back to the record; a refusal is told there."""
    try:
        do()
        messages.success(request, text)
    except Refused as refusal:
        messages.error(request, str(refusal))
    return go(request, kind.record_url(record.pk))


@require_http_methods(["GET", "POST"])
def mechanism_create(request, pk, kind):
    """The form for another way to reach a party; ?type= chooses which fields it has."""
    party = pages.get_visible_or_404(kind, request.user, pk, "change")
    kinds = (ContactMechanism.TYPES, request.POST.get("type") or request.GET.get("type", ""))
    form = MechanismForm(request.POST or None, initial={"type": kinds[1] if kinds[1] in kinds[0] else ""})
    return form_page(
        request, kind, party, form, _("Another way to reach %(name)s") % {"name": party},
        lambda values: add_mechanism(party, values, by=request.user),
    )  # fmt: skip


def mechanism_or_404(user, pk):
    """(mechanism, kind of its party, party) when the user may change the party."""
    way = ContactMechanism.objects.filter(pk=pk).first()
    if way is None:
        raise Http404
    kind = CONTACTS if way.contact_id else ACCOUNTS
    return way, kind, pages.get_visible_or_404(kind, user, way.contact_id or way.account_id, "change")


@require_http_methods(["GET", "POST"])
def mechanism_edit(request, pk):
    """Change a way to reach somebody."""
    way, kind, party = mechanism_or_404(request.user, pk)
    form = MechanismForm(request.POST or None, instance=way)
    return form_page(
        request, kind, party, form, _("Edit %(name)s") % {"name": way.value},
        lambda values: update_mechanism(way, values, by=request.user),
    )  # fmt: skip


VERBS = {"primary": set_primary, "end": end_mechanism, "remove": remove_mechanism}


@require_POST
def mechanism_verb(request, pk, verb):
    """Make a way the primary one, end it, or remove it."""
    way, kind, party = mechanism_or_404(request.user, pk)
    words = {"primary": _("It is the primary one now."), "end": _("Ended."), "remove": _("Removed.")}
    return done(request, kind, party, lambda: VERBS[verb](way, by=request.user), words[verb])


@require_http_methods(["GET", "POST"])
def contact_affiliation_create(request, pk):
    """Say where else a contact is."""
    contact = pages.get_visible_or_404(CONTACTS, request.user, pk, "change")
    form = AffiliationForm(request.POST or None, user=request.user, of=contact)
    return form_page(
        request, CONTACTS, contact, form, _("%(name)s is at an account") % {"name": contact},
        lambda values: affiliate_contact(contact, values.pop("account"), by=request.user, **values),
    )  # fmt: skip


@require_http_methods(["GET", "POST"])
def account_affiliation_create(request, pk):
    """Say which known contact is at an account; the right to change is asked of the contact."""
    account = pages.get_visible_or_404(ACCOUNTS, request.user, pk)
    pages.need(request.user, CONTACTS, "change")
    form = AffiliationForm(request.POST or None, user=request.user, of=account)
    return form_page(
        request, ACCOUNTS, account, form, _("A contact is at %(name)s") % {"name": account},
        lambda values: affiliate_contact(values.pop("contact"), account, by=request.user, **values),
    )  # fmt: skip


def affiliation_or_404(user, pk):
    """(affiliation, its contact) when the user may change the contact and see the account."""
    found = Affiliation.objects.filter(pk=pk, account__in=Account.objects.visible_to(user)).first()
    if found is None:
        raise Http404
    return found, pages.get_visible_or_404(CONTACTS, user, found.contact_id, "change")


@require_http_methods(["GET", "POST"])
def affiliation_end(request, pk):
    """Say until when a contact was at an account."""
    found, contact = affiliation_or_404(request.user, pk)
    words = {"contact": contact, "account": found.account}
    return form_page(
        request, CONTACTS, contact, EndForm(request.POST or None), _("%(contact)s left %(account)s") % words,
        lambda values: end_affiliation(found, by=request.user, on=values["on"]),
    )  # fmt: skip


@require_POST
def affiliation_main(request, pk):
    """Make a contact's account the main one."""
    found, contact = affiliation_or_404(request.user, pk)
    return done(
        request, CONTACTS, contact, lambda: set_main_account(contact, found.account, by=request.user),
        _("%(account)s is the main account now.") % {"account": found.account},
    )  # fmt: skip


@require_http_methods(["GET", "POST"])
def customer_status(request, pk):
    """Give a customer another status, with its reason."""
    customer = pages.get_visible_or_404(CUSTOMERS, request.user, pk, "change")
    form = StatusForm(request.POST or None, initial={"status": customer.status})
    return form_page(
        request, CUSTOMERS, customer, form, _("Status of %(name)s") % {"name": customer},
        lambda values: change_customer_status(customer, **values, by=request.user),
    )  # fmt: skip
