"""What can this user see? Asked by administrators, read-only, and each asking is logged."""

import logging

from django.conf import settings
from django.http import Http404
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from crm_site.core.converters import read_id
from crm_site.core.forms import users_for
from crm_site.core.kinds import KINDS
from crm_site.core.models import ACTIONS, REACH_LABELS

log = logging.getLogger("kith.audit")


@require_GET
def access_simulator(request):
    """Per kind of record: how far each action reaches for the chosen user, and the first rows of their list."""
    if not request.user.is_superuser:
        raise Http404
    asked = request.GET.get("user", "")
    other = users_for(request.user).filter(pk=read_id(asked)).first()
    if other:
        log.info("access simulated: user %s looked at what user %s can see", request.user.pk, other.pk)
    kinds = [seen_by(other, kind) for kind in KINDS.values()] if other else []
    context = {
        "title": _("What can this user see?"),
        "other": other,
        "kinds": kinds,
        "actions": [label for name, label in ACTIONS.items() if name != "second_factor"],
    }
    return TemplateResponse(request, "records/simulator.html", context)


def seen_by(user, kind):
    """One kind of record through the user's eyes."""
    order = kind.sorts[kind.default_sort.lstrip("-")].order
    rows = [{"label": str(r), "number": r.number} for r in kind.model.objects.all().first_of(user, 10, order)]
    count = kind.model.objects.all().first_of(user, settings.COUNT_CAP + 1, ()).count()
    return {
        "label": kind.label_plural, "icon": kind.icon, "rows": rows,
        "count": f"{settings.COUNT_CAP:,}+" if count > settings.COUNT_CAP else f"{count:,}",
        "reaches": [REACH_LABELS[user.reach(kind.model, action)] for action in ACTIONS if action != "second_factor"],
    }  # fmt: skip
