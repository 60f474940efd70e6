"""Merging two cases into one, and taking it back."""

from datetime import timedelta

from django.contrib.contenttypes.models import ContentType
from django.contrib.postgres.search import TrigramSimilarity
from django.core.exceptions import PermissionDenied
from django.db.models import Case as When
from django.db.models import F, FloatField, Q, Value
from django.db.models import When as If
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm_site.core.models import Attachment, Fold
from crm_site.core.operations import operation, refuse, write
from customers.models import Activity, ActivityLink
from customers.operations.activities import follow
from customers.operations.following import reachable
from customers.operations.relating import move_links
from support import clocks
from support.models import FIRST, Case, CaseMerge, Clock, Draft, InboundMail, Message, OutgoingMail, Watcher
from support.operations.messages import mailbox_of, reporter_address
from support.operations.states import ENDED, close_case, former, put_back, reopen_case, state_of
from support.operations.story import note_event, recount
from support.operations.watching import check_family

UNDO_TIME = timedelta(days=30)


def lock_pair(source, survivor, by):
    """Both cases, locked in the order of their ids; PermissionDenied when the user may not merge one of them."""
    ids = sorted({source.pk, survivor.pk})
    rows = reachable(Case, by, "merge").filter(deleted_at__isnull=True, pk__in=ids).order_by("pk")
    found = {case.pk: case for case in rows.select_for_update(of=("self",))}
    if len(found) < len(ids):
        raise PermissionDenied
    return found[source.pk], found[survivor.pk]


@operation
def merge_cases(source, survivor, *, by, tell=False):
    """Let one case go into another and return the CaseMerge, by which it is taken back for thirty days.

    What was said and filed on the source stands on the survivor, in the order of time and with its origin; the source
    is closed and read-only. Its requester is told only with `tell`. Refused where one of both has been merged already.
    """
    source, survivor = lock_pair(source, survivor, by)
    check_pair(source, survivor)
    now, words = timezone.now(), {"source": source.number, "survivor": survivor.number}
    before, state, end = state_of(source), state_of(survivor), clocks.end_of(survivor)
    was = {"waiting": survivor.waiting_since, "replied": survivor.first_replied_at}
    moved = {"state": before, "was_part": survivor.parent_id == source.pk} | move_all(source, survivor, by)
    if waiting := Clock.objects.filter(case=source, metric=FIRST, stopped_at__isnull=True).first():
        clocks.waited_since(survivor, waiting.started_at, now, _("%(source)s was merged into this case") % words)
    clocks.cancelled([source], now, _("Merged into %(survivor)s") % words)
    ended = source.category in ENDED
    source = close_case(source, by=by, reason=_("Merged into %(survivor)s") % words, at=now)
    source, _changed = write(source, {"merged_into": survivor, "closes_at": None}, by=by, action="merge")
    if survivor.category in ENDED and not ended:
        survivor = reopen_case(survivor, by=by, at=now)
    note_event(source, _("Merged into %(survivor)s") % words, by=by, at=now)
    note_event(survivor, _("%(source)s was merged into this case") % words, by=by, at=now)
    recount([source, survivor])
    catch_up(survivor, was)
    moved |= {"survivor": [state, state_of(survivor)], "end": end}
    merge = CaseMerge.objects.create(source=source, survivor=survivor, moved=moved, at=now, by=by)
    if tell:
        tell_requester(merge)
    return merge


def check_pair(source, survivor):
    """Refuse what cannot be merged."""
    if source.pk == survivor.pk:
        refuse(_("Choose two different cases."))
    for case in (source, survivor):
        if case.merged_into_id:
            words = {"number": case.number, "other": case.merged_into.number}
            refuse(_("%(number)s was merged into %(other)s already.") % words)


def move_all(source, survivor, by):
    """Move what hangs on the source to the survivor, and return what was moved, for the way back."""
    moved = {
        "messages": move(Message.objects.filter(case=source).exclude(kind=Message.EVENT), case=survivor),
        "files": move(files_of(source), object_id=survivor.pk),
        "activities": move(activities_of(source), regarding_id=survivor.pk),
        "links": move_links(Case, source.pk, survivor.pk),
        "children": move_children(source, survivor, by),
        "watchers": unite_watchers(source, survivor),
    }
    new = Message.objects.filter(pk__in=moved["messages"], origin__isnull=True)
    moved["messages_own"] = move(new, origin=source)
    carry_mails(moved["messages"], survivor)
    busy = Draft.objects.filter(case=survivor).values("user")
    Draft.objects.filter(case=source).exclude(user__in=busy).update(case=survivor)
    moved["tags"] = [tag for tag in source.tags if tag not in survivor.tags]
    if moved["tags"]:
        changed = write(survivor, {"tags": [*survivor.tags, *moved["tags"]]}, by=by, action="merge")[0]
        survivor.tags, survivor.version = changed.tags, changed.version
    follow(survivor)
    return moved


def move(rows, **values):
    """Set the values on the rows and return their ids."""
    ids = sorted(rows.values_list("pk", flat=True))
    rows.model._base_manager.filter(pk__in=ids).update(**values)
    return ids


def files_of(case):
    """The files on a case."""
    return Attachment.objects.filter(content_type=ContentType.objects.get_for_model(Case), object_id=case.pk)


def activities_of(case):
    """The activities that belong to a case."""
    rows = Activity.objects.unscoped("they go where their case goes")
    return rows.filter(regarding_type=ContentType.objects.get_for_model(Case), regarding_id=case.pk)


def carry_mails(ids, case):
    """Let the mails of moved messages belong to the case on which these stand now."""
    OutgoingMail.objects.filter(message__in=ids).update(case=case)
    InboundMail.objects.filter(message__in=ids).update(case=case)


def move_children(source, survivor, by):
    """Let the parts of the source be parts of the survivor; a survivor that was one itself takes the source's place."""
    if survivor.parent_id == source.pk:
        survivor.parent_id = source.parent_id if source.parent_id != survivor.pk else None
        Case.objects.unscoped("it takes the source's place").filter(pk=survivor.pk).update(parent=survivor.parent_id)
    children = Case.objects.unscoped("parts go with the whole").filter(parent=source).exclude(pk=survivor.pk)
    for child in children:
        check_family(child, survivor)
    return move(children, parent=survivor)


def unite_watchers(source, survivor):
    """Let who watched the source watch the survivor, and its requester where both are of one customer."""
    there = set(survivor.watchers.values_list("user_id", "contact_id", "email"))
    wanted = set(source.watchers.values_list("user_id", "contact_id", "email"))
    if source.owner_id and source.owner_id != survivor.owner_id:
        wanted.add((source.owner_id, None, ""))
    if is_second_requester(source, survivor):
        wanted.add((None, source.contact_id, ""))
    rows = [Watcher(case=survivor, user_id=u, contact_id=c, email=e) for u, c, e in sorted(wanted - there, key=str)]
    return [watcher.pk for watcher in Watcher.objects.bulk_create(rows)]


def is_second_requester(source, survivor):
    """Whether the source's requester is another person of the same account or customer, who may read the survivor."""
    other = source.contact_id and source.contact_id != survivor.contact_id
    account = source.account_id and source.account_id == survivor.account_id
    return bool(other and (account or (source.customer_id and source.customer_id == survivor.customer_id)))


def catch_up(survivor, was):
    """Tell the survivor's clocks what the moved messages bring: a reply to it, a customer who waits."""
    replied = survivor.first_replied_at
    if was["replied"] is None and replied and replied >= survivor.created_at:
        clocks.agent_replied(survivor, replied)
    if was["waiting"] is None and survivor.waiting_since:
        clocks.customer_wrote(survivor, survivor.waiting_since)


def tell_requester(merge):
    """Put a mail to the source's requester into the outbox that says under which number it goes on."""
    source, survivor = merge.source, merge.survivor
    if not (address := reporter_address(source) or reporter_address(survivor)):
        return
    words = {"source": source.number, "survivor": survivor.number, "subject": survivor.subject}
    text = _("Your request %(source)s goes on together with %(survivor)s, “%(subject)s”. You need not do anything: "
             "answers to earlier mails reach us there.")  # fmt: skip
    OutgoingMail.objects.create(
        kind=OutgoingMail.NOTICE, case=survivor, mailbox=mailbox_of(survivor), to=address, subject=survivor.subject,
        body=text % words, key=f"merge:{merge.pk}", is_automatic=True,
    )  # fmt: skip


def is_undoable(merge, now=None):
    """Whether a merge can still be taken back."""
    return merge.undone_at is None and merge.at > (now or timezone.now()) - UNDO_TIME


@operation
def unmerge_case(merge, *, by):
    """Take a merge back and return sentences about what could not be restored, because it was changed since.

    Refused after thirty days, the second time, and while the survivor itself is merged into another case.
    """
    source, survivor = lock_pair(merge.source, merge.survivor, by)
    current = CaseMerge.objects.select_for_update().get(pk=merge.pk)
    if not is_undoable(current) or source.merged_into_id != survivor.pk:
        refuse(_("This merge cannot be taken back any more; that goes for thirty days."))
    if survivor.merged_into_id:
        refuse(_("%(number)s was merged itself. Take that back first.") % {"number": survivor.number})
    now, left = timezone.now(), move_back(current, source, survivor, by)
    values = former(current.moved["state"]) | {"merged_into": None}
    source, _changed = write(source, values, by=by, action="merge")
    ends_again = put_back(survivor, current.moved.get("survivor"), by=by, at=now, action="merge")
    note_event(source, _("The merge into %(number)s was taken back") % {"number": survivor.number}, by=by, at=now)
    text = _("The merge of %(number)s was taken back") % {"number": source.number}
    note_event(survivor, "\n".join([text, *left]), by=by, at=now)
    recount([source, survivor])
    follow(source)
    clocks.waits_anew(survivor, current.at, now, text)
    if ends_again:
        if end := current.moved.get("end"):
            clocks.end_as_before(survivor, end, now, text)
        clocks.status_changed([survivor], current.at)
    if source.category not in ENDED:
        clocks.promise_changed(source, now, _("The merge was taken back"))
    CaseMerge.objects.filter(pk=current.pk).update(undone_at=now)
    return left


def move_back(merge, source, survivor, by):
    """Give the source back what a merge took and nobody moved on since; returns sentences about the rest."""
    moved, left = merge.moved, []
    messages = Message.objects.filter(pk__in=moved["messages"], case=survivor)
    back = {
        "messages": move(messages, case=source),
        "files": move(files_of(survivor).filter(pk__in=moved["files"]), object_id=source.pk),
        "activities": move(activities_of(survivor).filter(pk__in=moved["activities"]), regarding_id=source.pk),
        "children": move(
            Case.objects.unscoped("parts go with the whole").filter(pk__in=moved["children"], parent=survivor),
            parent=source,
        ),
    }  # fmt: skip
    ActivityLink.objects.filter(pk__in=moved.get("links", ())).update(object_id=source.pk)
    Message.objects.filter(pk__in=moved["messages_own"], case=source).update(origin=None)
    carry_mails(back["messages"], source)
    Watcher.objects.filter(pk__in=moved["watchers"], case=survivor).delete()
    if moved["was_part"]:
        back_to_part(source, survivor)
    words = {
        "messages": _("messages"), "files": _("files"), "activities": _("activities"), "children": _("parts"),
    }  # fmt: skip
    for name, ids in back.items():
        if gone := len(moved[name]) - len(ids):
            left.append(_("Not restored, because changed since: %(n)s %(what)s") % {"n": gone, "what": words[name]})
    tags = [tag for tag in survivor.tags if tag not in moved["tags"]]
    if tags != survivor.tags:
        survivor.tags = write(survivor, {"tags": tags}, by=by, action="merge")[0].tags
    return left + since(merge, survivor)


def back_to_part(source, survivor):
    """Let the survivor be a part of the source again, unless it was put elsewhere since."""
    there = source.parent_id if source.parent_id != survivor.pk else None
    rows = Case.objects.unscoped("as it was before the merge").filter(pk=survivor.pk, parent=there)
    if rows.update(parent=source):
        survivor.parent_id = source.pk


def since(merge, survivor):
    """A sentence about what was said on the survivor after the merge: it belongs to neither alone and stays."""
    said = Message.objects.filter(case=survivor, at__gt=merge.at).exclude(kind=Message.EVENT)
    count = said.exclude(pk__in=merge.moved["messages"]).count()
    if not count:
        return []
    text = ngettext(
        "%(n)s message written since stays on %(number)s.", "%(n)s messages written since stay on %(number)s.", count
    )
    return [text % {"n": count, "number": survivor.number}]


def likely_duplicates(case, user, limit=10, now=None):
    """Cases of the last thirty days that may be the same, the likeliest first, each with `reasons` and `likeness`."""
    alike = TrigramSimilarity("search_text", Fold(Value(case.subject)))
    rows = Case.objects.visible_to(user, "merge").filter(merged_into__isnull=True, is_spam=False).exclude(pk=case.pk)
    rows = rows.filter(created_at__gt=(now or timezone.now()) - UNDO_TIME)
    same = Q(search_text__trigram_similar=Fold(Value(case.subject)))
    points = alike * Value(3.0)
    for field, worth in (("contact_id", 2.0), ("customer_id", 0.7), ("account_id", 0.7)):
        if pk := getattr(case, field):
            same |= Q(**{field: pk})
            points += When(If(**{field: pk}, then=Value(worth)), default=Value(0.0), output_field=FloatField())
    rows = rows.filter(same).annotate(alike=alike, likeness=points).order_by(F("likeness").desc(), "-pk")
    found = list(rows.select_related("status", "contact", "owner")[:limit])
    for other in found:
        other.reasons = reasons(case, other)
    return found


def reasons(case, other):
    """Why another case may be the same, in words."""
    found = []
    if case.contact_id and case.contact_id == other.contact_id:
        found.append(_("same person"))
    elif case.customer_id and case.customer_id == other.customer_id:
        found.append(_("same customer"))
    if other.alike >= 0.3:
        found.append(_("subject %(n)s %% alike") % {"n": round(100 * other.alike)})
    return found
