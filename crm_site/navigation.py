"""The frame of every page: what the side bar and the top bar hold."""

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from crm_site.core.kinds import KINDS
from sales.models import Opportunity
from sales.rights import may_arrange, may_build


def frame(request):
    """Context of base.html. No statement of its own beyond the user's roles, which the page asks for anyway."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated or user.door != user.STAFF:
        return {"theme": "auto", "nav": [], "quick_kinds": [], "user": user}
    kinds = [kind for kind in KINDS.values() if kind.menu and user.reach(kind.model, "view") != "none"]
    kinds.sort(key=lambda kind: kind.menu)
    places = [(k.menu, k.label_plural, k.base, k.icon) for k in kinds]
    if user.reach(Opportunity, "view") != "none":
        places.append((88, _("Forecast"), "/forecast/", "trending"))
    if may_arrange(user):
        places.append((41, _("Assignment"), "/leads/assignment/", "users"))
    if may_build(user):
        places.append((42, _("Web forms"), "/leads/forms/", "inbox"))
    nav = [{"label": _("Home"), "url": "/", "icon": "home", "active": request.path == "/"}]
    nav += [
        {"label": label, "url": url, "icon": icon, "active": request.path.startswith(url)}
        for _menu, label, url, icon in sorted(places, key=lambda place: place[0])
    ]
    quick = [
        {"label": k.label, "url": f"{k.base}new/", "icon": k.icon}
        for k in kinds
        if user.reach(k.model, "add") != "none"
    ]
    return {
        "nav": nav,
        "quick_kinds": quick,
        "theme": user.theme,
        "search_url": reverse("search"),
        "demo": user.is_demo,
    }
