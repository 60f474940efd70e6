"""Macros: several changes of a case and perhaps a reply or a note by one click, all of it or nothing."""

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm_site.core.bulk import CHANGES, Change, problem
from crm_site.core.models import User
from crm_site.core.operations import Refused, Stale, operation, refuse
from crm_site.core.pages import broken_rule
from support.canned import fill
from support.models import Macro, Queue, Status
from support.operations.cases import assign_case, set_status, status_of, update_case
from support.operations.messages import add_note, post_reply

ACTIONS = {
    "status": gettext_lazy("Set the status"), "priority": gettext_lazy("Set the priority"),
    "queue": gettext_lazy("Move to the queue"), "owner": gettext_lazy("Assign to"),
    "add_tags": gettext_lazy("Add tags"), "remove_tags": gettext_lazy("Take tags away"),
    "reply": gettext_lazy("Reply"), "note": gettext_lazy("Add a note"),
}  # fmt: skip
PIECE = 20


def macros_for(user):
    """The macros that the user may run: those of everybody and of the user's teams."""
    teams = user.memberships.values("team_id")
    rows = Macro.objects.filter(is_active=True)
    return rows.filter(team__isnull=True) | rows.filter(team__in=teams)


@operation
def run_macro(case, macro, *, by):
    """Do what a macro says to a case and return the case; Refused when a part of it is not possible.

    Whatever order its actions stand in, what is said comes first, then the fields, the status last: a reply must not
    go out for a case that the macro has just closed. A placeholder without a value refuses the whole macro.
    """
    actions = sorted(macro.actions, key=lambda one: (one["do"] not in ("reply", "note"), one["do"] == "status"))
    for action in actions:
        if action.get("do") not in DO:
            refuse(_("The macro asks for something unknown: %(what)s") % {"what": action.get("do")})
        case = DO[action["do"]](case, action.get("value"), by) or case
    return case


def said(text, case, by):
    """The text of a reply or note with its placeholders filled."""
    made, missing = fill(text or "", case, by)
    if missing:
        names = ", ".join(f"{{{name}}}" for name in missing)
        refuse(_("Nothing is known for %(names)s on %(case)s.") % {"names": names, "case": case.number})
    return made


def reply(case, text, by):
    """Post a reply."""
    post_reply(case, said(text, case, by), by=by)


def note(case, text, by):
    """Add an internal note."""
    add_note(case, said(text, case, by), by=by)


def to_status(case, value, by):
    """Set the status, which is named by its id or by a category."""
    status = status_of(value) if value in Status.CATEGORIES else Status.objects.filter(pk=value).first()
    return set_status(case, status or refuse(_("The macro's status is no longer there.")), by=by)


def to_queue(case, value, by):
    """Move the case to another queue."""
    queue = Queue.objects.filter(pk=value).first() or refuse(_("The macro's queue is no longer there."))
    return update_case(case, {"queue": queue}, by=by)


def to_owner(case, value, by):
    """Assign to "me", to nobody (empty) or to a user by id."""
    if value == "me":
        return assign_case(case, by, by=by)
    owner = User.objects.filter(pk=value, is_active=True).first() if value else None
    if value and owner is None:
        refuse(_("The macro's agent is no longer there."))
    return assign_case(case, owner, by=by)


def tagged(case, value, by, *, add):
    """Add tags or take them away."""
    tags = [value] if isinstance(value, str) else list(value or ())
    kept = [tag for tag in case.tags if add or tag not in tags]
    return update_case(case, {"tags": list(dict.fromkeys([*kept, *(tags if add else ())]))}, by=by)


DO = {
    "status": to_status, "queue": to_queue, "owner": to_owner, "reply": reply, "note": note,
    "priority": lambda case, value, by: update_case(case, {"priority": int(value)}, by=by),
    "add_tags": lambda case, value, by: tagged(case, value, by, add=True),
    "remove_tags": lambda case, value, by: tagged(case, value, by, add=False),
}  # fmt: skip


def run_many(job, _kind, rows):
    """Run the job's macro on each of these cases by itself, and note of each that was left why."""
    macro = macros_for(job.user).get(pk=job.options["values"]["macro"])
    related = ("contact", "account", "customer", "product", "status", "owner", "queue")
    changed = 0
    for case in rows.select_related(*related).order_by("pk"):
        try:
            with transaction.atomic():
                run_macro(case, macro, by=job.user)
            changed += 1
        except (Refused, Stale, PermissionDenied) as error:
            problem(job, case, str(error) or _("You may not do that."))
        except IntegrityError as error:
            problem(job, case, broken_rule(error))
    return changed


CHANGES["macro"] = Change("change", run_many, piece=PIECE, undoable=False)
BULK_VERB = ("macro", gettext_lazy("Run a macro"), "change")

__all__ = ["ACTIONS", "BULK_VERB", "macros_for", "run_macro"]
