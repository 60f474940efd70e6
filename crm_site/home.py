"""The home page and the search over all kinds of records."""

from django.contrib.auth.decorators import login_required
from django.http import Http404
from django.shortcuts import render
from django.template.response import TemplateResponse
from django.views.decorators.http import require_GET

from crm_site.core import lists
from crm_site.core.kinds import KINDS


@login_required
@require_GET
def home(request):
    """A user's day."""
    return TemplateResponse(request, "home.html", {})


@login_required
@require_GET
def search(request):
    """Up to six records of each kind that hold every word, through the gate; for the search dialog."""
    if request.user.door != request.user.STAFF:
        raise Http404
    text = request.GET.get("q", "").strip()
    groups = []
    for kind in KINDS.values():
        if text and kind.menu:
            rows = lists.search(kind.model.objects.all(), text, kind.model)
            found = rows.first_of(request.user, 6, kind.sorts[kind.default_sort.lstrip("-")].order)
            items = [{"text": str(r), "hint": r.number, "url": kind.record_url(r.pk)} for r in found]
            if items:
                groups.append({"label": kind.label_plural, "icon": kind.icon, "items": items})
    return render(request, "_parts/search_results.html", {"groups": groups, "q": text})
