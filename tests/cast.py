"""The small fixed cast that every test knows: who they are, which team they are in, what their role opens.

Sales ── North        Alice the rep; Bob manages Sales and with it North and South
      └─ South ── Far South      Charlie the rep
Service               Dora the support agent
Mia (marketing), Audrey (auditor), Rita (administrator), Nora (staff without a role), Pat (partner), Paula (portal)
"""

import importlib
import pkgutil
from dataclasses import dataclass
from functools import cache

from allauth.mfa.models import Authenticator
from django.apps import apps
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group

from crm_site.core import roles
from crm_site.core.models import Membership, RoleScope, Team, User

PASSWORD = "a-password-of-the-tests"
ACTORS = ("alice", "bob", "charlie", "dora", "mia", "audrey", "rita", "paula", "nora", "pat")
HOLDERS = {
    "alice": roles.REP, "bob": roles.MANAGER, "charlie": roles.REP, "dora": roles.AGENT, "mia": roles.MARKETING,
    "audrey": roles.AUDITOR, "rita": roles.ADMINISTRATOR, "pat": roles.PARTNER,
}  # fmt: skip

_hashed = cache(make_password)


@dataclass
class Cast:
    """The people and teams of a test."""

    sales: Team
    north: Team
    south: Team
    far_south: Team
    service: Team
    alice: User
    bob: User
    charlie: User
    dora: User
    mia: User
    audrey: User
    rita: User
    paula: User
    nora: User
    pat: User

    def __iter__(self):
        """The users, in a fixed order."""
        return (getattr(self, name) for name in ACTORS)


def make_cast():
    """Make the teams and the people, and the shipped roles when a flush took them away; returns the Cast."""
    ship_roles()
    sales = Team.objects.create(name="Sales")
    north, south = (Team.objects.create(name=name, parent=sales) for name in ("North", "South"))
    far_south, service = Team.objects.create(name="Far South", parent=south), Team.objects.create(name="Service")
    people = {
        "alice": _user("Alice", north),
        "bob": _user("Bob", sales),
        "charlie": _user("Charlie", south),
        "dora": _user("Dora", service),
        "mia": _user("Mia"),
        "audrey": _user("Audrey"),
        "rita": _user("Rita", is_superuser=True, is_staff=True),
        "paula": _user("Paula", door=User.PORTAL),
        "nora": _user("Nora"),
        "pat": _user("Pat"),
    }
    User.objects.bulk_create(people.values())
    Membership.objects.bulk_create(Membership(user=user, team=user.team) for user in people.values() if user.team)
    groups = dict(Group.objects.values_list("name", "pk"))
    holds = User.groups.through
    holds.objects.bulk_create(holds(user=people[name], group_id=groups[role]) for name, role in HOLDERS.items())
    # The administration opens only to who has a second factor.
    Authenticator.objects.create(user=people["rita"], type=Authenticator.Type.TOTP, data={})
    Team.objects.filter(pk=sales.pk).update(manager=people["bob"])
    return Cast(sales, north, south, far_south, service, **people)


def person(name, team, role):
    """Make one user more, member of the team and holder of the role."""
    user = _user(name, team)
    user.save()
    Membership.objects.create(user=user, team=team)
    user.groups.add(Group.objects.get(name=role))
    return user


def _user(name, team=None, **fields):
    fields |= {"first_name": name, "last_name": "Tester", "team": team, "password": _hashed(PASSWORD)}
    return User(email=f"{name.lower()}@kith.test", **fields)


def writer(kind, cast):
    """Somebody of the cast who may make, change and delete records of the kind: Alice where she may."""
    users = (cast.alice, cast.mia, cast.bob, cast.rita)
    return next(u for u in users if all(u.reach(kind.model, a) != "none" for a in ("add", "change", "delete")))


def grant(user, model, **reaches):
    """Give a user a role of their own with these reaches, as grant(nora, Account, view="own"); returns a fresh user."""
    role = Group.objects.create(name=f"Role {Group.objects.count()} of {user.first_name}")
    RoleScope.objects.bulk_create(
        RoleScope(role=role, kind=model._meta.label_lower, action=action, reach=reach)
        for action, reach in reaches.items()
    )
    user.groups.add(role)
    return User.objects.get(pk=user.pk)


def ship_roles():
    """Write the shipped roles, pipeline and the like as the apps' migrations do, when they are not there."""
    if RoleScope.objects.exists():
        return
    for app in apps.get_app_configs():
        try:
            package = importlib.import_module(f"{app.name}.migrations")
        except ModuleNotFoundError:
            continue
        folders = getattr(package, "__path__", [])
        for module in sorted(name for _finder, name, _is_package in pkgutil.iter_modules(folders)):
            migration = importlib.import_module(f"{package.__name__}.{module}")
            if hasattr(migration, "ship"):
                migration.ship(apps, None)
            if hasattr(migration, "arrange"):
                migration.arrange(apps, None)
