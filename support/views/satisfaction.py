"""How satisfied customers were: the page on which they answer, the report, its answers, and the panel of a case."""

from allauth.core import ratelimit
from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.template.response import TemplateResponse
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from crm_site.core import pages
from crm_site.core.operations import Refused
from crm_site.core.reports import slice_of
from crm_site.core.views.reports import report_page
from customers.languages import language_of
from customers.models import Contact
from sales.outside import company_name
from sales.views.accepting import closed
from support.forms.merging import ScoreForm
from support.kinds.case import CASES
from support.operations.surveys import answer, is_open, survey_of
from support.reports import SATISFACTION, case_reports, surveys_seen

SHOWN = 50


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def survey_answer(request, token):
    """The question of a survey, without signing in or JavaScript. Only sending the form keeps anything."""
    if not ratelimit.consume(request, action="survey_answer"):
        return closed(HttpResponse(_("Too many tries. Wait a minute."), status=429, content_type="text/plain"))
    survey = survey_of(token)
    if survey is None:
        raise Http404
    translation.activate(language_of(survey.contact) or translation.get_language_from_request(request))
    start = {"score": survey.score or request.GET.get("score"), "comment": survey.comment}
    form, trouble = ScoreForm(request.POST or None, initial=start), ""
    if request.method == "POST" and form.is_valid():
        try:
            answer(survey, form.cleaned_data["score"], form.cleaned_data["comment"], by=None)
            return closed(redirect(f"{request.path}?thanks=1"))
        except Refused as refusal:
            trouble = str(refusal)
    context = {
        "survey": survey, "form": form, "open": is_open(survey), "trouble": trouble, "company": company_name(),
        "thanks": "thanks" in request.GET and survey.score is not None, "chosen": str(form["score"].value() or ""),
    }  # fmt: skip
    return closed(render(request, "support/satisfaction/answer.html", context, status=422 if form.errors else 200))


@require_GET
def support_report(request):
    """The reports over the cases that the user may see."""
    pages.need_list(request.user, CASES)
    return report_page(request, case_reports(), _("Support reports"),
                       links=[(_("Satisfaction"), "/support/satisfaction/")])  # fmt: skip


@require_GET
def satisfaction_report(request):
    """How satisfied customers were, by month, agent, queue and product."""
    pages.need_list(request.user, CASES)
    return report_page(request, [SATISFACTION], _("Satisfaction"),
                       links=[(_("All reports"), "/support/reports/"),
                              (_("Answers"), "/support/satisfaction/answers/")])  # fmt: skip


@require_GET
def satisfaction_answers(request):
    """The surveys behind a number of the report, or all answers, the newest first."""
    pages.need_list(request.user, CASES)
    rows, found = surveys_seen(request.user), None
    try:
        found = slice_of(request.GET["report"]) if "report" in request.GET else None
    except ValueError:
        raise Http404 from None
    if found and found.report is not SATISFACTION:
        raise Http404
    rows = found.narrow(rows) if found else rows.filter(score__isnull=False)
    rows = rows.select_related("case", "agent").order_by("-resolved_at", "-pk")
    page = Paginator(rows, SHOWN).get_page(request.GET.get("page"))
    page.object_list = with_names(page.object_list, request.user)
    context = {"title": str(found) if found else _("Answers"), "page": page, "query": request.GET.get("report", "")}
    return TemplateResponse(request, "support/satisfaction/answers.html", context)


def with_names(surveys, user):
    """The surveys, each with the name of who was asked as `who`, as far as the user may see the contact."""
    found = list(surveys)
    seen = Contact.objects.visible_to(user).filter(pk__in={survey.contact_id for survey in found})
    names = {contact.pk: str(contact) for contact in seen}
    for survey in found:
        survey.who = names.get(survey.contact_id, "")
    return found


@require_GET
def case_surveys(request, pk):
    """What the customer said of the resolutions of a case."""
    case = pages.get_visible_or_404(CASES, request.user, pk)
    rows = case.surveys.select_related("agent").order_by("-created_at")
    return pages.fragment(request, "support/satisfaction/_surveys.html", {
        "kind": CASES, "record": case, "title": _("Satisfaction"), "surveys": with_names(rows, request.user),
    })  # fmt: skip
