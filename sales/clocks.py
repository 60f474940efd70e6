"""The clocks of leads: whoever leaves a new lead without an answer is told, and then somebody else gets it."""

from django.utils import timezone
from django.utils.translation import gettext as _

from crm_site.core.loading import insert_many
from crm_site.core.notifications import notify
from crm_site.core.operations import operation
from crm_site.core.worktime import add_minutes, default_hours
from sales.models import AssignmentDecision, Lead
from sales.operations.assignment import clocks, decided, hand_out, locked_turns

BATCH = 100


def run_escalations():
    """Deal with every lead whose moment of escalation has come, each once however many workers do this; how many."""
    count = 0
    while done := escalate_batch(by=None):
        count += done
    return count


@operation
def escalate_batch(*, by):
    """Claim some due leads and tell of them, or give them to somebody else; returns how many were claimed."""
    now = timezone.now()
    rows = Lead.objects.unscoped("the clock runs for everybody").filter(escalate_at__lte=now, deleted_at__isnull=True)
    due = list(rows.select_for_update(skip_locked=True, of=("self",)).order_by("escalate_at", "pk")[:BATCH])
    if not due:
        return 0
    waiting = [lead for lead in due if lead.responded_at is None and lead.status in Lead.OPEN]
    settle({lead.pk for lead in due} - {lead.pk for lead in waiting}, escalate_at=None)
    last = latest_decisions(waiting)
    hours = default_hours()
    for lead in waiting:
        decision = last.get(lead.pk)
        rule = decision and decision.rule
        if rule is None or not rule.escalate_minutes:
            settle({lead.pk}, escalate_at=None)
        elif lead.escalated_at is None:
            warn(lead, rule, now, hours)
        else:
            pass_on(lead, rule, now, hours, by)
    return len(due)


def settle(ids, **values):
    """Set clocks; they are no change of a lead that anybody edits."""
    if ids:
        Lead.objects.unscoped("clocks").filter(pk__in=ids).update(**values)


def latest_decisions(leads):
    """{lead id: its latest decision, with the rule}; one statement."""
    rows = AssignmentDecision.objects.filter(lead__in=leads).order_by("lead", "-id").distinct("lead")
    return {row.lead_id: row for row in rows.select_related("rule__escalate_to", "rule__team__manager")}


def warn(lead, rule, now, hours):
    """Tell the owner and who is named by the rule, or the queue's manager; the lead is looked at once more."""
    told = {lead.owner_id, rule.escalate_to_id or (rule.team and rule.team.manager_id)} - {None}
    text = _("Nobody has answered the lead %(name)s yet.") % {"name": lead}
    key = f"lead_late:{lead.pk}:{lead.escalate_at.timestamp():.0f}"
    notify([{"user_id": pk, "text": text, "url": f"/leads/{lead.pk}/", "key": key} for pk in sorted(told)])
    settle({lead.pk}, escalated_at=now, escalate_at=add_minutes(now, rule.escalate_minutes, hours))


def pass_on(lead, rule, now, hours, by):
    """Give the lead to the next member who did not have it yet; when all had it, it waits in the queue for good."""
    before = AssignmentDecision.objects.filter(lead=lead, rule=rule, owner__isnull=False)
    had = {*before.values_list("owner", flat=True), lead.owner_id}
    turn = locked_turns({rule.pk}, hours)[rule.pk]
    member, skipped = turn.next(now, but=had)
    decision = decided(lead, rule, member, [], skipped, now)
    decision.why = _("Not answered in time, so it was taken from %(owner)s.") % {"owner": lead.owner or _("the queue")}
    due = clocks([rule], now, hours)
    if member is None:
        due[rule.pk] = (lead.respond_by, None)
    else:
        type(rule).objects.filter(pk=rule.pk).update(cursor=turn.cursor)
    hand_out([lead], [decision], due, by=by)
    insert_many(AssignmentDecision, [decision])
