"""Page helpers: what the views of every record call."""

import json
from functools import cache

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm_site.core import lists, parts
from crm_site.core.chosen import chosen_columns, remember_columns
from crm_site.core.columns import cell
from crm_site.core.conflicts import resolved
from crm_site.core.forms import DeleteForm
from crm_site.core.kinds import DEPENDENTS, PANELS
from crm_site.core.loading import read_one
from crm_site.core.models import SavedView, User
from crm_site.core.operations import Refused, Repeated, Stale, submit_once
from crm_site.core.recent import remember
from crm_site.core.tabs import view_tabs

PEOPLE = ("owner", "created_by", "changed_by")


def get_visible_or_404(kind, user, pk, action="view", rights=()):
    """The record, if the user may do the action on it; otherwise there is no such page.

    It says as `may_<right>` which of the named rights the user has on it.
    """
    if found := parts.looked_at(user, kind.model, pk, action):
        return found
    rows = kind.model.objects.visible_to(user, action).filter(pk=pk).with_rights(user, *rights)
    found = read_one(rows, whole(kind))
    if found is None:
        raise Http404
    return found


@cache
def whole(kind):
    """What is read of a record for its page: all its own fields, of its people their names, and what is `related`."""
    model = kind.model
    fields = [field.name for field in model._meta.concrete_fields]
    fields += [f"{person}__{name}" for person in PEOPLE for name in User.LABEL_FIELDS]
    fields += [name for name in kind.related if "__" in name]
    for name in ("team", *(name for name in kind.related if "__" not in name)):
        fields += [f"{name}__{field.name}" for field in model._meta.get_field(name).related_model._meta.concrete_fields]
    return tuple(fields)


def need(user, kind, action):
    """No such page for a user whose roles never allow the action on the kind."""
    if user.reach(kind.model, action) == "none":
        raise Http404


def may(user, kind, action):
    """Whether the user's roles allow the action on some records of the kind."""
    return user.reach(kind.model, action) != "none"


def toast(response, text, tone="success", undo_url=""):
    """Tell the browser to show a message after an htmx answer."""
    response["HX-Trigger"] = json.dumps(
        {"toast": {"text": text, "tone": tone, "undo_url": undo_url, "undo_label": _("Undo")}, "closeModal": True}
    )
    return response


def list_page(request, kind, also=()):
    """The list of a kind, as a page or, for htmx, only its table; the fields in `also` are read of every row."""
    if not any(name != "page_size" for name in request.GET) and (default := default_view(kind, request.user)):
        return redirect(f"{kind.base}?{default.query}&view={default.pk}")
    need_list(request.user, kind)
    columns = lists.shown_columns(kind, request.GET, chosen_columns(request, kind))
    fields = [*also, *(field for column in columns for field in column.fields)]
    listing = lists.page_of(kind, request.GET, request.user, fields)
    context = list_context(request, kind, listing, columns)
    part = request.htmx and not request.htmx.boosted and request.htmx.target == "records"
    response = TemplateResponse(request, "records/_table.html" if part else "records/list.html", context)
    return remember_columns(request, response, kind)


def need_list(user, kind):
    """A list is open to all staff whose role knows the kind; with shares alone it shows just those."""
    if user.door != user.STAFF or not (may(user, kind, "view") or user.shares.exists()):
        raise Http404


def default_view(kind, user):
    """The saved view with which the user wants the list to open."""
    return SavedView.objects.filter(kind=kind.key, owner=user, is_default=True).first()


def list_context(request, kind, listing, columns):
    """What records/list.html and records/_table.html show."""
    params, user = request.GET, request.user
    first, last = (listing.rows[0], listing.rows[-1]) if listing.rows else (None, None)
    allowed = {action: may(user, kind, action) for action in ("add", "import", "export", "change", "bulk")}
    return {
        "kind": kind, "q": listing.q, "similar": listing.similar, "chips": lists.chips(listing), "clear_url": kind.base,
        "heads": lists.heads(kind, columns, listing, may_change=allowed["change"]),
        "rows": list(lists.table_rows(listing, columns, user, may_change=allowed["change"])),
        "count_text": f"{listing.count:,}+" if listing.capped else f"{listing.count:,}",
        "count_url": f"{kind.base}count/?{params.urlencode()}" if listing.capped else "",
        "sums": [] if listing.capped or listing.similar else sums_of(kind, params, user),
        "sums_url": kind.sums and not listing.similar and f"{kind.base}sums/?{params.urlencode()}",
        "previous_url": listing.more_before and lists.address(
            kind, params, before=lists.cursor(first, listing.order) if first else "", after=None),
        "next_url": listing.more_after and lists.address(
            kind, params, after=lists.cursor(last, listing.order) if last else "", before=None),
        "first_url": lists.address(kind, params, after=None, before=None) if listing.more_before else "",
        "columns_url": f"{kind.base}columns/?{params.urlencode()}",
        "filters_url": f"{kind.base}filters/?{params.urlencode()}",
        "views": view_tabs(kind, user, params),
        "create_url": allowed["add"] and kind.url("create"),
        "import_url": allowed["import"] and f"/imports/new/?kind={kind.slug}",
        "export_url": allowed["export"] and f"{kind.base}export/?{params.urlencode()}",
        "bulk_url": allowed["bulk"] and f"{kind.base}bulk/",
        "bulk_actions": bulk_actions(kind, user) if allowed["bulk"] else [],
        "save_view_url": f"{kind.base}views/save/?{params.urlencode()}",
        "query": params.urlencode(),
        "filtered": bool(listing.q or lists.chips(listing)),
        "empty": {"title": _("No %(kind)s yet") % {"kind": kind.label_plural.lower()}, "text": kind.purpose,
                  "action_url": allowed["add"] and kind.url("create"),
                  "action_label": _("New %(kind)s") % {"kind": kind.label.lower()}},
    }  # fmt: skip


def sums_of(kind, params, user):
    """What the kind adds up over all rows of the list, as [(label, text)]; one statement."""
    return kind.sums(lists.filtered(kind, params, user)[1].visible_to(user).order_by()) if kind.sums else []


def bulk_actions(kind, user):
    """What may be done with many rows at once."""
    found = [
        ("assign", _("Assign")),
        ("edit", _("Edit")),
        ("tag", _("Tag")),
        ("export", _("Export")),
        ("delete", _("Delete")),
    ]
    found += [(name, label) for name, label, _action in kind.bulk_verbs]
    needed = {"edit": "change", "tag": "change"} | {name: action for name, _label, action in kind.bulk_verbs}
    return [{"name": n, "label": label} for n, label in found if may(user, kind, needed.get(n, n))]


def facts(kind, record, names, user, links, *, may_change):
    """The named columns of a record as label and cell."""
    made, by_name = [], {column.name: column for column in kind.columns}
    for name in names:
        label, shown = str(by_name[name].label), cell(by_name[name], record, links, kind.base)
        if may_change and by_name[name].edit:
            shown.edit_url = f"{kind.record_url(record.pk)}cell/{name}/"
        edit_label = shown.edit_url and _("Edit %(label)s") % {"label": label}
        made.append({"label": label, "cell": shown, "edit_label": edit_label})
    return made


def record_page(request, kind, pk, **extra):
    """A record's page: highlights, facts, timeline and panels, each panel loaded by its own address."""
    user = request.user
    record = get_visible_or_404(kind, user, pk, rights=parts.RIGHTS)
    granted = parts.begin(user, record)
    allowed = {action: action in granted for action in ("change", "delete")}
    links = lists.linked(kind.columns, [record], user)
    groups = []
    for title, names in kind.groups:
        found = facts(kind, record, names, user, links, may_change=allowed["change"])
        groups.append({
            "title": title, "facts": [f for f in found if not f["cell"].empty],
            "folded_facts": [f for f in found if f["cell"].empty],
        })  # fmt: skip
    panels = panels_of(request, kind, pk)
    base = kind.record_url(pk)
    context = {
        "kind": kind, "record": record, "title": str(record), "groups": groups,
        "subtitle": kind.subtitle(record) if kind.subtitle else "",
        "highlights": facts(kind, record, kind.highlights, user, links, may_change=allowed["change"]),
        "actions": kind.actions(record, user) if kind.actions else [],
        **{f"panels_{where}": [p for p in panels if p["where"] == where] for where in ("top", "main", "side")},
        "timeline": kind.has_timeline and own_part(request, f"{base}timeline/", pk),
        "composer": kind.has_timeline and own_part(request, f"{base}log/", pk),
        "edit_url": allowed["change"] and f"{base}edit/", "delete_url": allowed["delete"] and f"{base}delete/",
        "history_url": f"{base}history/", "why_url": f"{base}access/",
        "share_url": allowed["change"] and f"{base}share/",
    } | extra  # fmt: skip
    return remember(request, TemplateResponse(request, "records/record.html", context), record)


def own_part(request, url, pk):
    """One of the parts that a record has by itself, filled."""
    return {"url": url, "html": parts.part(request, url, pk)}


def may_model(user, model):
    """Whether the user's roles show this kind at all; other panels are not even asked for."""
    return user.reach(model, "view") != "none"


def panels_of(request, kind, pk):
    """The panels of a record in their order, each filled; `html` is None where it is loaded when opened or later."""
    made = []
    for panel in sorted(PANELS.get(kind.key, []), key=lambda panel: panel.order):
        if panel.model is None or may_model(request.user, panel.model):
            url = parts.address(panel.url_name, pk)
            made.append({
                "title": panel.title, "url": url, "id": panel.url_name.replace(":", "-"), "fold": panel.fold,
                "html": None if panel.fold else parts.part(request, url, pk),
                "where": "side" if panel.side else "top" if panel.top else "main",
            })  # fmt: skip
    files = {"title": _("Files"), "url": f"{kind.record_url(pk)}files/", "id": "files", "fold": True, "where": "side"}
    return [*made, files]


def is_modal(request):
    """Whether the answer goes into the dialog."""
    return bool(request.htmx) and request.htmx.target == "modal-content"


def create_page(request, kind, **fixed):
    """The form for a new record, as a page or in the dialog, and its saving, once per form.

    The dialog asks for the kind's few fields, and shows those that the address fills.
    """
    need(request.user, kind, "add")
    modal, named = is_modal(request), {k: v for k, v in request.GET.items() if k in kind.form.base_fields}
    only = tuple(dict.fromkeys([*kind.quick, *named])) if modal and kind.quick else None
    start = (kind.initial(request) if kind.initial else {}) | named
    form = kind.form(request.POST or None, user=request.user, only=only, initial=start)
    if request.method == "POST" and form.is_valid():
        url = attempt(form, lambda: submit_once(
            request.user, form.cleaned_data["once"] or form.initial["once"], form.digest(),
            lambda: kind.record_url(kind.create(form.values(), by=request.user).pk),
        ))  # fmt: skip
        if url:
            return created(request, kind, url)
    context = form_context(
        kind, form, title=_("New %(kind)s") % {"kind": kind.label.lower()},
        action=request.get_full_path() if named else kind.url("create"),
    )  # fmt: skip
    context |= {"save_new": True, "cancel_url": kind.base} | fixed
    status = 422 if request.method == "POST" and modal else 200
    return TemplateResponse(
        request, "records/_form_modal.html" if modal else "records/form.html", context, status=status
    )


def form_context(kind, form, *, title, action):
    """What both form templates show."""
    return {
        "kind": kind, "form": form, "title": title, "action_url": action, "conflict": None,
        "duplicates_url": f"{kind.base}similar/" if kind.similar else "",
    }  # fmt: skip


def attempt(form, do):
    """The operation's result, or None with the refusal beside the fields that it speaks of."""
    try:
        return do()
    except Refused as refusal:
        field = refusal.field
        form.add_error(field if field in form.fields else None, str(refusal))
    except Repeated as repeat:
        form.add_error(None, str(repeat))
    except PermissionDenied:
        form.add_error(None, _("You may not do that."))
    except IntegrityError as error:
        form.add_error(None, broken_rule(error))
    return None


def broken_rule(error):
    """A database rule in the user's words."""
    name = getattr(getattr(error.__cause__, "diag", None), "constraint_name", "") or ""
    return RULES.get(
        name, _("This breaks a rule of the database (%(name)s). Nothing was saved.") % {"name": name or "unknown"}
    )


RULES = {"team_no_loop": gettext_lazy("A team cannot lie below itself.")}


def created(request, kind, url):
    """Where to go after something was made."""
    text = _("%(kind)s saved.") % {"kind": kind.label}
    if "save_new" in request.POST:
        messages.success(request, text)
        target = kind.url("create")
    else:
        messages.success(request, text)
        target = safe_next(request) or url
    if request.htmx:
        response = HttpResponse(status=204)
        response["HX-Redirect"] = target
        return response
    return redirect(target)


def safe_next(request):
    """The address of this site that the form wants to go on to, or an empty text."""
    target = request.POST.get("next") or request.GET.get("next") or ""
    safe = url_has_allowed_host_and_scheme(target, allowed_hosts=None, require_https=False)
    return target if safe and target.startswith("/") and target.isprintable() else ""


def edit_page(request, kind, pk, record=None):
    """The form for an existing record, read already or not; a stale save shows both values and loses nothing."""
    record = record or get_visible_or_404(kind, request.user, pk, "change")
    form = kind.form(request.POST or None, user=request.user, instance=record)
    conflict = None
    if request.method == "POST" and form.is_valid():
        try:
            saved = attempt(
                form, lambda: kind.update(record, form.values(), by=request.user, version=form.cleaned_data["version"])
            )
        except Stale as stale:
            saved, (conflict, form) = None, resolved(form, stale.current)
        if saved:
            messages.success(request, _("%(kind)s saved.") % {"kind": kind.label})
            return redirect(safe_next(request) or kind.record_url(pk))
    context = form_context(kind, form, title=_("Edit %(name)s") % {"name": record}, action=kind.url("edit", pk))
    context |= {"record": record, "cancel_url": kind.record_url(pk), "conflict": conflict}
    return TemplateResponse(request, "records/form.html", context, status=200 if conflict is None else 409)


def delete_page(request, kind, pk):
    """What hangs off a record, the choices that must be made, and the way into the bin."""
    record = get_visible_or_404(kind, request.user, pk, "delete")
    found = [(d, d.count(record, request.user)) for d in (*kind.dependents, *DEPENDENTS.get(kind.key, ()))]
    asked = [d for d, count in found if count and d.choices]
    form = DeleteForm(request.POST if request.method == "POST" else None, dependents=asked)
    if request.method == "POST" and form.is_valid():
        done = attempt(form, lambda: delete_settled(kind, record, form.cleaned_data, by=request.user))
        if done:
            messages.success(
                request, _("%(name)s is in the bin.") % {"name": record}, extra_tags=f"undo:{kind.url('restore', pk)}"
            )
            return redirect(kind.base)
    context = {
        "kind": kind, "record": record, "form": form, "action_url": kind.url("delete", pk),
        "cancel_url": kind.record_url(pk),
        "dependents": [
            {"label": d.label, "count": count, "choices": d.choices, "name": d.name} for d, count in found if count
        ],
        "title": _("Delete %(name)s?") % {"name": record},
    }  # fmt: skip
    return TemplateResponse(request, "records/delete.html", context)


def delete_settled(kind, record, choices, *, by):
    """Settle what higher apps hang on the record, each by the choice made, and delete it; all of it or nothing."""
    choices = dict(choices)
    with transaction.atomic():
        for dependent in DEPENDENTS.get(kind.key, ()):
            if choice := choices.pop(dependent.name, None):
                dependent.settle(record, choice, by=by)
        return kind.delete(record, by=by, **choices)


def fragment(request, template, context, status=200):
    """A piece of a page for htmx; opened by itself it is shown in the frame."""
    if request.htmx:
        return TemplateResponse(request, template, context, status=status)
    return TemplateResponse(request, "records/fragment.html", context | {"fragment": template}, status=status)
