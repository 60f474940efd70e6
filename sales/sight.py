"""Whose forecast a user sees: one's own, and the teams below; never a peer's.

It follows from how far the user's roles open deals: all of them, the user's teams and what is below, or the user alone.
Who sees a team's deals without standing above it sees of its forecast only the own part, unless the team is theirs to
manage.
"""

from dataclasses import dataclass, field

from django.http import Http404

from crm_site.core.models import ALL, NONE, SUBTREE, TEAM, Team
from crm_site.core.scope import teams_within
from sales.models import Opportunity
from sales.rollup import Scope


@dataclass
class Sight:
    """What one user sees: teams by id with their names, managers and children, and which of them are within reach."""

    user: object
    everybody: bool = False
    teams: dict = field(default_factory=dict)
    children: dict = field(default_factory=dict)
    within: set = field(default_factory=set)
    mine: set = field(default_factory=set)

    @property
    def roots(self):
        """The uppermost teams within reach, by name."""
        top = [t for t in self.within if self.teams[t].parent_id not in self.within]
        return sorted(top, key=lambda team: self.teams[team].name)

    @property
    def named(self):
        """(id, name) of all teams within reach, by name."""
        return sorted(((pk, self.teams[pk].name) for pk in self.within), key=lambda pair: pair[1])

    def below(self, team):
        """The team and all below it, as ids."""
        found = [team]
        for one in found:
            found += self.children.get(one, ())
        return found

    def scope(self, team=None):
        """The Scope of a team and all below it, or of everything within reach; no such page for another's team."""
        if team is not None:
            if team not in self.within:
                raise Http404
            return Scope(teams=tuple(self.below(team)))
        if self.everybody:
            return Scope(everybody=True)
        return Scope(teams=tuple(sorted(self.within)), owner=self.user.pk)

    def may_adjust(self, *, owner=None, team=None):
        """Whether the user may adjust the number of an owner within a team, or of a team: the own, or what is below."""
        reach = self.user.reach(Opportunity, "change")
        if owner is not None and owner == self.user.pk:
            return reach != NONE
        return reach == ALL or (reach == SUBTREE and team in self.within)


def sight_of(user):
    """What the user sees; two statements. No such page for whom no role opens deals, and for people of partners."""
    reach = user.reach(Opportunity, "view")
    if reach == NONE or user.partner_id is not None:
        raise Http404
    found = Sight(user, everybody=reach == ALL, teams=Team.objects.only("name", "parent", "manager").in_bulk())
    for team in sorted(found.teams.values(), key=lambda team: team.name):
        found.children.setdefault(team.parent_id, []).append(team.pk)
    found.mine = set(teams_within(user, TEAM))
    if reach == ALL:
        found.within = set(found.teams)
    elif reach == SUBTREE:
        found.within = {below for team in found.mine for below in found.below(team)}
    elif reach == TEAM:
        found.within = {team for team in found.mine if found.teams[team].manager_id == user.pk}
    return found
