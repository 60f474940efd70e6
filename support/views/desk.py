"""The agents' desk: a case with its conversation, and the list of those that wait beside it."""

from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.messages import get_messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, JsonResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l
from django.views.decorators.http import require_GET, require_POST

from crm_site.core import lists, pages, parts
from crm_site.core.converters import read_id
from crm_site.core.operations import Refused, Stale
from crm_site.core.recent import remember
from support import asked, canned, desk
from support.forms.desk import ComposerForm, PropertiesForm
from support.kinds.case import CASES
from support.models import CannedReply, Case, DraftFile, Message, Queue, Status
from support.operations.cases import take_next, update_case
from support.operations.desk import (
    answer_case,
    drop_draft_files,
    end_presence,
    keep_draft,
    keep_draft_files,
    note_presence,
    take_back,
)
from support.operations.handing import by_urgency
from support.operations.macros import macros_for, run_macro
from support.views.merging import moved_on

KEYS = (
    ("r", _l("Reply")), ("n", _l("Internal note")), ("a", _l("Assign to me")), ("s", _l("Status")),
    ("t", _l("Take next")), ("m", _l("Macros")), ("o", _l("Merge, split, close and what else can be done")),
    ("u", _l("Back to the list")), ("/ or ::", _l("Canned reply, while you write")),
)  # fmt: skip
# What a case may be after an answer, the usual one first.
ANSWERS = (Status.WAITING, Status.RESOLVED, Status.OPEN)


def place(request):
    """Where the desk stands, as the address or the form says: (view, id of the queue or None, the query for both)."""
    view = request.POST.get("view") or request.GET.get("view", "")
    view = view if view in desk.VIEWS else ""
    # A form of the desk may well set a queue; the one that the list shows has a name of its own there.
    queue = read_id(request.POST.get("queue_shown") or request.GET.get("queue", "")) if view else None
    return view, queue, urlencode({"view": view} | ({"queue": queue} if queue else {})) if view else ""


def listing(request, choices, case=None):
    """What the list shows; beside a case its beginning, until the browser asks for the list by itself."""
    view, queue, query = place(request)
    rows = desk.cases_in(request.user, view, queue, [pk for pk, *_rest in choices["queues"]])
    tabs = [{"name": name, "label": label, "query": urlencode({"view": name} | ({"queue": queue} if queue else {}))}
            for name, label in desk.VIEWS.items()]  # fmt: skip
    return {
        "view": view, "view_label": desk.VIEWS[view], "queue": queue, "query": query, "tabs": tabs,
        "items": desk.list_items(rows, request.user, owners=view != "mine", shown=desk.BESIDE if case else desk.SHOWN),
        "queues": choices["queues"],
        "count": desk.count_text(rows), "open": case and str(case.pk), "more": len(rows) > desk.SHOWN,
    }  # fmt: skip


def need_desk(user):
    """The desk is for whoever may change cases."""
    if user.door != user.STAFF:
        raise Http404
    pages.need(user, CASES, "change")


@require_GET
def desk_home(request):
    """The list of a view, and what to do first."""
    need_desk(request.user)
    if not place(request)[0]:
        return redirect("/desk/?view=mine")
    choices = desk.choices()
    context = {"listing": listing(request, choices), "more_keys": KEYS}
    return TemplateResponse(request, "support/desk/desk.html", context)


@require_GET
def desk_list(request):
    """The list by itself: a browser asks for it every few seconds."""
    need_desk(request.user)
    if not place(request)[0]:
        return redirect("/desk/list/?view=mine")
    context = {"listing": listing(request, {"queues": Queue.objects.filter(is_active=True).values_list("pk", "name")})}
    return pages.fragment(request, "support/desk/_list.html", context)


def case_record(request, pk):
    """A case with its conversation; with ?view= beside the list of that view."""
    case = pages.get_visible_or_404(CASES, request.user, pk, rights=parts.RIGHTS)
    return moved_on(request, case) or case_page(request, case)


def case_page(request, case, form=None, status=200):
    """The page of a case, or only the conversation where htmx asks for it; `form` holds what was refused."""
    user, choices = request.user, desk.choices()
    rights = parts.begin(user, case) if hasattr(case, "may_change") else parts.rights(user, case)
    context = case_context(request, case, choices, form) | {"may_change": "change" in rights, "more_keys": KEYS}
    context["may_delete"] = "delete" in rights
    if boosted(request):
        context["fragment"] = True
        response = TemplateResponse(request, "support/desk/_case.html", context, status=status)
        return with_toasts(request, remember(request, response, case))
    if context["view"]:
        context["listing"], request.part_of = listing(request, choices, case), "/desk/"
    return remember(request, TemplateResponse(request, "support/desk/desk.html", context, status=status), case)


def boosted(request):
    """Whether the desk asks for another conversation in the place of this one."""
    return bool(request.htmx) and request.htmx.target == "conversation"


def with_toasts(request, response):
    """The messages that a whole page would show, told beside a piece of one."""
    for message in get_messages(request):
        undo = message.extra_tags[5:] if (message.extra_tags or "").startswith("undo:") else ""
        tone = {"warning": "info"}.get(message.level_tag, message.level_tag)
        pages.toast(response, str(message), tone, undo)
    return response


def case_context(request, case, choices, form):
    """What the conversation and the panel beside it show."""
    user = request.user
    view, queue, query = place(request)
    before = read_id(request.GET.get("before", "")) if request.method == "GET" else None
    draft, watching, copies = desk.own_marks(case, user)
    return {
        "kind": CASES, "case": case, "record": case, "title": case.subject, "view": view, "query": query,
        "place_queue": queue, "here": f"/cases/{case.pk}/" + (f"?{query}" if query else ""),
        "thread": desk.thread(case, before),
        "badge": desk.badge(case), "tone": desk.STATE_TONES[case.category],
        "priority_tone": desk.PRIORITY_TONES[case.priority], "priorities": Case.PRIORITIES.items(),
        "clocks": desk.promises(case), "watching": watching, "draft": draft, "form": form,
        "begun": DraftFile.objects.filter(draft__case=case, draft__user=user).order_by("pk") if draft else (),
        "composer": composed(case, draft, form, canned_text(request, case), copies),
        "actions": CASES.actions(case, user) if CASES.actions else [],
        "panels": panels_beside(request, case), "asked": asked.shown(case),
        **desk.background(case, user), **ready_for(user, choices), "statuses": choices["statuses"],
        "queues": choices["queues"],
        "answers": sorted((s for s in choices["statuses"] if s[2] in ANSWERS), key=lambda s: ANSWERS.index(s[2])),
    }  # fmt: skip


def ready_for(user, choices):
    """The canned replies and macros that the user may use; asks for the user's teams only where some are a team's."""
    names = ("canned", "macros")
    theirs = any(team for name in names for *_rest, team in choices[name])
    teams = set(user.memberships.values_list("team_id", flat=True)) if theirs else set()
    return {name: [row for row in choices[name] if row[3] is None or row[3] in teams] for name in names}


def panels_beside(request, case):
    """What other parts of the house show of a case, and the parts that it has by itself, all of these closed."""
    base = CASES.record_url(case.pk)
    own = (("facts", _("Everything about the case")), ("timeline", _("Activities")))
    return pages.panels_of(request, CASES, case.pk) + [
        {"title": title, "url": f"{base}{name}/", "id": name, "fold": True} for name, title in own
    ]


@require_GET
def case_facts(request, pk):
    """All fields of a case, as a record's page shows them."""
    case = pages.get_visible_or_404(CASES, request.user, pk)
    links, may_change = lists.linked(CASES.columns, [case], request.user), "change" in parts.rights(request.user, case)
    groups = [(title, pages.facts(CASES, case, names, request.user, links, may_change=may_change))
              for title, names in CASES.groups]  # fmt: skip
    groups = [(title, [fact for fact in facts if not fact["cell"].empty]) for title, facts in groups]
    context = {"groups": groups, "kind": CASES, "record": case, "title": case.subject}
    return pages.fragment(request, "support/desk/_facts.html", context)


def composed(case, draft, form, ready, copies):
    """What stands in the composer: what was refused, a canned reply that was asked for, or the draft."""
    if form is not None:
        return {name: form.data.get(name, "") for name in ("body", "kind", "to", "cc", "minutes")}
    kind = "note" if draft and draft["is_note"] and not ready else "public"
    to = case.contact.email if case.contact_id else ""
    return {"body": ready or (draft["body"] if draft else ""), "kind": kind, "to": to, "cc": ", ".join(copies)}


def canned_text(request, case):
    """The text of the canned reply that the address asks for, filled: the plain way without scripts."""
    pk = read_id(request.GET.get("canned", ""))
    found = CannedReply.objects.filter(pk=pk, is_active=True).first() if pk else None
    return canned.fill(found.body, case, request.user)[0] if found else ""


@require_GET
def case_thread(request, pk):
    """The messages before a message, or a folded one whole."""
    case = pages.get_visible_or_404(CASES, request.user, pk)
    one, before = (read_id(request.GET.get(name, "")) for name in ("message", "before"))
    context = {"case": case, "thread": desk.one_message(case, one) if one else desk.thread(case, before or 0)}
    return pages.fragment(request, "support/desk/_thread.html", context | {"title": case.subject, "kind": CASES})


@require_GET
def case_canned(request, pk):
    """The canned replies that the user may use, filled for the case, with what is missing."""
    case = pages.get_visible_or_404(CASES, request.user, pk, "change")
    teams = request.user.memberships.values("team_id")
    rows = CannedReply.objects.filter(is_active=True)
    rows = (rows.filter(team__isnull=True) | rows.filter(team__in=teams)).order_by("name")[:200]
    made = [(row, *canned.fill(row.body, case, request.user)) for row in rows]
    items = [{"pk": r.pk, "name": r.name, "shortcut": r.shortcut, "text": t, "missing": m} for r, t, m in made]
    return JsonResponse({"items": items})


@require_GET
def case_promised(request, pk):
    """What is promised on a case, as it is now: a browser asks for it again while the case is open in it."""
    case = pages.get_visible_or_404(CASES, request.user, pk)
    context = {"case": case, "clocks": desk.promises(case), "badge": desk.badge(case), "alone": True}
    return pages.fragment(request, "support/desk/_promised.html", context | {"title": case.subject, "kind": CASES})


@require_POST
def case_here(request, pk):
    """A browser says that the case is open in it, and brings the draft along; who else is there, and what is new."""
    case = Case.objects.changeable_by(request.user).annotate(**desk.others()).filter(pk=pk).first()
    if case is None:
        raise Http404
    if "gone" in request.POST:
        end_presence(case, by=request.user)
    else:
        note_presence(case, by=request.user, typing="typing" in request.POST)
    elsewhere = "body" in request.POST and keep_draft(
        case, request.POST["body"][:100_000], by=request.user, is_note=request.POST.get("kind") == "note",
        was=request.POST.get("was"),
    )  # fmt: skip
    writing = (timezone.now() - desk.TYPING).isoformat()
    others = [
        {"name": f"{o['first']} {o['last']}".strip(), "typing": bool(o["typing_at"] and o["typing_at"] > writing)}
        for o in case.present if o["pk"] != request.user.pk
    ]  # fmt: skip
    newest = case.newest[0] if case.newest else 0
    return JsonResponse(
        {"others": others, "newest": newest, "elsewhere": elsewhere, "due": (desk.badge(case) or {}).get("text", "")}
    )


@require_POST
def case_draft_files(request, pk):
    """Keep files with the draft, or take one out again; the files that it has now."""
    case = pages.get_visible_or_404(CASES, request.user, pk, "change")
    own = DraftFile.objects.filter(draft__case=case, draft__user=request.user)
    try:
        if "out" in request.POST:
            drop_draft_files(own.filter(pk=read_id(request.POST["out"]) or 0), by=request.user)
        elif uploads := request.FILES.getlist("files"):
            keep_draft_files(case, uploads, by=request.user)
    except Refused as refusal:
        return JsonResponse({"error": str(refusal)}, status=422)
    context = {"case": case, "begun": own.order_by("pk"), "kind": CASES, "title": case.subject}
    return pages.fragment(request, "support/desk/_draft_files.html", context)


@require_POST
def case_answer(request, pk):
    """Post what stands in the composer, set the status, and go on to the next case of the view where that is asked."""
    case = pages.get_visible_or_404(CASES, request.user, pk, "change")
    form = ComposerForm(request.POST, request.FILES)
    ahead = neighbour(request, case) if "next" in request.POST else ""
    files = request.FILES.getlist("files")[:10]
    message = form.is_valid() and pages.attempt(form, lambda: answer_case(
        case, form.cleaned_data, by=request.user, files=files, status=form.cleaned_data["status"],
        seen=form.cleaned_data["seen"],
    ))  # fmt: skip
    if not message:
        response = case_page(request, case, form, 422)
        response["HX-Push-Url"] = "false"  # a reload could not ask for the form's address
        return response
    public = message.kind == Message.PUBLIC
    status = form.cleaned_data["status"]
    text = _("Reply to %(number)s sent.") if public else _("Note kept on %(number)s.")
    text = text % {"number": case.number} + (f" {status}." if status else "")
    undo = f"undo:/cases/{pk}/undo/?message={message.pk}&{place(request)[2]}"
    messages.success(request, text, extra_tags=undo if public else "")
    return redirect(ahead or back(request, pk))


def back(request, pk):
    """The page of the case with the list that stands beside it."""
    query = place(request)[2]
    return f"/cases/{pk}/" + (f"?{query}" if query else "")


def neighbour(request, case):
    """The address of the next case in the view, after which its list begins anew, or of the view."""
    view, queue, query = place(request)
    if not view:
        return ""
    rows = desk.cases_in(request.user, view, queue, [pk for pk, *_rest in desk.choices()["queues"]])
    ids = [row.pk for row in rows]
    here = ids.index(case.pk) if case.pk in ids else -1
    others = ids[here + 1 :] + ids[: max(here, 0)]
    return f"/cases/{others[0]}/?{query}" if others else f"/desk/?{query}"


@require_POST
def case_undo(request, pk):
    """Take back a reply that has not left yet; its text is the draft again."""
    case = pages.get_visible_or_404(CASES, request.user, pk, "change")
    message = Message.objects.filter(case=case, pk=read_id(request.GET.get("message", "")) or 0).first()
    if message is None:
        raise Http404
    told(request, lambda: take_back(case, message, by=request.user), _("Taken back; the text is in the composer."))
    return redirect(back(request, pk))


def told(request, do, text):
    """Do something and tell how it went; whether it was done."""
    try:
        do()
    except Refused as refusal:
        messages.error(request, str(refusal))
    except PermissionDenied:
        messages.error(request, _("You may not do that."))
    except Stale as stale:
        messages.error(request, theirs(request, stale.current))
    else:
        messages.success(request, text)
        return True
    return False


def theirs(request, current):
    """The sentence about a property that somebody else changed meanwhile: both values, nothing was saved."""
    form = PropertiesForm(request.POST)
    form.is_valid()
    both = [
        _("%(label)s is now %(theirs)s, you chose %(yours)s") % {
            "label": form.fields[name].label, "yours": Case.PRIORITIES.get(value, value),
            "theirs": current.get_priority_display() if name == "priority" else getattr(current, name),
        }
        for name, value in form.values().items() if getattr(current, name) != value
    ]  # fmt: skip
    return _("%(who)s changed this case meanwhile: %(both)s. Nothing was saved; choose again.") % {
        "who": current.changed_by or _("Kith"), "both": "; ".join(both) or "–",
    }  # fmt: skip


@require_POST
def case_set(request, pk):
    """Set what stands beside the conversation: status, priority, queue, agent."""
    case = pages.get_visible_or_404(CASES, request.user, pk, "change")
    form = PropertiesForm(request.POST)
    if "me" in request.POST:
        told(request, lambda: update_case(case, {"owner": request.user}, by=request.user), _("It is yours."))
    elif form.is_valid():
        version = form.cleaned_data["version"]
        told(request, lambda: update_case(case, form.values(), by=request.user, version=version), _("Saved."))
    else:
        messages.error(request, _("That choice is not offered."))
    if Case.objects.visible_to(request.user).filter(pk=pk).exists():
        return redirect(back(request, pk))
    return redirect("/desk/?view=mine")


@require_POST
def case_macro(request, pk):
    """Run a macro and come back to the case."""
    case = pages.get_visible_or_404(CASES, request.user, pk, "change")
    macro = macros_for(request.user).filter(pk=read_id(request.POST.get("macro", "")) or 0).first()
    if macro is None:
        raise Http404
    told(request, lambda: run_macro(case, macro, by=request.user), _("%(name)s: done.") % {"name": macro.name})
    return redirect(back(request, pk))


@require_POST
def desk_next(request):
    """Take the next case: of the queue that the list shows, else of the user's queues, else of any."""
    need_desk(request.user)
    _view, queue, query = place(request)
    rows = Queue.objects.filter(is_active=True)
    if queue:
        rows = rows.filter(pk=queue)
    elif rows.filter(members__user=request.user).exists():
        rows = rows.filter(members__user=request.user)
    queues = by_urgency(rows, request.user)
    case = next((taken for one in queues if (taken := take_next(one, by=request.user))), None)
    if case is None:
        messages.info(request, _("Nothing waits for somebody."))
        return redirect(f"/desk/?{query or 'view=mine'}")
    messages.success(request, _("%(number)s is yours.") % {"number": case.number})
    return redirect(f"/cases/{case.pk}/?{query or 'view=mine'}")
