"""The tabs above a list: the plain list, what a kind offers by itself, and the views that people saved."""

from django.db.models import CharField, Q
from django.utils.translation import gettext as _

from crm_site.core.kept import Slot, kept
from crm_site.core.models import SavedView


def view_tabs(kind, user, params):
    """The saved views that the user sees, as tabs, after the plain list and the kind's own presets."""
    seen = saved(kind=kind.key, user=user.pk, team=user.team_id)
    current = params.get("view", "")
    tabs = [
        {"name": _("All"), "url": f"{kind.base}?view=all", "active": current in ("", "all"), "id": "", "mine": False}
    ]
    tabs += [
        {"name": preset.label, "url": f"{kind.base}?{preset.query}&view={preset.name}",
         "active": current == preset.name, "id": "", "mine": False}
        for preset in kind.presets
    ]  # fmt: skip
    for pk, name, query, owner in seen:
        url = f"{kind.base}?{query}{'&' if query else ''}view={pk}"
        tabs.append({"name": name, "url": url, "active": current == str(pk), "id": pk, "mine": owner == user.pk})
    return tabs


@kept
def saved():
    """(id, name, query, owner) of the views of a kind that are a user's, everybody's or of the user's main team."""
    seen = Q(visibility=SavedView.PUBLIC) | Q(owner=Slot("user")) | Q(visibility=SavedView.TEAM, team=Slot("team"))
    rows = SavedView.objects.filter(seen, kind=Slot("kind", CharField()))
    return rows.values_list("pk", "name", "query", "owner")
