"""The verbs that every kind of record has beside its pages: choose, count, edit in place, history, bin, access."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.dateparse import parse_date
from django.utils.timezone import datetime, make_aware
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from crm_site.core import conflicts, history, lists, pages
from crm_site.core.chosen import chosen_columns
from crm_site.core.columns import cell
from crm_site.core.converters import read_id
from crm_site.core.forms import ShareForm, ViewForm, users_for
from crm_site.core.models import ACTIONS, SavedView, Share, Team, User
from crm_site.core.operations import Refused, Stale
from crm_site.core.scope import explain
from crm_site.core.sharing import share_record, unshare_record


@require_GET
def record_count(request, kind):
    """How many rows of the list there are, exactly; asked for by hand only."""
    pages.need_list(request.user, kind)
    _set, rows = lists.filtered(kind, request.GET, request.user)
    return HttpResponse(f"{rows.visible_to(request.user).count():,}")


@require_GET
def record_sums(request, kind):
    """What the list's rows add up to; asked for by hand where they are many."""
    pages.need_list(request.user, kind)
    sums = pages.sums_of(kind, request.GET, request.user)
    return pages.fragment(request, "records/_sums.html", {"kind": kind, "sums": sums})


@require_GET
def record_filters(request, kind):
    """The filter form of the list."""
    pages.need_list(request.user, kind)
    filterset = kind.filters(request.GET, queryset=kind.model.objects.none(), user=request.user)
    keep = [(n, v) for n, vs in request.GET.lists() if n in ("q", "sort", "col", "page_size") for v in vs]
    # Boards and calendars have the list's filters; they name themselves by the last part of their address.
    face = request.GET.get("to", "")
    action = f"{kind.base}{face}/" if face in kind.faces else kind.base
    context = {"kind": kind, "form": filterset.form, "keep": keep, "action": action}
    return pages.fragment(request, "records/_filters.html", context)


@require_GET
def record_columns(request, kind):
    """The columns to choose from; they stand in no list until somebody asks for them."""
    pages.need_list(request.user, kind)
    params = request.GET
    shown = lists.shown_columns(kind, params, chosen_columns(request, kind))
    context = {
        "kind": kind, "columns": lists.offered_columns(kind, shown), "usual_url": lists.address(kind, params, col=""),
        "keep": [(name, v) for name, vs in params.lists() if name not in ("col", "after", "before") for v in vs],
    }  # fmt: skip
    return pages.fragment(request, "records/_columns.html", context)


@require_GET
def record_options(request, kind):
    """Up to twenty records to pick from, best first, as JSON {items: [{value, text, hint}]}."""
    text = request.GET.get("q", "").strip()
    found = lists.picked(kind, text, request.user, 20)
    items = [
        {"value": row.pk, "text": str(row), "hint": kind.options_text(row) if kind.options_text else row.number}
        for row in found
    ]
    return JsonResponse({"items": items})


@require_GET
def user_options(request):
    """Up to twenty staff users to pick from."""
    if request.user.door != User.STAFF:
        raise Http404
    rows = users_for(request.user)
    for word in request.GET.get("q", "").replace("\0", "").split()[:4]:
        rows = (
            rows.filter(first_name__icontains=word)
            | rows.filter(last_name__icontains=word)
            | rows.filter(email__icontains=word)
        )
    items = [
        {"value": u.pk, "text": str(u), "hint": u.job_title, "handle": u.email.partition("@")[0]}
        for u in rows.order_by("last_name", "first_name", "pk")[:20]
    ]
    return JsonResponse({"items": items})


@require_GET
def team_options(request):
    """Up to fifty teams to pick from."""
    if request.user.door != User.STAFF:
        raise Http404
    rows = Team.objects.filter(name__icontains=request.GET.get("q", "").replace("\0", "")).select_related("manager")[
        :50
    ]
    return JsonResponse({"items": [{"value": t.pk, "text": t.name, "hint": str(t.manager or "")} for t in rows]})


@require_http_methods(["GET", "POST"])
def record_cell(request, kind, pk, name):
    """One field edited in place: the editor, and on saving the new cell; a stale save answers 409 with both values."""
    record = pages.get_visible_or_404(kind, request.user, pk, "change")
    column = next((c for c in kind.columns if c.name == name and c.edit), None)
    if column is None:
        raise Http404
    if "show" in request.GET:
        return show_cell(request, kind, record, column)
    form = kind.form(request.POST or None, user=request.user, instance=record, only=(column.path,))
    status = 200
    if request.method == "POST" and form.is_valid():
        try:
            saved = pages.attempt(form, lambda: kind.update(
                record, form.values(), by=request.user, version=form.cleaned_data["version"]))  # fmt: skip
            if saved:
                return show_cell(request, kind, saved, column)
        except Stale as stale:
            theirs = cell(column, stale.current, lists.linked([column], [stale.current], request.user), kind.base)
            form = conflicts.rebased(form, stale.current)
            form.add_error(column.path, _("%(who)s set this to “%(value)s” meanwhile. Save again to overwrite it.") % {
                "who": stale.current.changed_by or _("Somebody"), "value": theirs.text})  # fmt: skip
            status = 409
    elif request.method == "POST":
        status = 422
    url = f"{kind.record_url(pk)}cell/{name}/"
    context = {
        "form": form,
        "action_url": url,
        "cancel_url": f"{url}?show=1",
        "record": record,
        "column": column,
        "kind": kind,
    }
    return pages.fragment(request, "records/_cell_edit.html", context, status=status)


def show_cell(request, kind, record, column):
    """The cell as it is now."""
    made = cell(column, record, lists.linked([column], [record], request.user), kind.base)
    made.edit_url = f"{kind.record_url(record.pk)}cell/{column.name}/"
    return pages.fragment(request, "records/_cell.html", {"cell": made, "kind": kind, "record": record})


@require_GET
def record_history(request, kind, pk):
    """Who changed what and when, and the record as it was on a day."""
    record = pages.get_visible_or_404(kind, request.user, pk)
    made, more = history.entries(record, request.user, before=read_id(request.GET.get("before", "")))
    day = parse_date_or_none(request.GET.get("on", ""))
    context = {
        "kind": kind, "record": record, "entries": made, "title": _("History of %(name)s") % {"name": record},
        "next_url": f"{kind.record_url(pk)}history/?before={more}" if more else "",
        "on": day, "snapshot": snapshot(record, day, request.user) if day else None,
    }  # fmt: skip
    return TemplateResponse(request, "records/history.html", context)


def parse_date_or_none(text):
    """A day, or None for what is none."""
    try:
        return parse_date(text)
    except ValueError:
        return None


def snapshot(record, day, user):
    """[(label, value)] of the record at the end of a day; an empty list when it did not exist."""
    values = history.as_of(record, make_aware(datetime.combine(day, datetime.max.time())))
    names = history.names_of(history.events_of(record)[:50], user)
    return [
        (f.verbose_name, history.shown(f, v, names)) for f, v in (values or {}).items() if f.name not in history.SILENT
    ]


@require_POST
def record_restore(request, kind, pk):
    """Take a record out of the bin."""
    record = kind.model.objects.deleted_for(request.user).filter(pk=pk).first()
    if record is None:
        raise Http404
    try:
        kind.restore(record, by=request.user)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect(f"{kind.base}bin/")
    messages.success(request, _("%(name)s is back.") % {"name": record})
    if request.htmx:
        response = HttpResponse(status=204)
        response["HX-Redirect"] = kind.record_url(pk)
        return response
    return redirect(kind.record_url(pk))


@require_GET
def record_bin(request, kind):
    """What was deleted and can be brought back; newest first, fifty at most."""
    pages.need(request.user, kind, "delete")
    rows = kind.model.objects.deleted_for(request.user).select_related("deleted_by").order_by("-deleted_at", "-id")[:50]
    found = [
        {"id": r.pk, "label": str(r), "number": r.number, "deleted_at": r.deleted_at, "deleted_by": r.deleted_by,
         "restore_url": kind.url("restore", r)} for r in rows
    ]  # fmt: skip
    return TemplateResponse(request, "records/bin.html", {"kind": kind, "rows": found, "title": _("Bin")})


@require_GET
def record_access(request, kind, pk):
    """Who can see this record and why: its owner, its team, those it was shared with, and any user asked about."""
    record = pages.get_visible_or_404(kind, request.user, pk)
    asked = request.GET.get("user", "")
    other = users_for(request.user).filter(pk=read_id(asked)).first() if read_id(asked) else request.user
    answers = [
        {"label": ACTIONS[action], "allowed": type(record).objects.visible_to(other, action).filter(pk=pk).exists(),
         "reasons": explain(other, record, action)} for action in ("view", "change", "delete")
    ] if other else []  # fmt: skip
    shares = share_rows(kind, record)
    context = {"kind": kind, "record": record, "other": other, "answers": answers, "shares": shares,
               "title": _("Who can see %(name)s, and why?") % {"name": record}}  # fmt: skip
    return TemplateResponse(request, "records/access.html", context)


def share_rows(kind, record):
    """The shares of a record."""
    rows = Share.objects.filter(content_type__app_label=kind.app, content_type__model=kind.noun, object_id=record.pk)
    return rows.select_related("user", "team", "created_by").order_by("pk")


@require_http_methods(["GET", "POST"])
def record_share(request, kind, pk):
    """Open a record to one more user or team, or close it again."""
    record = pages.get_visible_or_404(kind, request.user, pk, "change")
    if "remove" in request.POST:
        share = share_rows(kind, record).filter(pk=read_id(request.POST["remove"])).first()
        if share is None:
            raise Http404
        unshare_record(record, share, by=request.user)
        return redirect(f"{kind.record_url(pk)}access/")
    form = ShareForm(request.POST or None, user=request.user)
    if (
        request.method == "POST"
        and form.is_valid()
        and pages.attempt(form, lambda: share_record(record, by=request.user, **form.cleaned_data))
    ):
        return redirect(f"{kind.record_url(pk)}access/")
    context = {"kind": kind, "record": record, "form": form, "title": _("Share %(name)s") % {"name": record},
               "action_url": f"{kind.record_url(pk)}share/", "cancel_url": kind.record_url(pk)}  # fmt: skip
    return TemplateResponse(
        request, "records/_form_modal.html" if pages.is_modal(request) else "records/form.html", context
    )


@require_http_methods(["GET", "POST"])
def record_view_save(request, kind):
    """Keep the list's filters, sort and columns under a name."""
    pages.need_list(request.user, kind)
    query = request.POST.get("query") or request.GET.urlencode()
    form = ViewForm(request.POST or None, initial={"query": query})
    if request.method == "POST" and form.is_valid():
        view = save_view(kind, request.user, form.cleaned_data)
        return redirect(f"{kind.base}?{view.query}{'&' if view.query else ''}view={view.pk}")
    context = {
        "kind": kind,
        "form": form,
        "title": _("Save this view"),
        "action_url": f"{kind.base}views/save/",
        "cancel_url": kind.base,
    }
    return TemplateResponse(
        request, "records/_form_modal.html" if pages.is_modal(request) else "records/form.html", context
    )


def save_view(kind, user, values):
    """Make or replace the user's view of this name; only what a list's address may hold is kept."""
    params = lists.kept_params(values["query"])
    if values["is_default"]:
        SavedView.objects.filter(kind=kind.key, owner=user, is_default=True).update(is_default=False)
    defaults = {
        "query": params.urlencode(),
        "visibility": values["visibility"],
        "team": user.team,
        "is_default": values["is_default"],
    }
    return SavedView.objects.update_or_create(kind=kind.key, owner=user, name=values["name"], defaults=defaults)[0]


@require_POST
def record_view_delete(request, kind, pk):
    """Forget a view of one's own."""
    view = SavedView.objects.filter(kind=kind.key, owner=request.user, pk=pk).first()
    if view is None:
        raise Http404
    view.delete()
    return redirect(f"{kind.base}?view=all")


@require_POST
def record_similar(request, kind):
    """Likely duplicates of what is being typed, with reasons; those out of reach are only counted."""
    pages.need(request.user, kind, "add")
    try:
        found, hidden = kind.similar(request.POST, request.user)
    except ValidationError:
        found, hidden = [], 0
    return pages.fragment(request, "records/_similar.html", {"kind": kind, "found": found, "hidden": hidden})
