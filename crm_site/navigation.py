"""The frame of every page: what the side bar and the top bar hold."""

from django.middleware.csrf import get_token
from django.utils.translation import gettext_lazy as _

from crm_site.core import notifications
from crm_site.core.kinds import KINDS
from crm_site.core.middleware import PORTAL
from crm_site.core.shapes import filled
from customers.models import Contact
from sales.models import Lead, Opportunity
from sales.rights import may_arrange, may_build, may_set_rates
from support.asked import may_ask
from support.models import Case, DealRegistration

# Where each part of the side bar begins, by the kinds' places in it.
SECTIONS = ((0, ""), (45, _("Selling")), (100, _("Catalogue")), (110, _("Marketing")))
# What stands beside the kinds for whoever sees records of one, and whether people of partners have it, too.
OPEN_WITH = (
    ((88, _("Forecast"), "/forecast/", "chart"), Opportunity, False),
    ((21, _("Promises kept"), "/support/attainment/", "clock"), Case, True),
    ((22, _("Support reports"), "/support/reports/", "pie"), Case, True),
    ((96, _("Partners"), "/partners/", "handshake"), DealRegistration, False),
    ((112, _("Consents"), "/consents/", "shield"), Contact, True),
)
SEARCH = "/search/"


def frame(request):
    """Context of base.html; what only the frame shows is made when it is shown, so that fragments go without."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated or user.door != user.STAFF:
        # Customers see allauth's own pages in the portal's frame.
        frames = {"frame": "portal/base.html"} if request.path.startswith(PORTAL) else {}
        return {"theme": "auto", "user": user, "top_bar": filled("_parts/topbar.html")} | frames
    # A page that is part of another one says so.
    path = getattr(request, "part_of", request.path)
    return {
        "nav": lambda: entries(path, user),
        "side_bar": lambda: filled("_parts/sidebar.html", (("nav", entries(path, user)),)),
        "top_bar": lambda: top_bar(request, user),
        "bottom_bar": lambda: filled("_parts/bottombar.html", (("quick_kinds", quick_kinds(user)),), search_url=SEARCH),
        "quick_kinds": lambda: quick_kinds(user),
        "theme": user.theme,
        "search_url": SEARCH,
        "demo": user.is_demo,
    }


def top_bar(request, user):
    """The search, the menu of new records, the bell and the user's own menu."""
    fixed = (("quick_kinds", quick_kinds(user)), ("theme", user.theme))
    return filled(
        "_parts/topbar.html", fixed, search_url=SEARCH, name=str(user), email=user.email, initials=user.initials,
        unread=unread(user), csrf_token=get_token(request),
    )  # fmt: skip


def unread(user):
    """How many notifications wait under the bell, as text; empty for none."""
    count = notifications.unread_count(user)
    return f"{notifications.CAP}+" if count > notifications.CAP else str(count or "")


def shown_kinds(user):
    """The kinds of the side bar that the user may see, in its order."""
    kinds = [kind for kind in KINDS.values() if kind.menu and user.reach(kind.model, "view") != "none"]
    return sorted(kinds, key=lambda kind: kind.menu)


def quick_kinds(user):
    """(label, address, icon) of what the user may make, for the menus of new records."""
    kinds = [kind for kind in shown_kinds(user) if user.reach(kind.model, "add") != "none"]
    return tuple((str(kind.label), f"{kind.base}new/", kind.icon) for kind in kinds)


def places_of(user):
    """[(place, label, address, icon)] of what the user may open, in the order of the side bar."""
    places = [(k.menu, k.label_plural, entrance(k), k.icon) for k in shown_kinds(user)]
    offered = [(place, model) for place, model, outside in OPEN_WITH if outside or user.partner_id is None]
    places += [place for place, model in offered if user.reach(model, "view") != "none"]
    if user.reach(Case, "change") != "none":
        places.append((1, _("Desk"), "/desk/?view=mine", "message"))
    if user.reach(Opportunity, "view") != "none" or user.reach(Lead, "view") != "none":
        places.append((89, _("Sales reports"), "/reports/sales/", "pie"))
    if may_ask(user):
        places.append((23, _("Request fields"), "/cases/fields/", "list"))
        places.append((23, _("Ready answers"), "/cases/ready/", "bolt"))
    if may_arrange(user):
        places.append((92, _("Lead assignment"), "/leads/assignment/", "users"))
    if may_set_rates(user):
        places.append((92, _("Exchange rates"), "/rates/", "coin"))
    if may_build(user):
        places.append((130, _("Web forms"), "/leads/forms/", "inbox"))
    if user.is_superuser:
        places.append((98, _("Your company"), "/start/company/", "building"))
    if user.is_staff:
        places.append((97, _("Mailboxes"), "/mailboxes/", "mail"))
    return sorted(places, key=lambda place: place[0])


def entrance(kind):
    """Where the side bar leads to: the first of the kind's presets, or the plain list."""
    return f"{kind.base}?{kind.presets[0].query}&view={kind.presets[0].name}" if kind.presets else kind.base


def here(path, places):
    """The address of the entry that one is at: the longest that fits; the home page's own, or empty for none."""
    fitting = [(len(base), url) for url in (p[2] for p in places) if path.startswith(base := url.partition("?")[0])]
    return path if path == "/" else max(fitting, default=(0, ""))[1]


def entries(path, user):
    """(label, address, icon, whether one is there, heading above it) of the side bar, for who is at a path."""
    places = places_of(user)
    at, last = here(path, places), ""
    made = [(str(_("Home")), "/", "home", at == "/", "")]
    for place, label, url, icon in places:
        section = next(heading for start, heading in reversed(SECTIONS) if place >= start)
        made.append((str(label), url, icon, url == at, "" if section is last else str(section)))
        last = section
    return tuple(made)
