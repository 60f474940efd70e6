"""Web forms: the public page that takes inquiries in, and the pages on which staff build them."""

from urllib.parse import urlsplit

from allauth.account.adapter import get_adapter
from django.contrib import messages
from django.http import Http404, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods

from crm_site.core.history import entries
from crm_site.core.scope import found_or_404
from sales.forms.webforms import (
    MADE,
    QUICKEST,
    STALE,
    TRAP,
    UTM,
    InquiryForm,
    WebFormForm,
    address_of,
    age_of,
    mark,
    origin_of,
    too_many,
)
from sales.models import WebForm
from sales.operations.webforms import save_web_form, submit_web_form
from sales.outside import company_name
from sales.rights import may_build


# Other sites send their visitors' inquiries here: there is no session and nothing that a forged request could use.
@csrf_exempt
@require_http_methods(["GET", "POST"])
def webform_public(request, key):
    """A web form for everybody: no sign-in, no script. What programs send is thanked for and thrown away."""
    rows = WebForm.objects.select_related("campaign", "contact_list", "team", "purpose")
    form = found_or_404(rows, key=key, is_active=True)
    if request.method == "GET":
        return page(request, form, InquiryForm(web_form=form))
    if request.POST.get(TRAP):
        return thanks(request, form)
    return taken(request, form, InquiryForm(request.POST, web_form=form))


def taken(request, form, inquiry):
    """The answer to an inquiry: thanks, or the page again with what is wrong."""
    age = age_of(request.POST[MADE], form) if MADE in request.POST else None
    hasty = MADE in request.POST and (age is None or not QUICKEST <= age <= STALE)
    if not inquiry.is_valid():
        return page(request, form, inquiry, status=422)
    if hasty:
        return page(request, form, inquiry, _("Please look at it once more and send it again."), 422)
    ip = get_adapter().get_client_ip(request)
    if too_many(ip, marked=age is not None):
        return page(request, form, inquiry, _("There were many inquiries from here. Please try again in an hour."), 429)
    meta = origin_of(request, form)
    if inquiry.cleaned_data.get("consent"):
        meta["consent"] = {"text": form.consent_text, "at": timezone.now().isoformat()}
    submit_web_form(form, inquiry.inquiry(), meta, by=None, ip=ip)
    return thanks(request, form)


def page(request, form, inquiry, trouble="", status=200):
    """The form as a page; campaign marks in the address travel along in it."""
    source = request.POST if request.method == "POST" else request.GET
    kept = [(name, source[name][:200]) for name in UTM if source.get(name)]
    kept.append(("page", (request.POST.get("page") or request.headers.get("Referer", ""))[:500]))
    context = {"web_form": form, "form": inquiry, "trouble": trouble, "kept": kept, "trap": TRAP, "made": mark(form),
               "company": company_name()}  # fmt: skip
    return allowing(render(request, "sales/webforms/public.html", context, status=status), form)


def thanks(request, form):
    """The text afterwards, or the address to go on to."""
    if form.next_url and urlsplit(form.next_url).scheme in ("http", "https"):
        return allowing(HttpResponseRedirect(form.next_url), form)
    return render(request, "sales/webforms/thanks.html", {"web_form": form, "company": company_name()})


def allowing(response, form):
    """Browsers count where a form's answer leads as a target of the form; the policy has to name it."""
    if form.next_url:
        parts = urlsplit(form.next_url)
        response._csp_update = {"form-action": [f"{parts.scheme}://{parts.netloc}"]}
    return response


def need_builder(user):
    """Web forms are built by who may change campaigns, or hands out leads; nobody else has the pages."""
    if not may_build(user):
        raise Http404


@require_GET
def webform_list(request):
    """All web forms."""
    need_builder(request.user)
    rows = [{"form": row, "address": address_of(row)} for row in WebForm.objects.select_related("campaign", "team")]
    return TemplateResponse(request, "sales/webforms/list.html", {"title": _("Web forms"), "rows": rows})


@require_http_methods(["GET", "POST"])
def webform_edit(request, pk=None):
    """Build a web form: its fields, its texts, and the HTML for another site."""
    need_builder(request.user)
    row = found_or_404(WebForm.objects.all(), pk=pk) if pk else WebForm()
    form = WebFormForm(request.POST or None, instance=row, user=request.user)
    if request.method == "POST" and form.is_valid():
        row = save_web_form(row, form.chosen(), by=request.user)
        messages.success(request, _("Saved."))
        return redirect("sales:webform_edit", pk=row.pk)
    names = [(name, label, name in row.required) for name, label in WebForm.FIELDS.items() if name in row.fields]
    context = {
        "title": row.name or _("New web form"), "form": form, "row": row, "names": names, "trap": TRAP,
        "address": address_of(row) if row.pk else "", "changes": entries(row, request.user)[0] if row.pk else [],
    }  # fmt: skip
    return TemplateResponse(request, "sales/webforms/edit.html", context, status=422 if form.errors else 200)


@require_GET
def webform_preview(request, pk):
    """A web form as the public sees it, also one that is not open; it sends nothing."""
    need_builder(request.user)
    form = found_or_404(WebForm.objects.all(), pk=pk)
    return render(
        request, "sales/webforms/public.html", {"web_form": form, "form": InquiryForm(web_form=form), "preview": True}
    )
