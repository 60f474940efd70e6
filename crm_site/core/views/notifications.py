"""The page behind the bell."""

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from crm_site.core import notifications
from crm_site.core.converters import read_id
from crm_site.core.models import Notification

SHOWN = 100


@require_GET
def notification_list(request):
    """The newest notifications, unread ones marked."""
    before = request.GET.get("before", "")
    rows = Notification.objects.filter(user=request.user).order_by("-id")
    if read_id(before):
        rows = rows.filter(pk__lt=int(before))
    found = list(rows[: SHOWN + 1])
    context = {"rows": found[:SHOWN], "next": found[SHOWN - 1].pk if len(found) > SHOWN else ""}
    return render(request, "records/notifications.html", context)


@require_POST
def notification_open(request, pk):
    """Mark one as read and go to what it speaks of."""
    row = Notification.objects.filter(user=request.user, pk=pk).first()
    if row is None:
        raise Http404
    notifications.mark_read(request.user, pk)
    safe = row.url.startswith("/") and url_has_allowed_host_and_scheme(row.url, allowed_hosts=None)
    return redirect(row.url if safe else "/notifications/")


@require_POST
def notification_read(request):
    """Mark all as read."""
    notifications.mark_read(request.user)
    return HttpResponse(status=204) if request.htmx else redirect("/notifications/")
