"""Who follows a case, and which cases are parts of others."""

from django.db import connection
from django.utils.translation import gettext as _

from crm_site.core.operations import lock, operation, refuse, write_locked
from support.models import Case, Watcher
from support.operations.story import note_event

DEEPEST = 3
TREE_LOCK = 6_201_903

FAMILY = """
    WITH RECURSIVE up AS (
        SELECT id, parent_id, 1 AS depth FROM support_case WHERE id = %(parent)s
        UNION ALL
        SELECT c.id, c.parent_id, up.depth + 1 FROM support_case c JOIN up ON c.id = up.parent_id WHERE up.depth < 10
    ), down AS (
        SELECT id, 1 AS depth FROM support_case WHERE id = %(case)s
        UNION ALL
        SELECT c.id, down.depth + 1 FROM support_case c JOIN down ON c.parent_id = down.id WHERE down.depth < 10
    )
    SELECT (SELECT array_agg(id) FROM up), (SELECT max(depth) FROM up), (SELECT max(depth) FROM down)
"""


@operation
def add_watcher(case, *, by, user=None, contact=None, email=""):
    """Let a colleague, a contact or an address follow a case and return the watcher; once each.

    Watching gives nobody a right: a colleague is told only of what they may see, and the reporter's own access
    hangs on the reporter alone.
    """
    current = lock(case, by) if user is None or user != by else lock(case, by, "view")
    email = "" if user or contact else (email or "").strip().lower()[:320]
    if not (user or contact or email):
        refuse(_("Say who."))
    if email and "@" not in email:
        refuse(_("Enter an e-mail address."), "email")
    return Watcher.objects.get_or_create(case=current, user=user, contact=contact, email=email)[0]


@operation
def let_follow(case, people, *, by):
    """Let people follow a case, each a (contact or None, address); the reporter does anyway, and once is enough."""
    there = {address.lower() for address in (*copies_of(case), case.contact.email if case.contact_id else "")}
    rows = [
        Watcher(case=case, contact=contact, email="" if contact else address[:320])
        for contact, address in people
        if address not in there and not (contact and contact.pk == case.contact_id)
    ]
    Watcher.objects.bulk_create(rows, ignore_conflicts=True)


@operation
def remove_watcher(watcher, *, by):
    """Let somebody follow a case no longer."""
    lock(watcher.case, by, "view" if by and watcher.user_id == by.pk else "change")
    watcher.delete()


def copies_of(case):
    """The addresses that replies on a case go to in copy: those of watching contacts and addresses, without doubles."""
    rows = case.watchers.filter(user__isnull=True).select_related("contact").order_by("pk")
    found = [w.contact.email if w.contact_id else w.email for w in rows if not (w.contact_id and w.contact.deleted_at)]
    own = case.contact.email.lower() if case.contact_id else ""
    return list(dict.fromkeys(address for address in found if address and address.lower() != own))


@operation
def set_parent(case, parent, *, by):
    """Make a case a part of another one, or of none, and return it.

    Raises Refused when it would be a part of itself, and when more than three levels would lie below each other.
    """
    current = lock(case, by)
    if parent:
        lock(parent, by, "view")
        check_family(current, parent)
    current, changed = write_locked(current, {"parent": parent}, by=by)
    if changed:
        text = _("Part of %(name)s") % {"name": f"{parent.number} {parent}"} if parent else _("Not a part any more")
        note_event(current, text, by=by)
    return current


def check_family(case, parent):
    """Refuse loops and too many levels; other changes of families wait until this transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [TREE_LOCK])
        cursor.execute(FAMILY, {"case": case.pk, "parent": parent.pk})
        above, up, down = cursor.fetchone()
    if case.pk in (above or ()):
        refuse(_("A case cannot be a part of itself."), "parent")
    if up + (down or 1) > DEEPEST:
        refuse(_("Cases lie in three levels at most."), "parent")


def parts_of(case, user):
    """The parts of a case that the user sees, open ones first."""
    rows = Case.objects.visible_to(user).filter(parent=case, deleted_at__isnull=True)
    return rows.select_related("status", "owner").order_by("closed_at", "due_at", "pk")
