"""What customers have of ours, on the pages of others: installed products, entitlements, and the cases about them."""

from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from crm_site.core import pages, parts
from crm_site.core.kinds import KINDS
from customers.views.parties import done, form_page
from support import cover
from support.columns.case import STATE_TONES
from support.forms.knowledge import FixForm, LinkForm, UseForm
from support.kinds.knowledge import INSTALLED, ISSUES
from support.models import Case, Entitlement, EntitlementUse, InstalledProduct
from support.operations import issues
from support.operations.entitlements import check_entitlement, use_entitlement
from support.operations.products import install_sale

SHOWN = 10
FIELDS = {"installedproduct": "installed", "knownissue": "issue"}


@require_GET
def installed_of(request, pk, kind):
    """The installed products of a record, and the entitlements of a customer or an account."""
    user, field = request.user, kind.noun
    record, today = pages.get_visible_or_404(kind, user, pk), timezone.localdate()
    rows = list(InstalledProduct.objects.visible_to(user).filter(**{field: record}).order_by("-pk")[: SHOWN + 1])
    contracts = []
    if field in ("customer", "account"):
        contracts = list(Entitlement.objects.visible_to(user).filter(**{field: record}).order_by("-pk")[:SHOWN])
    for each, said in ((rows, cover.cover_of), (contracts, cover.standing_of)):
        for row in each:
            row.said, row.tone = said(row, today)
    may_add = pages.may(user, INSTALLED, "add")
    context = {
        "kind": kind, "record": record, "title": _("Products and contracts"), "rows": rows[:SHOWN],
        "contracts": contracts, "all_url": f"/installed/?{field}={pk}" if len(rows) > SHOWN else "",
        "make_url": f"/installed/new/?{field}={pk}" if may_add and field != "sale" else "",
        "contract_url": f"/entitlements/new/?{field}={pk}" if may_add and field in ("customer", "account") else "",
        "install_url": f"/sales/{pk}/install/" if may_add and field == "sale" and record.status == "active" else "",
    }  # fmt: skip
    return pages.fragment(request, "support/products/_installed.html", context)


@require_POST
def sale_install(request, pk, kind):
    """Make the installed products of a sale's lines."""
    sale = pages.get_visible_or_404(kind, request.user, pk)
    pages.need(request.user, INSTALLED, "add")
    made = []
    return done(
        request, kind, sale, lambda: made.extend(install_sale(sale, by=request.user)),
        _("What this sale brought is among the installed products."),
    )  # fmt: skip


@require_GET
def cases_of(request, pk, kind):
    """The newest cases about an installed product, an entitlement or a known issue."""
    record = pages.get_visible_or_404(kind, request.user, pk)
    field = FIELDS.get(kind.noun, kind.noun)
    found = Case.objects.visible_to(request.user).filter(**{field: record}).select_related("status", "owner")
    rows = list(found.order_by("-pk")[: SHOWN * 5 + 1])
    for case in rows:
        case.tone = STATE_TONES[case.category]
    context = {
        "kind": kind, "record": record, "title": _("Cases"), "rows": rows[: SHOWN * 5], "more": len(rows) > SHOWN * 5
    }  # fmt: skip
    return pages.fragment(request, "support/products/_cases.html", context)


@require_GET
def case_cover(request, pk):
    """The product that a case is about, and whether a contract covers it: shown before work starts."""
    kind = KINDS["support.case"]
    case = pages.get_visible_or_404(kind, request.user, pk, rights=parts.RIGHTS)
    rows = InstalledProduct.objects.visible_to(request.user)
    installed = rows.filter(pk=case.installed_id).select_related("product").first() if case.installed_id else None
    if installed:
        case.installed = installed
        installed.said, installed.tone = cover.cover_of(installed, timezone.localdate())
    check = check_entitlement(case)
    may_change = "change" in parts.rights(request.user, case)
    context = {
        "kind": kind, "record": case, "title": _("Product and contract"), "installed": installed, "check": check,
        "may_see": pages.may(request.user, KINDS["support.entitlement"], "view"),
        "use_url": f"{kind.record_url(pk)}use/" if may_change and check["covered"] else "",
    }  # fmt: skip
    return pages.fragment(request, "support/products/_cover.html", context)


@require_http_methods(["GET", "POST"])
def case_use(request, pk):
    """Count a case against its contract, with the minutes of work."""
    kind = KINDS["support.case"]
    case = pages.get_visible_or_404(kind, request.user, pk, "change")
    used = EntitlementUse.objects.filter(case=case).first()
    title = _("Count it against the contract")
    if used:
        title = ngettext("Counted with %(n)s minute", "Counted with %(n)s minutes", used.minutes) % {"n": used.minutes}
    return form_page(
        request, kind, case, UseForm(request.POST or None), title,
        lambda values: use_entitlement(case, by=request.user, minutes=values["minutes"] or 0),
    )  # fmt: skip


@require_http_methods(["GET", "POST"])
def case_issue(request, pk):
    """Name the known issue behind a case."""
    kind = KINDS["support.case"]
    case = pages.get_visible_or_404(kind, request.user, pk, "change")
    form = LinkForm(request.POST or None, case=case, user=request.user)
    return form_page(
        request, kind, case, form, _("Known issue behind it"),
        lambda values: issues.link_case(case, values["issue"], by=request.user),
    )  # fmt: skip


@require_http_methods(["GET", "POST"])
def issue_fix(request, pk):
    """Say that an issue is fixed; the requesters of its cases are told."""
    issue = pages.get_visible_or_404(ISSUES, request.user, pk, "change")
    return form_page(
        request, ISSUES, issue, FixForm(request.POST or None), _("Fixed: tell the requesters of its cases"),
        lambda values: issues.fix_issue(issue, by=request.user, fixed_in=values["fixed_in"]),
    )  # fmt: skip


@require_POST
def issue_verb(request, pk, verb):
    """Leave an issue as it is, or open it again."""
    issue = pages.get_visible_or_404(ISSUES, request.user, pk, "change")
    verbs = {"leave": issues.leave_issue, "reopen": issues.reopen_issue}
    if verb not in verbs:
        raise Http404
    return done(request, ISSUES, issue, lambda: verbs[verb](issue, by=request.user), _("Saved."))
