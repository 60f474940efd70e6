"""The tabs above a list: the plain list, what a kind offers by itself, and the views that people saved."""

from django.utils.translation import gettext as _

from crm_site.core.models import SavedView


def view_tabs(kind, user, params):
    """The saved views that the user sees, as tabs, after the plain list and the kind's own presets."""
    from_db = SavedView.objects.filter(kind=kind.key)
    seen = [v for v in from_db if v.visibility == "public" or v.owner_id == user.pk or is_team_view(v, user)]
    current = params.get("view", "")
    tabs = [
        {"name": _("All"), "url": f"{kind.base}?view=all", "active": current in ("", "all"), "id": "", "mine": False}
    ]
    tabs += [
        {"name": preset.label, "url": f"{kind.base}?{preset.query}&view={preset.name}",
         "active": current == preset.name, "id": "", "mine": False}
        for preset in kind.presets
    ]  # fmt: skip
    for view in seen:
        url = f"{kind.base}?{view.query}{'&' if view.query else ''}view={view.pk}"
        tabs.append({
            "name": view.name, "url": url, "active": current == str(view.pk), "id": view.pk,
            "mine": view.owner_id == user.pk,
        })  # fmt: skip
    return tabs


def is_team_view(view, user):
    """Whether a view is shared with the user's main team."""
    return view.visibility == "team" and view.team_id is not None and view.team_id == user.team_id
