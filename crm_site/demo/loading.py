"""Loads the demo company: users with passwords of their own, then records through the operations, then their dates."""

import json
import os
import random
import secrets

import pghistory
from django.conf import settings
from django.contrib.auth.models import Group
from django.db import connection, transaction

from crm_site.core import roles
from crm_site.core.history import event_models
from crm_site.core.models import Membership, Record, SavedView, Setting, Team, User
from crm_site.demo import helping, people, selling, talk

DOMAIN = "corvina.example"
# First name, last name, role, team, title. The first one may do everything.
CAST = [
    ("Matilda", "Corvina", roles.ADMINISTRATOR, "Corvina", "Office and systems"),
    ("Aurelio", "Brandis", roles.MANAGER, "Corvina", "Head of sales"),
    ("Liv", "Sandström", roles.REP, "Sales North", "Account manager, Nordics and Poland"),
    ("Konrad", "Weiß", roles.REP, "Sales North", "Account manager, Germany"),
    ("Gwen", "Hollis", roles.REP, "Sales North", "Account manager, United Kingdom"),
    ("Émile", "Charron", roles.REP, "Sales South", "Account manager, France and Switzerland"),
    ("Paz", "Ordóñez", roles.REP, "Sales South", "Account manager, Spain and Italy"),
    ("Tobias", "Kern", roles.LEAD, "Service", "Head of service"),
    ("Rosa", "Bellini", roles.AGENT, "Service", "Service desk"),
    ("Nadia", "Fournier", roles.MARKETING, "Marketing", "Campaigns and fairs"),
    ("Walter", "Arnsberg", roles.PARTNER, "Sales North", "Kaffeetechnik Arnsberg"),
    ("Ingrid", "Palm", roles.AUDITOR, "Corvina", "Auditor"),
]
TEAMS = {
    "Corvina": None,
    "Sales North": "Corvina",
    "Sales South": "Corvina",
    "Service": "Corvina",
    "Marketing": "Corvina",
}
TERRITORIES = {"SE": 2, "PL": 2, "DE": 3, "GB": 4, "FR": 5, "CH": 5, "ES": 6, "IT": 6}
VIEWS = [
    ("customers.customer", 1, "Active customers", "status=active", SavedView.PUBLIC),
    ("customers.customer", 1, "Prospects, newest first", "status=prospect&sort=new", SavedView.PUBLIC),
    ("customers.account", 1, "Partners", "is_partner=true", SavedView.PUBLIC),
    ("customers.contact", 9, "Met at the fair", "source=Trade+fair", SavedView.PUBLIC),
    ("customers.activity", 7, "Overdue in service", "due=overdue", SavedView.TEAM),
]
REPS_VIEWS = [
    ("customers.activity", "My open tasks", "mine=true&status=open", SavedView.PRIVATE),
    ("customers.customer", "My key accounts", "mine=true&tag=key+account", SavedView.PRIVATE),
]


def is_there():
    """Whether the demo company is loaded."""
    return User.objects.filter(is_demo=True).exists()


@transaction.atomic
def load():
    """Load the demo company and write its sign-ins; returns {what: how many}. Dates are counted back from today."""
    with pghistory.context(door="demo"):
        users, passwords = make_users()
        choose = random.Random("corvina")  # noqa: S311 - the same company every time, nothing secret
        parties = people.make(users[0], {code: users[n] for code, n in TERRITORIES.items()}, choose)
        take_in_partner(users[people.OUTSIDER], parties["accounts"])
        activities = talk.make(users, parties, choose)
        sold = selling.make(users, parties, choose)
        helped = helping.make(users, parties, sold["products"], choose)
        guests = helping.let_in(helped["cases"])
        SavedView.objects.bulk_create([
            SavedView(kind=kind, owner=users[n], name=name, query=query, visibility=seen, team=users[n].team)
            for kind, n, name, query, seen in VIEWS + [(k, n, *rest) for n in talk.REPS for k, *rest in REPS_VIEWS]
        ])  # fmt: skip
        date_back(users[0])
    transaction.on_commit(lambda: write_sign_ins(users, passwords, guests))
    made = {"users": users, **parties, "activities": activities, **sold, **helped}
    return {name: len(rows) for name, rows in made.items()}


def make_users():
    """The users in the order of CAST, and their passwords; the teams are remembered for the removal."""
    teams = {}
    for name, parent in TEAMS.items():
        teams[name] = Team.objects.create(name=free_name(name), parent=teams.get(parent))
    Setting.objects.update_or_create(pk="demo", defaults={"value": {"teams": [team.pk for team in teams.values()]}})
    users, passwords = [], []
    for first, last, role, team, title in CAST:
        passwords.append(secrets.token_urlsafe(9))
        email = f"{first}.{last}".lower().translate(str.maketrans("éößñóä", "eosnoa")) + f"@{DOMAIN}"
        user = User.objects.create_user(
            email, passwords[-1], first_name=first, last_name=last, team=teams[team], job_title=title, is_demo=True,
            is_superuser=role == roles.ADMINISTRATOR, is_staff=role == roles.ADMINISTRATOR,
        )  # fmt: skip
        user.groups.add(Group.objects.get(name=role))
        users.append(user)
    Membership.objects.bulk_create([Membership(user=user, team=user.team) for user in users])
    for team, leader in {"Corvina": 1, "Service": 7, "Marketing": 9, "Sales North": 3, "Sales South": 5}.items():
        Team.objects.filter(pk=teams[team].pk).update(manager=users[leader])
    return users, passwords


def take_in_partner(user, accounts):
    """Let a user work for the partner that bears their company's name."""
    user.partner = next(account for account in accounts if account.name == user.job_title)
    user.save(update_fields=["partner"])


def free_name(name):
    """The team's name, or a longer one where somebody has a team of that name already."""
    return f"{name} (demo)" if Team.objects.filter(name=name).exists() else name


def date_back(author):
    """Let the history say that each record began when it was created, and changed last when the story says."""
    for event in event_models():
        model = event.pgh_tracked_model
        if issubclass(model, Record):
            own, log = model._meta.db_table, event._meta.db_table
            with connection.cursor() as cursor:
                cursor.execute(
                    f"UPDATE {log} e SET pgh_created_at = r.created_at FROM {own} r"  # noqa: S608 - names of tables
                    " WHERE e.pgh_obj_id = r.id AND e.pgh_label = 'insert' AND r.created_by_id = %s",
                    [author.pk],
                )


def write_sign_ins(users, passwords, guests):
    """Keep the passwords where only the owner of this installation reads them; the launcher prints them."""
    rows = [
        {"role": role, "email": user.email, "password": password}
        for (_first, _last, role, _team, _title), user, password in zip(CAST, users, passwords, strict=True)
    ]
    write_private(rows + [{"role": role, "email": user.email, "password": word} for role, user, word in guests])


def sign_ins():
    """The file of the sign-ins."""
    return settings.ENV.state / "demo-sign-ins.json"


def write_private(rows):
    """Write the sign-ins, readable by nobody else from the first moment on."""
    sign_ins().unlink(missing_ok=True)
    with os.fdopen(os.open(sign_ins(), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(rows, file, indent=1)
