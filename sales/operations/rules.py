"""Operations on assignment rules: what they ask, to whom they give leads, and their order."""

from django.core.exceptions import PermissionDenied
from django.db.models import Max

from crm_site.core.operations import operation
from sales.models import AssignmentRule, RuleMember
from sales.rights import may_arrange


def check_arranger(by):
    """Only who hands out other people's leads says how they are handed out."""
    if by is not None and not may_arrange(by):
        raise PermissionDenied


@operation
def save_rule(rule, members, *, by):
    """Write a rule, new or known, with its members in order: [{"user" (id), "capacity", …}]; returns it.

    A new one comes last. Members who stay keep their row, so that the turn goes on where it was.
    """
    check_arranger(by)
    if rule.pk is None:
        rule.order = 1 + (AssignmentRule.objects.aggregate(last=Max("order"))["last"] or 0)
    rule.save()
    rule.members.exclude(user__in=[row["user"] for row in members]).delete()
    for place, row in enumerate(members):
        values = {name: value for name, value in row.items() if name != "user"} | {"order": place}
        member, _made = RuleMember.objects.get_or_create(rule=rule, user_id=row["user"], defaults=values)
        if any(getattr(member, name) != value for name, value in values.items()):
            RuleMember.objects.filter(pk=member.pk).update(**values)
    return rule


@operation
def move_rule(rule, step, *, by):
    """Put a rule one place up (-1) or down (1) in the list and return it; at the end nothing happens."""
    check_arranger(by)
    rules = list(AssignmentRule.objects.select_for_update().order_by("order", "id"))
    place = rules.index(rule)
    other = place + step
    if 0 <= other < len(rules):
        rules[place], rules[other] = rules[other], rules[place]
    for number, one in enumerate(rules, 1):
        if one.order != number:
            AssignmentRule.objects.filter(pk=one.pk).update(order=number)
    return rule
