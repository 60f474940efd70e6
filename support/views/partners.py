"""Partners: their panel, the report about them, and deciding on what they register."""

from django.conf import settings
from django.http import Http404
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from crm_site.core import pages, parts
from crm_site.core.converters import read_id
from crm_site.core.kinds import KINDS
from customers.views.parties import done, form_page
from sales.models import Product
from support import partners
from support.forms.partners import ApproveForm, CertifyForm, RejectForm
from support.kinds.knowledge import REGISTRATIONS
from support.models import DealRegistration
from support.operations import registrations

SHOWN = 5


@require_GET
def account_partner(request, pk, kind):
    """A partner's registrations, figures and certified products; nothing for an account that is none."""
    user = request.user
    account = pages.get_visible_or_404(kind, user, pk, rights=parts.RIGHTS)
    context = {"kind": kind, "record": account, "title": _("Partner"), "currency": settings.BASE_CURRENCY}
    if account.is_partner:
        rows = DealRegistration.objects.visible_to(user).filter(partner=account).order_by("-pk")[:SHOWN]
        context |= {
            "rows": rows, "people": account.partner_users.filter(is_active=True).order_by("last_name", "pk")[:SHOWN],
            "figures": partners.figures(user, [pk])[pk],
            "certified": account.certifications.select_related("product").order_by("product__name_sort"),
            "seen": user.reach(Product, "view") != "none", "base": kind.record_url(pk),
            "may_change": "change" in parts.rights(user, account),
            "may_register": pages.may(user, REGISTRATIONS, "add"),
        }  # fmt: skip
    return pages.fragment(request, "support/partners/_partner.html", context)


@require_http_methods(["GET", "POST"])
def account_certify(request, pk, kind):
    """Say what a partner is certified for; with `remove` that it no longer is."""
    account = pages.get_visible_or_404(kind, request.user, pk, "change")
    if gone := read_id(request.POST.get("remove", "")):
        text, user = _("The certification is removed."), request.user
        return done(request, kind, account, lambda: registrations.uncertify_partner(account, gone, by=user), text)
    form = CertifyForm(request.POST or None, user=request.user)
    return form_page(
        request, kind, account, form, _("Certified for a product"),
        lambda values: registrations.certify_partner(
            account, values["product"], by=request.user, until=values["until"]
        ),
    )  # fmt: skip


@require_GET
def partner_report(request):
    """What each partner registered, won, serves and causes."""
    pages.need(request.user, REGISTRATIONS, "view")
    context = {
        "title": _("Partners"), "rows": partners.report(request.user), "currency": settings.BASE_CURRENCY,
        "kinds": {name: pages.may(request.user, KINDS[key], "view") for name, key in (
            ("deals", "sales.opportunity"), ("cases", "support.case"))},
    }  # fmt: skip
    return TemplateResponse(request, "support/partners/report.html", context)


@require_GET
def registration_clashes(request, pk):
    """Other partners who have the same prospect; only managers are told, and only of what they may see by name."""
    user = request.user
    made = pages.get_visible_or_404(REGISTRATIONS, user, pk)
    context = {"kind": REGISTRATIONS, "record": made, "title": _("Clashes"), "told": registrations.decides(user)}
    if context["told"]:
        found = registrations.clashes_of(made)
        context["rows"] = list(found.visible_to(user).select_related("partner").order_by("protected_until")[:SHOWN])
        context["hidden"] = found.count() - len(context["rows"])
    return pages.fragment(request, "support/partners/_clashes.html", context)


@require_http_methods(["GET", "POST"])
def registration_decide(request, pk, verb):
    """Approve or reject a registration."""
    made, user = pages.get_visible_or_404(REGISTRATIONS, request.user, pk, "change"), request.user
    if not registrations.decides(user):
        raise Http404
    if verb == "reject":
        return form_page(
            request, REGISTRATIONS, made, RejectForm(request.POST or None), _("Reject %(name)s") % {"name": made},
            lambda values: registrations.reject_registration(made, values["note"], by=user),
        )  # fmt: skip
    return form_page(
        request, REGISTRATIONS, made, ApproveForm(request.POST or None), _("Approve %(name)s") % {"name": made},
        lambda values: registrations.approve_registration(made, by=user, **values),
    )  # fmt: skip
