"""The lines of deals, quotes and sales: the panel that shows them and the one editor of deals and quotes."""

from django.contrib import messages
from django.http import QueryDict
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from crm_site.core import pages
from crm_site.core.operations import Refused, Stale
from crm_site.core.parts import rights
from sales.forms.lines import Lines
from sales.models import Opportunity, Quote, Sale
from sales.operations.lines import FIELDS, save_lines
from sales.operations.totals import totals


def may_edit(record, user):
    """Whether the user may change the lines of the record as it is now."""
    state = {Opportunity: ("state", "open"), Quote: ("status", Quote.DRAFT)}.get(type(record))
    return bool(state) and getattr(record, state[0]) == state[1] and "change" in rights(user, record)


@require_GET
def lines_panel(request, pk, kind):
    """The lines of a record with their sums."""
    record = pages.get_visible_or_404(kind, request.user, pk)
    rows = record.lines.order_by("position", "id")
    rows = list(rows.select_related("price_book") if kind.model is Sale else rows)
    sums = totals([{"net": row.net, "tax": row.tax} for row in rows], getattr(record, "adjustment", 0))
    context = {
        "kind": kind, "record": record, "title": _("Lines"), "rows": rows, "sums": sums, "currency": record.currency,
        "discounts": any(row.discount_percent or row.discount_amount for row in rows),
        "edit_url": may_edit(record, request.user) and f"{kind.record_url(pk)}lines/edit/",
    }  # fmt: skip
    return pages.fragment(request, "sales/lines/_lines.html", context)


@require_http_methods(["GET", "POST"])
def lines_edit(request, pk, kind):
    """The editor: typing recomputes the sums, a product brings its price; all rows are saved at once."""
    record = pages.get_visible_or_404(kind, request.user, pk, "change", rights=("change",))
    if not may_edit(record, request.user):
        messages.error(request, _("Its lines can no longer be changed."))
        return redirect(kind.record_url(pk))
    if request.method == "GET":
        return editor(request, kind, record, Lines(record, request.user))
    lines = Lines(record, request.user, request.POST)
    well = lines.complete()
    verb = request.POST.get("do", "save")
    if verb != "save":
        return preview(request, kind, record, lines, verb)
    if well and kept(request, record, lines):
        messages.success(request, _("Lines saved."))
        return redirect(kind.record_url(pk))
    return editor(request, kind, record, lines)


def kept(request, record, lines):
    """Have the rows saved; whether that went well. What is refused is said beside the row or above them."""
    rows = [{name: row[name] for name in FIELDS if name in row} for row in lines.rows]
    text = request.POST.get("version", "")
    version = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
    try:
        save_lines(record, rows, by=request.user, version=version, book=lines.book)
    except Stale as stale:
        lines.record = stale.current
        lines.trouble = _("Somebody changed this while you were typing. Save again to put your lines in place.")
    except Refused as refusal:
        lines.trouble = str(refusal)
    else:
        return True
    return False


def preview(request, kind, record, lines, verb):
    """The answer while somebody types: the sums alone, or all rows anew after a product, a removal or more rows."""
    if verb == "sums" and request.htmx:
        context = {"lines": lines, "currency": record.currency, "swap": True}
        return TemplateResponse(request, "sales/lines/_sums.html", context)
    lines.redrawn(more=1 if verb == "add" else 0)
    recomputed = Lines(record, request.user, typed(lines.forms, lines.book))
    recomputed.complete()
    lines.sums = recomputed.sums
    for form, computed in zip(lines.forms, recomputed.forms, strict=True):
        form.values = getattr(computed, "values", None)
        if request.htmx and request.htmx.trigger == f"{form.prefix}-picked":
            form.fields["quantity"].widget.attrs["autofocus"] = True
    return editor(request, kind, record, lines, part=bool(request.htmx))


def typed(forms, book):
    """What a browser would post of unbound forms."""
    data = QueryDict(mutable=True)
    data["book"] = str(book.pk) if book else ""
    data["rows"] = str(len(forms))
    for form in forms:
        for name, value in form.initial.items():
            data[f"{form.prefix}-{name}"] = "" if value is None else str(value)
    return data


def editor(request, kind, record, lines, *, part=False):
    """The editor's page, or only its rows."""
    if not hasattr(lines, "sums"):
        saved = [{"net": line.net, "tax": line.tax} for line in lines.stored]
        lines.sums = totals(saved, getattr(record, "adjustment", 0))
        for form, line in zip(lines.forms, lines.stored, strict=False):
            form.values = {"net": line.net, "tax": line.tax, "total": line.total}
    url = f"{kind.record_url(record.pk)}lines/edit/"
    context = {
        "kind": kind, "record": record, "lines": lines, "currency": record.currency, "action_url": url,
        "cancel_url": kind.record_url(record.pk), "version": lines.record.version,
        "title": _("Lines of %(name)s") % {"name": record},
        "wrong": any(form.is_bound and form.errors for form in lines.forms),
    }  # fmt: skip
    return TemplateResponse(request, "sales/lines/_rows.html" if part else "sales/lines/edit.html", context)
