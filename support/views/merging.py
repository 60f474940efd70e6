"""Merging cases and taking it back, splitting one, and one update for an incident."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Count, Q
from django.http import Http404
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from crm_site.core import lists, pages
from crm_site.core.converters import read_id
from crm_site.core.operations import Refused
from crm_site.core.views.bulk import record_bulk
from crm_site.core.views.exports import ticked
from support.desk import messages_of, party_names
from support.forms.merging import AnotherCaseForm, MergeForm, SplitForm, UpdateForm
from support.kinds.case import CASES
from support.models import Case, CaseMerge, Message
from support.operations.incidents import open_parts, receivers_of, send_update
from support.operations.merging import is_second_requester, is_undoable, likely_duplicates, merge_cases, unmerge_case
from support.operations.splitting import split_case
from support.operations.states import closable, close_case
from support.operations.survivors import end_of

MOVED = {
    "messages": gettext_lazy("Messages"), "files": gettext_lazy("Files"), "activities": gettext_lazy("Activities"),
    "children": gettext_lazy("Parts"),
}  # fmt: skip
MOST = 20
SHOWN = 300


def moved_on(request, case):
    """The way to the case that a merged one went into, None for one that was not, or where the user asks to stay."""
    if not case.merged_into_id or "stay" in request.GET:
        return None
    after = Case.objects.visible_to(request.user).filter(pk=end_of(case.pk)[0]).first()
    if after is None:
        return None
    words = {"old": case.number, "new": after.number}
    messages.info(request, _("%(old)s was merged into %(new)s.") % words)
    return redirect(CASES.record_url(after.pk))


@require_POST
def cases_bulk(request):
    """Changes of many cases; merging has a page of its own."""
    if request.POST.get("action") != "merge":
        return record_bulk(request, CASES)
    pages.need(request.user, CASES, "bulk")
    pages.need(request.user, CASES, "merge")
    ids = ticked(request.POST)
    if ids is None or not 2 <= len(ids) <= MOST:
        messages.info(request, _("Tick two to %(most)s cases that are about the same.") % {"most": MOST})
        return redirect(f"{CASES.base}?{lists.kept_params(request.POST.get('query', '')).urlencode()}")
    return redirect(f"{CASES.base}merge/?{urlencode({'row': ids}, doseq=True)}")


@require_GET
def case_merge(request, pk):
    """Cases that are probably the same, and the choice of any other one."""
    case = pages.get_visible_or_404(CASES, request.user, pk, "merge")
    found = likely_duplicates(case, request.user)
    name_reporters(found, request.user)
    context = {
        "case": case, "record": case, "kind": CASES, "found": found,
        "form": AnotherCaseForm(user=request.user), "title": _("Merge %(name)s") % {"name": case.number},
    }  # fmt: skip
    return TemplateResponse(request, "support/merging/choose.html", context)


@require_http_methods(["GET", "POST"])
def cases_merge(request):
    """What will happen when the cases of the address are merged, and merging them; ?survivor= goes on."""
    pages.need(request.user, CASES, "merge")
    data = request.POST if request.method == "POST" else request.GET
    cases = chosen(request.user, data.getlist("row"))
    if len(cases) < 2:
        messages.info(request, _("Choose at least two cases that were not merged yet."))
        return redirect(CASES.base)
    asked = read_id(data.get("survivor", ""))
    survivor = next((case for case in cases if case.pk == asked), cases[0])
    others = [case for case in cases if case is not survivor]
    form = MergeForm(request.POST or None, cases=cases, initial={"survivor": survivor.pk})
    if request.method == "POST" and form.is_valid() and (done := attempted(form, others, survivor, request.user)):
        return after_merge(request, done, survivor)
    name_reporters(cases, request.user)
    context = {
        "kind": CASES, "title": _("Merge cases"), "form": form, "survivor": survivor, "cancel_url": CASES.base,
        "others": [said(case, survivor) for case in others], "ids": [case.pk for case in cases],
        "thread": reversed(
            Message.objects.filter(case__in=cases).exclude(kind=Message.EVENT)
            .select_related("case", "user").order_by("-at", "-pk")[:12]
        ),
    }  # fmt: skip
    return TemplateResponse(request, "support/merging/preview.html", context, status=422 if form.errors else 200)


def chosen(user, texts):
    """The cases that were chosen and may be merged by the user, the oldest first."""
    ids = [pk for pk in map(read_id, dict.fromkeys(texts[:MOST])) if pk]
    rows = Case.objects.visible_to(user, "merge").filter(pk__in=ids, merged_into__isnull=True)
    spoken, public = ~Q(messages__kind=Message.EVENT), Q(messages__kind=Message.PUBLIC)
    rows = rows.annotate(said=Count("messages", filter=spoken), public=Count("messages", filter=public))
    return list(rows.select_related("status", "contact", "customer", "owner").order_by("created_at", "pk"))


def name_reporters(cases, user):
    """Give cases the name of who reported each as `who`, as far as the user may see the contact."""
    names = party_names(cases, user)
    for case in cases:
        case.who = names.get(("contact", case.contact_id), [""])[0]


def said(case, survivor):
    """A case that goes into another, with what becomes of it and what to mind."""
    case.new_tags = [tag for tag in case.tags if tag not in survivor.tags]
    case.stranger = bool(case.contact_id) and case.contact_id != survivor.contact_id
    case.hears = is_second_requester(case, survivor)
    return case


def attempted(form, others, survivor, user):
    """Merge each of the cases into the survivor, all or none; returns the merges, None with the refusal on the form."""

    def merge():
        with transaction.atomic():
            return [merge_cases(case, survivor, by=user, tell=form.cleaned_data["tell"]) for case in others]

    return pages.attempt(form, merge)


def after_merge(request, done, survivor):
    """The way to the survivor; a single merge can be undone from the message."""
    text = ngettext("%(n)s case was merged into this one.", "%(n)s cases were merged into this one.", len(done))
    undo = f"undo:{CASES.record_url(done[0].source_id)}unmerge/" if len(done) == 1 else ""
    messages.success(request, text % {"n": len(done)}, extra_tags=undo)
    return redirect(CASES.record_url(survivor.pk))


@require_http_methods(["GET", "POST"])
def case_unmerge(request, pk):
    """What taking a case's merge back means, and taking it back."""
    case = pages.get_visible_or_404(CASES, request.user, pk, "merge")
    merge = CaseMerge.objects.filter(source=case, undone_at__isnull=True).select_related("survivor", "by").first()
    if merge is None or not is_undoable(merge):
        messages.error(request, _("There is no merge that could be taken back; that goes for thirty days."))
        return redirect(f"{CASES.record_url(pk)}?stay=1")
    if request.method == "POST":
        return unmerged(request, case, merge)
    context = {
        "kind": CASES, "case": case, "merge": merge,
        "title": _("Take the merge of %(name)s back?") % {"name": case.number},
        "counts": [(label, len(merge.moved[name])) for name, label in MOVED.items() if merge.moved[name]],
    }  # fmt: skip
    return TemplateResponse(request, "support/merging/unmerge.html", context)


def unmerged(request, case, merge):
    """Take the merge back; returns the way to the case."""
    try:
        left = unmerge_case(merge, by=request.user)
    except (Refused, PermissionDenied) as refusal:
        messages.error(request, str(refusal) or _("You may not do that."))
        return redirect(f"{CASES.record_url(case.pk)}?stay=1")
    messages.success(request, _("%(number)s is a case of its own again.") % {"number": case.number})
    for sentence in left:
        messages.warning(request, sentence)
    return redirect(CASES.record_url(case.pk))


@require_GET
def case_merges(request, pk):
    """What was merged into a case, each with the way back while there is one."""
    case = pages.get_visible_or_404(CASES, request.user, pk)
    rows = (
        CaseMerge.objects.filter(survivor=case, undone_at__isnull=True).select_related("source", "by").order_by("-at")
    )
    found = list(rows[:SHOWN])
    may = pages.may(request.user, CASES, "merge")
    for merge in found:
        merge.undoable = may and is_undoable(merge)
    return pages.fragment(request, "support/merging/_merges.html", {"kind": CASES, "record": case, "merges": found})


@require_http_methods(["GET", "POST"])
def case_split(request, pk):
    """The messages of a case, the newest or those before one, and moving some of them to a new one."""
    case = pages.get_visible_or_404(CASES, request.user, pk, "change")
    found, more = messages_of(case, read_id(request.GET.get("before", "")), SHOWN, spoken=True)
    form = SplitForm(request.POST or None, messages=found, initial={"queue": case.queue_id})
    if request.method == "POST" and form.is_valid():
        ids = set(form.cleaned_data["messages"])
        going = [message for message in found if message.pk in ids]
        if made := pages.attempt(form, lambda: split_case(case, going, form.values(), by=request.user)):
            messages.success(request, _("%(number)s was split off.") % {"number": made.number})
            return redirect(CASES.record_url(made.pk))
    marked = {int(pk) for pk in form.data.getlist("messages") if pk.isdigit()} if form.is_bound else set()
    context = {
        "kind": CASES, "case": case, "form": form, "title": _("Split %(name)s") % {"name": case.number},
        "found": [(message, message.pk in marked) for message in found], "marked": marked,
        "older": found[0].pk if more else None,
    }  # fmt: skip
    return TemplateResponse(request, "support/merging/split.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
def case_incident(request, pk):
    """One update to all who asked about an incident: whom it goes to, sending it, and closing what is done."""
    case = pages.get_visible_or_404(CASES, request.user, pk, "change")
    cases = open_parts(case, request.user)
    if not Case.objects.visible_to(request.user).filter(parent=case).exists():
        raise Http404
    form = UpdateForm(request.POST if "body" in request.POST else None)
    if request.method == "POST" and "close" in request.POST:
        return closed_with_parts(request, case)
    if form.is_bound and form.is_valid() and (done := pages.attempt(form, lambda: send_update(
        case, form.cleaned_data["body"], by=request.user
    ))):  # fmt: skip
        text = ngettext("The update stands on %(n)s case.", "The update stands on %(n)s cases.", len(done))
        messages.success(request, text % {"n": len(done)})
        return redirect(f"{CASES.record_url(pk)}incident/")
    closing = closable(case, request.user)
    name_reporters(cases, request.user)
    ids = {one.pk for one in closing}
    context = {
        "kind": CASES, "case": case, "form": form, "title": _("Update on %(name)s") % {"name": case.number},
        "receivers": receivers_of(cases), "cases": cases, "closing": closing,
        "staying": [one for one in cases if one.pk not in ids and one.pk != case.pk],
    }  # fmt: skip
    return TemplateResponse(request, "support/merging/incident.html", context, status=422 if form.errors else 200)


def closed_with_parts(request, case):
    """Close a case and those of its parts without open tasks; returns the way back."""
    try:
        close_case(case, by=request.user, with_children=True)
        messages.success(request, _("Closed, with all parts that have no open tasks."))
    except Refused as refusal:
        messages.error(request, str(refusal))
    return redirect(CASES.record_url(case.pk))
