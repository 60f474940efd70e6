"""Operations on assignment rules: what they ask, to whom they give leads, and their order."""

from django.core.exceptions import PermissionDenied

from crm_site.core.operations import last_place, move_row, operation
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
        rule.order = last_place(AssignmentRule)
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
    move_row(rule, step)
    return rule
