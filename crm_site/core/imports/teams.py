"""Teams and managers that a file of users names: made where they are missing."""

from collections import defaultdict

from crm_site.core.models import Membership, Team, User

from .plan import fold


def people_above(rows):
    """[(whole name, first, last)] of the managers whom rows name and who are neither users nor among the rows."""
    named = {fold(row["manager"]): row["manager"].strip() for row in rows if row.get("manager")}
    named = {key: name for key, name in named.items() if key not in {fold(whole(row)) for row in rows}}
    users = User.objects.filter(last_name__in=[name.rpartition(" ")[2] for name in named.values()])
    known = {fold(user.get_full_name()) for user in users}
    return [(name, *name.rpartition(" ")[::2]) for key, name in sorted(named.items()) if key not in known]


def whole(row):
    """First and last name of a row."""
    return f"{row.get('first_name') or ''} {row.get('last_name') or ''}".strip()


def arrange_teams(rows):
    """{number of the row: its team}; teams that rows name are made.

    Where the people of a team have one manager, that is the team's. Where they have several, each manager gets a team
    of their own below it. A manager who has no team yet joins the one managed.
    """
    managers = defaultdict(set)
    for row in rows:
        if row.get("team"):
            managers[row["team"]].add((row.get("manager") or "").strip())
    people = {fold(user.get_full_name()): user for user in User.objects.filter(is_active=True, door=User.STAFF)}
    found = {}
    for name, leads in managers.items():
        top = team_of(name, None, people.get(fold(next(iter(leads)))) if len(leads) == 1 else None)
        for lead in leads:
            below = lead and len(leads) > 1
            found[name, lead] = team_of(f"{name} · {lead}"[:100], top, people.get(fold(lead))) if below else top
    return {n: found[row["team"], (row.get("manager") or "").strip()] for n, row in enumerate(rows) if row.get("team")}


def team_of(name, parent, manager):
    """The team of that name, made unless it is there; its manager is set where it has none."""
    team, _made = Team.objects.get_or_create(name=name, defaults={"parent": parent})
    if manager and team.manager_id is None:
        Team.objects.filter(pk=team.pk).update(manager=manager)
        Membership.objects.get_or_create(user=manager, team=team)
        User.objects.filter(pk=manager.pk, team__isnull=True).update(team=team)
    return team
