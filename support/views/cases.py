"""What is done on the page of a case, and the panels of cases on other records."""

from django.db.models import Count, Q, Value
from django.http import Http404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from crm_site.core import pages
from crm_site.core.kept import Slot, kept, kept_objects
from crm_site.core.parts import rights
from crm_site.core.views.bulk import FORMS, TITLES
from customers.models import Contact
from customers.operations.accounts import subtree
from customers.views.parties import done, form_page
from support.columns.case import STATE_TONES, due_of
from support.forms.case import (
    CloseForm,
    NoteForm,
    PriorityManyForm,
    QueueManyForm,
    ResolveForm,
    SpamManyForm,
    StatusManyForm,
    WatcherForm,
)
from support.kinds.case import CASES, UNRESOLVED
from support.models import Case, Status, Watcher
from support.operations.cases import (
    add_watcher,
    assign_case,
    close_case,
    mark_spam,
    remove_watcher,
    reopen_case,
    resolve_case,
)
from support.operations.messages import add_note
from support.operations.states import ENDED
from support.operations.watching import parts_of

# The kit's changes of many, beside those that every list has.
FORMS.update({
    "set_status": StatusManyForm, "set_queue": QueueManyForm, "set_priority": PriorityManyForm,
    "mark_spam": SpamManyForm,
})  # fmt: skip
TITLES.update({
    "set_status": gettext_lazy("Set status"), "set_queue": gettext_lazy("Move to queue"),
    "set_priority": gettext_lazy("Set priority"), "mark_spam": gettext_lazy("Spam"),
})  # fmt: skip
SHOWN = 8
PANEL_FIELDS = ("subject", "category", "due_at", "due_metric", "warn_at", "status__name")


def writable(request, pk):
    """The case, if the user may change it."""
    return pages.get_visible_or_404(CASES, request.user, pk, "change")


@require_http_methods(["GET", "POST"])
def case_resolve(request, pk):
    """Say that a case is solved, and what helped."""
    case = writable(request, pk)
    form = ResolveForm(request.POST or None, initial={"resolution": case.resolution})
    title = _("Resolve %(name)s") % {"name": case}
    return form_page(request, CASES, case, form, title, lambda values:
                     resolve_case(case, by=request.user, resolution=values["resolution"]))  # fmt: skip


@require_http_methods(["GET", "POST"])
def case_note(request, pk):
    """An internal note of somebody who sees the case without working on it."""
    pages.need(request.user, CASES, "add")
    case = pages.get_visible_or_404(CASES, request.user, pk)
    form = NoteForm(request.POST or None)
    return form_page(request, CASES, case, form, _("Note on %(name)s") % {"name": case}, lambda values:
                     add_note(case, values["body"], by=request.user))  # fmt: skip


@require_http_methods(["GET", "POST"])
def case_close(request, pk):
    """Close a case; where it has open parts, they are asked about."""
    case = writable(request, pk)
    parts = parts_of(case, request.user).exclude(category=Status.CLOSED).exists()
    form = CloseForm(request.POST or None, parts=parts)
    return form_page(request, CASES, case, form, _("Close %(name)s") % {"name": case}, lambda values: close_case(
        case, by=request.user, reason=values["reason"], with_children=values.get("with_children", False)))  # fmt: skip


@require_POST
def case_reopen(request, pk):
    """Open an ended case again."""
    case = writable(request, pk)
    return done(request, CASES, case, lambda: reopen_case(case, by=request.user), _("The case is open again."))


@require_POST
def case_take(request, pk):
    """Become the agent of a case."""
    case = writable(request, pk)
    return done(request, CASES, case, lambda: assign_case(case, request.user, by=request.user), _("It is yours now."))


@require_POST
def case_spam(request, pk):
    """Close a case as spam."""
    case = writable(request, pk)
    return done(request, CASES, case, lambda: mark_spam(case, by=request.user), _("Closed as spam."))


@require_GET
def case_parts(request, pk):
    """The parts of a case."""
    case = pages.get_visible_or_404(CASES, request.user, pk)
    context = {
        "kind": CASES, "record": case, "title": _("Parts"), "rows": shown(parts_of(case, request.user)),
        "make_url": f"{CASES.base}new/?parent={pk}" if "change" in rights(request.user, case) else "",
    }  # fmt: skip
    return pages.fragment(request, "support/cases/_panel.html", context)


@require_GET
def case_watchers(request, pk):
    """Who follows a case."""
    case = pages.get_visible_or_404(CASES, request.user, pk)
    seen = Q(contact__isnull=True) | Q(contact__in=Contact.objects.visible_to(request.user))
    rows = list(case.watchers.filter(seen).select_related("user", "contact").order_by("pk"))
    context = {
        "kind": CASES, "record": case, "title": _("Followers"), "watchers": rows, "base": CASES.record_url(pk),
        "may_change": "change" in rights(request.user, case),
        "follows": any(watcher.user_id == request.user.pk for watcher in rows),
    }  # fmt: skip
    return pages.fragment(request, "support/cases/_watchers.html", context)


@require_http_methods(["GET", "POST"])
def case_watcher_create(request, pk):
    """Let somebody follow a case."""
    case = writable(request, pk)
    form = WatcherForm(request.POST or None, user=request.user)
    return form_page(request, CASES, case, form, _("Who follows %(name)s?") % {"name": case}, lambda values:
                     add_watcher(case, by=request.user, **values))  # fmt: skip


@require_POST
def case_follow(request, pk):
    """Follow a case oneself, or no longer."""
    case = pages.get_visible_or_404(CASES, request.user, pk)
    mine = Watcher.objects.filter(case=case, user=request.user).first()
    if mine:
        return done(request, CASES, case, lambda: remove_watcher(mine, by=request.user), _("You follow it no longer."))
    return done(
        request, CASES, case, lambda: add_watcher(case, by=request.user, user=request.user), _("You follow it now.")
    )


@require_POST
def case_unwatch(request, pk, watcher):
    """Let somebody follow a case no longer."""
    case = writable(request, pk)
    found = Watcher.objects.filter(case=case, pk=watcher).first()
    if found is None:
        raise Http404
    return done(request, CASES, case, lambda: remove_watcher(found, by=request.user), _("Removed."))


@require_GET
def cases_of(request, kind, pk):
    """The cases of a record of another kind, open ones first; on an account also those of all accounts below it."""
    record = pages.get_visible_or_404(kind, request.user, pk)
    [(own, below)] = unresolved(request.user, kind.noun, record=pk) or [(0, 0)]
    rows = open_and_over(request.user, kind.noun, record=pk)
    rows.sort(key=lambda case: (case.category in ENDED, case.category in ENDED and -case.pk))
    context = {
        "kind": kind, "record": record, "title": _("Cases"), "rows": shown(rows), "open": own,
        "open_url": f"{CASES.base}?{UNRESOLVED}&{kind.noun}={pk}", "all_url": f"{CASES.base}?{kind.noun}={pk}",
        "make_url": f"{CASES.base}new/?{kind.noun}={pk}" if pages.may(request.user, CASES, "add") else "",
    }  # fmt: skip
    if kind.noun == "account":
        context |= {"below": below, "below_url": f"{CASES.base}?{UNRESOLVED}&within={pk}"}
    return pages.fragment(request, "support/cases/_panel.html", context)


@kept
def unresolved(user, noun):
    """How many cases of a record are not ended, and how many of it and all below it."""
    record = Slot("record")
    tree = {"account__in": subtree(record)} if noun == "account" else {noun: record}
    rows = Case.objects.visible_to(user).filter(category__in=Status.UNRESOLVED, **tree)
    together = rows.order_by().annotate(one=Value(1)).values("one")
    return together.annotate(own=Count("pk", filter=Q(**{noun: record})), below=Count("pk")).values_list("own", "below")


@kept_objects(*PANEL_FIELDS)
def open_and_over(user, noun):
    """The first open cases of a record by what falls due, and the last that have ended; one statement."""
    rows = Case.objects.visible_to(user).filter(**{noun: Slot("record")})
    going = rows.filter(category__in=Status.UNRESOLVED).order_by("due_at", "id").values("pk")[:SHOWN]
    over = rows.filter(category__in=ENDED).order_by("-id").values("pk")[:SHOWN]
    ids = going.union(over, all=True)
    return Case.objects.unscoped("the ids come from the gate").filter(pk__in=ids).order_by("due_at", "-id")


def shown(rows):
    """The first of some cases with their tone and what falls due."""
    found = list(rows[:SHOWN])
    for case in found:
        case.tone, case.due = STATE_TONES[case.category], due_of(case)
    return found
