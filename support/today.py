"""What support asks of an agent today, for the home page: own cases by what falls due, and how many wait."""

from crm_site.core.kept import kept, kept_objects
from support import desk
from support.models import Case, Mailbox, Queue

SHOWN = 5
VIEWS = ("mine", "unassigned", "breaching")


def cases_of(user):
    """{views: [{name, label, count}], items: the first of the user's own cases, else of those that nobody has}.

    None for who changes no cases; four statements, and those for the names of who asks.
    """
    if user.reach(Case, "change") == "none":
        return None
    found = {view: [pk for (pk,) in first_in(user, view)] for view in VIEWS}
    shown = "mine" if found["mine"] else "unassigned"
    cases = desk.listed(Case.objects.visible_to(user).filter(pk__in=found[shown][:SHOWN]).order_by("due_at", "id"))
    return {
        "views": [{"name": view, "label": desk.VIEWS[view], "count": desk.count_text(found[view])} for view in VIEWS],
        "items": desk.list_items(cases, user), "shown": shown,
    }  # fmt: skip


@kept
def first_in(user, view):
    """The ids of the first cases of a view."""
    queues = Queue.objects.filter(is_active=True).order_by().values("pk")
    return desk.first_in(user, view, None, queues).values_list("pk")


def refused_mailboxes(user):
    """The mailboxes whose server refuses the password, for who can mend it."""
    return refused() if user.is_staff else []


@kept_objects(*(field.name for field in Mailbox._meta.concrete_fields))
def refused():
    """Those of the mailboxes in use."""
    return Mailbox.objects.filter(is_active=True, refused_at__isnull=False)
