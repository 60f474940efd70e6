"""Consents: the panel on a contact's page, entering one, the ledger as list and file, and the page of a mail."""

from allauth.account.adapter import get_adapter
from allauth.core import ratelimit
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, StreamingHttpResponse
from django.shortcuts import render
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from crm_site.core import pages
from crm_site.core.converters import read_id
from customers.columns.consent import csv_pieces
from customers.consent import consent_state
from customers.filters.consent import ConsentFilters
from customers.forms.consent import ASK, NO, YES, ConsentForm
from customers.kinds import CONTACTS
from customers.models import Consent, Contact
from customers.operations.consents import (
    ask_consent,
    confirm_consent,
    give_consent,
    is_open,
    note_export,
    question_of,
    refuse_consent,
    standing_entry,
)
from customers.views.panels import panel
from customers.views.parties import form_page

SHOWN = 50
TONES = {Consent.GRANTED: "green", Consent.DENIED: "red", Consent.WITHDRAWN: "red", Consent.PENDING: "yellow"}
VERBS = {YES: give_consent, NO: refuse_consent, ASK: ask_consent}


@require_GET
def contact_consents(request, pk):
    """What a contact allows: by purpose, since when and by what proof."""
    contact = pages.get_visible_or_404(CONTACTS, request.user, pk)
    return panel(request, CONTACTS, contact, "_consents", _("Consents"), states=consent_state(contact))


@require_http_methods(["GET", "POST"])
def contact_consent_create(request, pk):
    """Enter what a contact said, or ask them by mail; ?purpose= and ?said= choose what for and what."""
    contact = pages.get_visible_or_404(CONTACTS, request.user, pk, "change")
    start = {"purpose": read_id(request.GET.get("purpose", "")), "said": request.GET.get("said")}
    form = ConsentForm(request.POST or None, initial=start)
    return form_page(
        request, CONTACTS, contact, form, _("What %(name)s allows") % {"name": contact},
        lambda values: VERBS[values["said"]](contact, values["purpose"], by=request.user, **form.evidence()),
    )  # fmt: skip


def ledger(user, params, action="view"):
    """(filters, entries): what an address asks for of the entries about contacts within the user's reach."""
    if user.reach(Contact, action) == "none":
        raise Http404
    rows = Consent.objects.all()
    if user.reach(Contact, action) != "all":
        rows = rows.filter(contact__in=Contact.objects.visible_to(user, action))
    filters = ConsentFilters(params, rows.filter(contact__deleted_at__isnull=True), user=user)
    return filters, filters.qs if filters.is_valid() else rows.none()


@require_GET
def consent_list(request):
    """The ledger, newest entries first."""
    filters, rows = ledger(request.user, request.GET)
    if after := read_id(request.GET.get("after", "")):
        rows = rows.filter(pk__lt=after)
    found = list(rows.select_related("contact", "purpose", "by").order_by("-pk")[: SHOWN + 1])
    for row in found:
        row.tone = TONES.get(row.status, "grey")
    query = request.GET.copy()
    query.pop("after", None)
    context = {
        "title": _("Consents"), "form": filters.form, "rows": found[:SHOWN], "query": query.urlencode(),
        "after": found[SHOWN - 1].pk if len(found) > SHOWN else "",
        "may_export": pages.may(request.user, CONTACTS, "export"),
        "may_import": pages.may(request.user, CONTACTS, "import"),
    }  # fmt: skip
    return TemplateResponse(request, "customers/consents/list.html", context)


@require_POST
def consent_export(request):
    """The entries that the list shows, as a CSV file; the log of exports keeps who took how many."""
    _filters, rows = ledger(request.user, request.GET, "export")
    note_export(request.GET.urlencode(), rows.count(), by=request.user)
    response = StreamingHttpResponse(csv_pieces(rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="consents-{timezone.localdate():%Y-%m-%d}.csv"'
    return response


@login_not_required
@require_http_methods(["GET", "POST"])
def consent_confirm(request, token):
    """What somebody is asked to confirm; looking changes nothing, since programs follow links in mails."""
    question = question_of(token) if ratelimit.consume(request, action="consent_confirm") else None
    if question is None:
        raise Http404
    if request.method == "POST":
        confirm_consent(question, by=None, ip=get_adapter().get_client_ip(request))
    last = standing_entry(question.contact, question.purpose, question.channel)
    context = {"question": question, "open": is_open(question), "granted": last.status == Consent.GRANTED}
    response = render(request, "customers/consents/confirm.html", context)
    response["X-Robots-Tag"], response["Referrer-Policy"] = "noindex, nofollow", "same-origin"
    return response
