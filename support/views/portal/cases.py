"""The requests of a customer: list, new one, conversation, end."""

from urllib.parse import urlencode

from django.contrib import messages
from django.http import FileResponse, Http404
from django.shortcuts import redirect, render
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from crm_site.core import pages
from crm_site.core.converters import read_id
from crm_site.core.loading import read_one
from crm_site.core.operations import Refused, submit_once
from crm_site.core.views.jobs import attachment
from support import asked, portal
from support.forms.portal import CaseForm, CloseForm, RateForm, ReplyForm
from support.knowledge import suggest
from support.models import RESOLUTION, Article, Case, Message, Status, Survey
from support.models.common import NEVER
from support.operations.cases import close_case, create_case, reopen_case
from support.operations.messages import is_over, receive_message
from support.operations.profile import rate_case
from support.operations.surveys import is_open
from support.operations.survivors import end_of

OPEN = Status.UNRESOLVED
# What is read of a request, and with it.
WITH = ("status", "queue", "product", "installed", "contact")
WHOLE = (
    *(field.name for field in Case._meta.concrete_fields),
    *(
        f"{name}__{field.name}"
        for name in WITH
        for field in Case._meta.get_field(name).related_model._meta.concrete_fields
    ),
)


def when(moment):
    """A moment as people say it: today, a day of this week, or a date, each with the time."""
    local = timezone.localtime(moment)
    days = (local.date() - timezone.localdate()).days
    time = formats.time_format(local, "TIME_FORMAT")
    if days == 0:
        return _("%(time)s today") % {"time": time}
    day = formats.date_format(local, "l" if 0 < days < 7 else "DATE_FORMAT")
    return f"{day} {time}"


def expectation(case):
    """What happens next with a request and by when, in a sentence; empty for one that is closed."""
    if case.category == Status.CLOSED:
        return ""
    if case.category == Status.RESOLVED:
        said = _("If it is not solved, just answer.")
        closing = _("It will be closed by %(when)s.") % {"when": when(case.closes_at)} if case.closes_at else ""
        return f"{said} {closing}".strip()
    if case.category == Status.WAITING:
        return _(case.status.portal_name or "We are waiting for your answer") + "."
    if case.due_at >= NEVER:
        return _("We will answer as soon as we can.")
    if case.due_at < timezone.now():
        return _("We are later than we promised, and we are sorry. You have not been forgotten.")
    if case.due_metric == RESOLUTION:
        return _("We want to have it solved by %(when)s.") % {"when": when(case.due_at)}
    return _("You will hear from us by %(when)s.") % {"when": when(case.due_at)}


def shown(cases, access):
    """Cases ready for a list, each with its sentence and, where somebody else asked, that person's first name."""
    for case in cases:
        case.expectation = expectation(case)
        case.asker = "" if case.contact_id in (None, access.contact_id) else named(access, case.contact)
    return cases


def named(access, contact):
    """Somebody else as the customer reads them: a colleague's first name, of others none."""
    if access.contact.account_id and contact and contact.account_id == access.contact.account_id:
        return contact.first_name or _("A colleague")
    return _("Somebody else")


def own_case(request, pk, *, merged=False):
    """The case, if the customer sees it; one that went into another is no longer written on."""
    case = read_one(portal.cases_for(request.access).filter(pk=pk), WHOLE)
    if case is None or (case.merged_into_id and not merged):
        raise Http404
    return case


@portal.portal_page
@require_GET
def portal_home(request):
    """What is open, and where to go."""
    rows = portal.cases_for(request.access).filter(category__in=OPEN, merged_into=None)
    rows = rows.select_related("status", "contact")
    context = {
        "cases": shown(rows.order_by("-last_message_at", "-id")[: portal.SHOWN], request.access),
        "quotes": portal.quotes_for(request.access).filter(status="sent").order_by("-id")[:5],
    }  # fmt: skip
    return render(request, "portal/home.html", context)


@portal.portal_page
@require_GET
def portal_cases(request):
    """All requests, newest first, to be searched."""
    rows = portal.cases_for(request.access).filter(merged_into=None).select_related("status", "contact")
    q, state = request.GET.get("q", "").strip()[:100], request.GET.get("state", "")
    if q:
        rows = portal.search(rows, q)
    if state in ("open", "done"):
        rows = rows.filter(category__in=OPEN) if state == "open" else rows.exclude(category__in=OPEN)
    page = portal.page_of(request, rows.order_by("-last_message_at", "-id"))
    keep = {"q": q, "state": state}
    context = page | {"cases": shown(page["rows"], request.access), "keep": urlencode(keep)} | keep
    return render(request, "portal/cases.html", context)


@portal.portal_page
@require_http_methods(["GET", "POST"])
def portal_case_new(request):
    """A new request. Two buttons do not send it and keep what was typed: one shows articles, one what its kind asks."""
    form = CaseForm(request.POST or None, request.FILES or None, access=request.access, initial=request.GET.dict())
    looking = bool({"look", "choose"} & set(request.POST))
    if request.method == "POST" and not looking and form.is_valid():
        url = once(request, form, lambda: f"/portal/cases/{begun(request, form).pk}/?new=1")
        if url:
            return redirect(url)
    if looking:
        form.errors.clear()
    articles = suggested(request.POST) if "look" in request.POST else []
    context = {"form": form, "looked": "look" in request.POST, "articles": articles}
    return render(request, "portal/case_new.html", context)


def once(request, form, do):
    """Do a form's work once and return its address; None with the fault on the form."""
    return pages.attempt(form, lambda: submit_once(request.user, form.key, form.digest(), do))


def begun(request, form):
    """The case of a filled-in form, with what the customer wrote as its first message."""
    contact = request.access.contact
    first = {
        "contact": contact, "user": request.user, "author_name": str(contact), "channel": Case.PORTAL,
        "body": form.cleaned_data["body"], "files": form.cleaned_data["files"],
    }  # fmt: skip
    return create_case(form.values() | {"contact": contact, "channel": Case.PORTAL, "first": first}, by=None)


def suggested(typed):
    """Public articles that fit what is being typed."""
    return suggest(f"{typed.get('subject', '')} {typed.get('body', '')}"[:2000], audience=Article.PUBLIC, limit=5)


@portal.portal_page
@require_GET
def portal_suggest(request):
    """Articles that fit what is being typed, as a fragment."""
    typed = any(value.strip() for value in request.GET.values())
    return render(request, "portal/_articles.html", {"articles": suggested(request.GET), "looked": typed})


@portal.portal_page
@require_GET
def portal_case(request, pk):
    """One request: where it stands, what was said, and what can be done."""
    case = own_case(request, pk, merged=True)
    if case.merged_into_id:
        survivor = portal.cases_for(request.access).filter(pk=case.merged_into_id).first()
        if survivor:
            return redirect("support:portal_case", pk=survivor.pk)
    return conversation(request, case)


def conversation(request, case, **forms):
    """The page of a case; `forms` are those that came back with faults."""
    found, earlier = portal.thread_of(case, read_id(request.GET.get("before", "")) or 0)
    rows = [told(request.access, row) for row in found]
    ended = case.category in (Status.RESOLVED, Status.CLOSED)
    context = {
        "case": case, "rows": rows, "earlier": earlier, "expectation": expectation(case), "ended": ended,
        "is_new": "new" in request.GET, "asked": asked.shown(case, portal=True),
        "over": is_over(case, timezone.now()), "reply": ReplyForm(), "close": CloseForm(),
        "rate": RateForm() if ended and may_rate(case) else None,
    } | forms  # fmt: skip
    return render(request, "portal/case.html", context, status=422 if forms else 200)


def may_rate(case):
    """Whether an answer about how it went would be kept."""
    row = Survey.objects.filter(case=case, resolved_at=case.resolved_at).first()
    return row is None or is_open(row)


def told(access, message):
    """A message as the customer reads it: of other people at most the first name."""
    if message.direction == Message.OUT:
        who = (message.user and message.user.first_name) or _("Our team")
    elif message.contact_id == access.contact_id:
        who = _("You")
    else:
        who = named(access, message.contact)
    files = [row.attachment for row in message.files.all()]
    return {"who": who, "ours": message.direction == Message.OUT, "at": message.at, "body": message.body,
            "files": files, "doubtful": not message.is_verified}  # fmt: skip


@portal.portal_page
@require_POST
def portal_case_reply(request, pk):
    """Answer; on a request that is over a new one begins, and one that went into another leads on to that."""
    case = own_case(request, pk, merged=True)
    if not portal.cases_for(request.access).filter(pk=end_of(case.pk)[0]).exists():
        raise Http404
    form = ReplyForm(request.POST, request.FILES)
    if form.is_valid() and (url := once(request, form, lambda: f"/portal/cases/{answered(request, case, form).pk}/")):
        messages.success(request, _("Thank you, we have it."))
        return redirect(url)
    return conversation(request, case, reply=form)


def answered(request, case, form):
    """The case on which the customer's answer stands."""
    contact = request.access.contact
    return receive_message(
        case, contact=contact, user=request.user, name=str(contact), body=form.cleaned_data["body"],
        files=form.cleaned_data["files"], channel=Case.PORTAL, by=None,
    ).case  # fmt: skip


@portal.portal_page
@require_POST
def portal_case_close(request, pk):
    """Say that nothing more is needed, and why."""
    case, form = own_case(request, pk), CloseForm(request.POST)
    if not form.is_valid():
        return conversation(request, case, close=form)
    try:
        close_case(case, reason=form.cleaned_data["reason"], by=None)
        messages.success(request, _("Closed. Thank you."))
    except Refused as refusal:
        messages.error(request, str(refusal))
    return redirect("support:portal_case", pk=pk)


@portal.portal_page
@require_POST
def portal_case_reopen(request, pk):
    """Take a request up again, as long as that is possible."""
    case = own_case(request, pk)
    if is_over(case, timezone.now()):
        messages.error(request, _("It was closed too long ago. Please send us a new request."))
    else:
        reopen_case(case, by=None)
        messages.success(request, _("It is open again."))
    return redirect("support:portal_case", pk=pk)


@portal.portal_page
@require_POST
def portal_case_rate(request, pk):
    """Say how it went."""
    case, form = own_case(request, pk), RateForm(request.POST)
    if not form.is_valid():
        return conversation(request, case, rate=form)
    try:
        rate_case(request.access, case, form.cleaned_data["score"], form.cleaned_data["comment"], by=request.user)
        messages.success(request, _("Thank you for telling us."))
    except Refused as refusal:
        messages.error(request, str(refusal))
    return redirect("support:portal_case", pk=pk)


@portal.portal_page
@require_GET
def portal_file(request, pk, file):
    """A file of the conversation, always to be saved: no browser shows it within the site."""
    found = portal.file_for(own_case(request, pk), file)
    if found is None:
        raise Http404
    try:
        opened = found.file.open()
    except FileNotFoundError as missing:
        raise Http404 from missing
    return attachment(FileResponse(opened, as_attachment=True, filename=found.name))
