"""Splitting: messages that are about something else go to a case of their own."""

from django.utils.translation import gettext as _

from crm_site.core.models import Attachment
from crm_site.core.operations import lock, operation, refuse
from support import clocks
from support.models import Message, MessageFile
from support.operations.cases import create_cases
from support.operations.merging import carry_mails, move
from support.operations.story import note_event, recount

KEPT = ("customer_id", "account_id", "contact_id", "type", "priority", "queue_id", "product_id", "installed_id",
        "entitlement_id", "sale_id", "partner_id", "channel", "tags", "is_hidden", "is_private")  # fmt: skip


@operation
def split_case(case, messages, values, *, by):
    """Move messages of a case to a new one and return that; it follows the old one, and both say so.

    `values` are fields of the new case, at least its subject; what they leave out is the old one's. The new case's
    clocks start at the first moved message of the customer. Refused when nothing would move, or nothing would stay.
    """
    current = lock(case, by)
    if current.merged_into_id:
        refuse(_("A merged case is read-only. Take the merge back first."))
    spoken = Message.objects.filter(case=current).exclude(kind=Message.EVENT)
    chosen = list(spoken.filter(pk__in=[message.pk for message in messages]).order_by("at", "pk"))
    if not chosen:
        refuse(_("Choose the messages that go to the new case."), "messages")
    if len(chosen) == spoken.count():
        refuse(_("Leave at least one message on this case, or change its subject."), "messages")
    first = next((m for m in chosen if is_asking(m)), chosen[0])
    row = {name: getattr(current, name) for name in KEPT} | {"contact_id": first.contact_id or current.contact_id}
    row |= values
    if current.is_private:
        row["owner"] = row.get("owner") or current.owner
    made = create_cases([row | {"follows": current, "at": first.at}], by=by)[0]
    carry(chosen, current, made)
    if replied := next((m.at for m in chosen if m.direction == Message.OUT and m.at >= first.at), None):
        clocks.agent_replied(made, replied)
    note_event(made, _("Split off from %(number)s") % {"number": current.number}, by=by)
    note_event(current, _("%(number)s was split off") % {"number": made.number}, by=by)
    recount([current, made])
    return made


def is_asking(message):
    """Whether a customer wrote it."""
    return message.kind == Message.PUBLIC and message.direction == Message.IN and not message.is_automatic


def carry(messages, case, made):
    """Move messages with their mails, and with the files that no message which stays has, too."""
    ids = [message.pk for message in messages]
    move(Message.objects.filter(pk__in=ids, origin__isnull=True), origin=case)
    move(Message.objects.filter(pk__in=ids), case=made)
    carry_mails(ids, made)
    going = MessageFile.objects.filter(message__in=ids).values("attachment")
    staying = MessageFile.objects.filter(message__case=case).values("attachment")
    move(Attachment.objects.filter(pk__in=going).exclude(pk__in=staying), object_id=made.pk)
