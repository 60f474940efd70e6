"""How the rows of a file become users; administrators only."""

import re

from django.contrib.auth.models import Group
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm_site.core import roles
from crm_site.core.models import Membership, User
from crm_site.core.operations import operation

from .plan import fold
from .registry import Importer, Target, external_id, register
from .teams import arrange_teams, people_above

FIELDS = ("first_name", "last_name", "email", "job_title", "time_zone", "is_active")


def user_targets():
    """Where a column of a file of users may go."""
    return [
        external_id("user id", "userid"),
        Target("email", gettext_lazy("E-mail"), "email", ("user name", "username", "login"), required=True),
        Target("first_name", gettext_lazy("First name"), limit=100),
        Target("last_name", gettext_lazy("Last name"), limit=100),
        Target("full_name", gettext_lazy("Whole name"), aliases=("user", "sales agent", "agent"), limit=200),
        Target("job_title", gettext_lazy("Job title"), limit=100),
        Target("team", gettext_lazy("Team"), aliases=("regional office",), limit=100),
        Target("manager", gettext_lazy("Manager"), aliases=("reports to", "supervisor"), limit=100),
        Target("is_active", gettext_lazy("Active"), "boolean"),
        Target("time_zone", gettext_lazy("Time zone"), limit=50),
    ]


def prepare_user(draft, run):
    """One address; a whole name that stands in the column for the last name is split at its last word.

    Who has no address is the user of that name, or gets one that no mail reaches, to be corrected later.
    """
    values = draft.values
    values["email"] = (values.get("email") or [""])[0]
    whole = values.pop("full_name", "")
    first, last = values.get("first_name", ""), values.get("last_name", "")
    if not first and " " in (whole or last):
        first, _space, last = (whole or last).rpartition(" ")
    values["first_name"], values["last_name"] = first, last or whole
    name = f"{values['first_name']} {values['last_name']}".strip()
    if not values["email"] and name:
        known = run.people.by_name.get(fold(name), [])
        values["email"] = known[0].email if len(known) == 1 else address_for(name)
        if len(known) != 1:
            draft.warn("", _("There is no e-mail address; it was made up and receives nothing."))


def address_for(name):
    """An address that no mail reaches, for somebody of whom only the name is known."""
    return f"{re.sub(r'[^a-z0-9]+', '.', fold(name)).strip('.')}@users.invalid"


@operation
def create_users(rows, *, by):
    """Make staff without a password and with the role of a sales rep; in order. They sign in by a link or provider.

    Teams that rows name are made, with the managers that rows name.
    """
    rows = [dict(row) for row in rows]
    make_users([{"first_name": first, "last_name": last, "email": address_for(name)}
                for name, first, last in people_above(rows)], roles.MANAGER)  # fmt: skip
    teams = arrange_teams(rows)
    return make_users([row | {"team": teams.get(n)} for n, row in enumerate(rows)], roles.REP)


def make_users(rows, role):
    """Insert staff with one role, members of their teams; returns them in order."""
    made = []
    for row in rows:
        user = User(**{name: row[name] for name in FIELDS if name in row}, team=row.get("team"))
        user.set_unusable_password()
        made.append(user)
    User.objects.bulk_create(made)
    group = Group.objects.get(name=role)
    User.groups.through.objects.bulk_create([User.groups.through(user=user, group=group) for user in made])
    Membership.objects.bulk_create([Membership(user=user, team=user.team) for user in made if user.team_id])
    return made


@operation
def update_user(user, values, *, by):
    """Change the name, address, title or activity of a user; rights are never changed by a file."""
    for name in FIELDS:
        if name in values:
            setattr(user, name, values[name])
    user.save(update_fields=[name for name in FIELDS if name in values])
    return user


def find_users(texts, _user):
    """{folded e-mail address: users}."""
    rows = User.objects.filter(email__in={text.lower() for text in texts if text})
    return {fold(user.email): [user] for user in rows}


USER_IMPORT = register(
    Importer(
        name="users", label=gettext_lazy("Users"), model=User, targets=user_targets, order=10, icon="users",
        create=create_users, update=lambda record, values, by: update_user(record, values, by=by),
        prepare=prepare_user, admin_only=True,
        keys={"email": (gettext_lazy("E-mail"), lambda values: values.get("email"), find_users)},
    )
)  # fmt: skip
