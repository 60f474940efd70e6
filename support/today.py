"""What support asks of an agent today, for the home page: own cases by what falls due, and how many wait."""

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
    queues = Queue.objects.filter(is_active=True).order_by().values("pk")
    found = {view: list(desk.first_in(user, view, None, queues).values_list("pk", flat=True)) for view in VIEWS}
    shown = "mine" if found["mine"] else "unassigned"
    cases = desk.listed(Case.objects.visible_to(user).filter(pk__in=found[shown][:SHOWN]).order_by("due_at", "id"))
    return {
        "views": [{"name": view, "label": desk.VIEWS[view], "count": desk.count_text(found[view])} for view in VIEWS],
        "items": desk.list_items(cases, user), "shown": shown,
    }  # fmt: skip


def refused_mailboxes(user):
    """The mailboxes whose server refuses the password, for who can mend it."""
    return Mailbox.objects.filter(is_active=True, refused_at__isnull=False) if user.is_staff else []
