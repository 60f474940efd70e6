"""Who gets a lead: the rules in their order, the members in their turn, and each decision kept with its reasons."""

from collections import Counter, defaultdict
from datetime import timedelta

from django.db.models import Count, prefetch_related_objects
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm_site.core.loading import fresh, insert_many
from crm_site.core.models import User
from crm_site.core.notifications import notify
from crm_site.core.operations import operation, write_many
from crm_site.core.worktime import add_minutes, default_hours
from customers.models import Contact
from customers.operations.following import follow_contacts
from sales.conditions import LINKS, failed, said_all
from sales.models import AssignmentDecision, AssignmentRule, Lead
from sales.operations.leads import follow_leads
from sales.turns import Turn

# So many new leads are told of one by one; more make one message.
FEW = 5
DRY_LIMIT = 20_000


@operation
def assign_leads(leads, *, by):
    """Give open leads without an owner to whom the rules name, and return the decisions in order.

    The first rule whose conditions hold decides; its next member who can takes the lead, and where nobody can it waits
    in the rule's queue. The rules in question stay locked until the transaction ends, so that turns are never given
    twice. The number of statements grows with rules and members, not with leads. The given leads are kept up to date.
    """
    leads = [lead for lead in leads if lead.owner_id is None and lead.status in Lead.OPEN]
    rules = active_rules() if leads else []
    if not rules:
        return []
    prefetch_related_objects(leads, *LINKS)
    chosen = [choose(lead, rules) for lead in leads]
    now, hours = timezone.now(), default_hours()
    turns = locked_turns({rule.pk for rule, _rejected in chosen if rule}, hours)
    made = []
    for lead, (rule, rejected) in zip(leads, chosen, strict=True):
        member, skipped = turns[rule.pk].next(now) if rule else (None, [])
        made.append(decided(lead, rule, member, rejected, skipped, now))
    for pk, turn in turns.items():
        AssignmentRule.objects.filter(pk=pk).update(cursor=turn.cursor)
    hand_out(leads, made, clocks(rules, now, hours), by=by)
    return insert_many(AssignmentDecision, made)


def active_rules():
    """The rules in use, in order."""
    return list(AssignmentRule.objects.filter(is_active=True).order_by("order", "id"))


def choose(lead, rules):
    """(the first rule whose conditions hold or None, [{rule, name, why}] of those before it)."""
    rejected = []
    for rule in rules:
        why = failed(rule.conditions, lead)
        if not why:
            return rule, rejected
        rejected.append({"rule": rule.pk, "name": rule.name, "why": why})
    return None, rejected


def locked_turns(rules, hours):
    """{rule id: Turn} of rules that nobody else hands out leads by until the transaction ends."""
    rows = AssignmentRule.objects.select_for_update(of=("self",)).filter(pk__in=rules).order_by("pk")
    found = list(rows)
    prefetch_related_objects(found, "members__user")
    limited = {member.user_id for rule in found for member in rule.members.all() if member.capacity is not None}
    if limited:
        # Two rules may have a member in common, whose open leads are counted below.
        list(User.objects.select_for_update(no_key=True, of=("self",)).filter(pk__in=limited).order_by("pk"))
    loads = open_loads(limited)
    return {rule.pk: Turn(list(rule.members.all()), rule.cursor, hours, loads) for rule in found}


def open_loads(users):
    """{user id: number of open leads}; one statement."""
    if not users:
        return {}
    rows = Lead.objects.unscoped("a limit counts all leads of a member").filter(
        owner__in=users, status__in=Lead.OPEN, deleted_at__isnull=True
    )
    return dict(rows.order_by().values_list("owner").annotate(Count("pk")))


def decided(lead, rule, member, rejected, skipped, now):
    """The decision about a lead, not yet saved, with its sentence."""
    name, count = rule.name if rule else "", len(skipped)
    words = {"rule": name, "conditions": said_all(rule.conditions) if rule else "", "count": count}
    if member:
        why = _("Rule “%(rule)s” fits (%(conditions)s), and it was their turn.") % words
        if count:
            why += " " + ngettext("%(count)s was passed over.", "%(count)s were passed over.", count) % words
    elif rule:
        why = _("Rule “%(rule)s” fits (%(conditions)s), but nobody was free; it waits in the queue.") % words
    else:
        why = _("No rule fits; it waits in the queue.")
    return fresh(
        AssignmentDecision, lead_id=lead.pk, rule_id=rule and rule.pk, rule_name=name, why=why[:500],
        owner_id=member and member.user_id,
        rejected=rejected, skipped=skipped, at=now,
    )  # fmt: skip


def clocks(rules, now, hours):
    """{rule id: (first answer due, moment of the first escalation)}, None where a rule sets none."""
    found = {}
    for rule in rules:
        moments = (rule.respond_minutes, rule.escalate_minutes)
        found[rule.pk] = tuple(add_minutes(now, count, hours) if count else None for count in moments)
    return found


def hand_out(leads, decisions, due, *, by):
    """Write what was decided: a few statements for each rule and member."""
    groups, people = defaultdict(list), users_of(decisions)
    queues = dict(AssignmentRule.objects.filter(pk__in=due).values_list("pk", "team"))
    for lead, decision in zip(leads, decisions, strict=True):
        groups[decision.rule_id, decision.owner_id].append(lead)
    for (rule, owner), rows in groups.items():
        if rule is None:
            continue
        user = people.get(owner)
        team = user.team_id if user else queues.get(rule)
        values = {"owner": user, "respond_by": due[rule][0], "escalate_at": due[rule][1], "escalated_at": None}
        give(rows, values | ({"team_id": team} if team or user else {}), by)
        if user:
            tell(user, rows)
    follow_leads([lead.pk for lead in leads])


def users_of(decisions):
    """{id: user} of the new owners; one statement."""
    return User.objects.in_bulk({decision.owner_id for decision in decisions if decision.owner_id})


def give(leads, values, by):
    """Write the same values to these leads, and give their people without an owner the same one."""
    rows = Lead.objects.unscoped("the rules hand out the company's leads").filter(pk__in=[lead.pk for lead in leads])
    write_many(rows, values, by=by)
    for lead in leads:
        for name, value in values.items():
            setattr(lead, name, value)
        lead.version += 1
    if values["owner"]:
        people = Contact.objects.unscoped("who inquires belongs to who answers").filter(
            pk__in={lead.contact_id for lead in leads}, owner__isnull=True, deleted_at__isnull=True
        )
        ids = list(people.values_list("pk", flat=True))
        write_many(people, {"owner": values["owner"], "team_id": values["team_id"]}, by=by)
        follow_contacts(ids)


def tell(user, leads):
    """Notify an owner of new leads: one by one when they are few."""
    if len(leads) <= FEW:
        rows = [
            {"user_id": user.pk, "text": _("New lead: %(name)s") % {"name": lead}, "url": f"/leads/{lead.pk}/",
             "key": f"lead:{lead.pk}:{lead.version}"}
            for lead in leads
        ]  # fmt: skip
    else:
        text = _("%(count)s new leads are yours.") % {"count": len(leads)}
        first, last = min(lead.pk for lead in leads), max(lead.pk for lead in leads)
        rows = [{"user_id": user.pk, "text": text, "url": "/leads/", "key": f"leads:{first}:{last}:{len(leads)}"}]
    notify(rows)


def dry_run(days=30, *, user=None):
    """What the rules as they are would have done with the leads of the last days: [(lead, rule or None, user or None)].

    Nothing is written. Days off and hours count as of each lead's arrival; capacities are left out of account, because
    nobody knows what was open then. Of more than DRY_LIMIT leads the newest count. With `user`, those that they see.
    """
    rows = Lead.objects.visible_to(user) if user else Lead.objects.unscoped("the company's own rules")
    since = timezone.now() - timedelta(days=days)
    rows = rows.filter(created_at__gte=since, deleted_at__isnull=True).select_related(*LINKS)
    leads = sorted(rows.order_by("-id")[:DRY_LIMIT], key=lambda lead: (lead.created_at, lead.pk))
    rules, hours = active_rules(), default_hours()
    prefetch_related_objects(rules, "members__user")
    turns = {rule.pk: Turn(list(rule.members.all()), rule.cursor, hours, None) for rule in rules}
    found = []
    for lead in leads:
        rule, _rejected = choose(lead, rules)
        member = turns[rule.pk].next(lead.created_at)[0] if rule else None
        found.append((lead, rule, member.user if member else None))
    return found


def counted(found):
    """[{rule, total, members: [(user or None, count)]}] of a dry run, in the rules' order, no rule last."""
    counts, rules = defaultdict(Counter), {}
    for _lead, rule, user in found:
        rules[rule.pk if rule else None] = rule
        counts[rule.pk if rule else None][user] += 1
    rows = [
        {"rule": rules[pk], "total": sum(members.values()), "members": members.most_common()}
        for pk, members in counts.items()
    ]
    places = {rule.pk: place for place, rule in enumerate(active_rules())}
    return sorted(rows, key=lambda row: places.get(row["rule"] and row["rule"].pk, len(places)))
