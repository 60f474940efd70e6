"""How the rows of a file become users; administrators only."""

from django.contrib.auth.models import Group
from django.utils.translation import gettext_lazy

from crm_site.core import roles
from crm_site.core.models import Membership, Team, User
from crm_site.core.operations import operation

from .plan import fold
from .registry import Importer, Target, external_id, register

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
        Target("is_active", gettext_lazy("Active"), "boolean"),
        Target("time_zone", gettext_lazy("Time zone"), limit=50),
    ]


def prepare_user(draft, _run):
    """One address; a whole name that stands in the column for the last name is split at its last word."""
    values = draft.values
    values["email"] = (values.get("email") or [""])[0]
    whole = values.pop("full_name", "")
    first, last = values.get("first_name", ""), values.get("last_name", "")
    if not first and " " in (whole or last):
        first, _space, last = (whole or last).rpartition(" ")
    values["first_name"], values["last_name"] = first, last or whole


@operation
def create_users(rows, *, by):
    """Make staff without a password and with the role of a sales rep; in order. They sign in by a link or provider."""
    rows = [dict(row) for row in rows]
    teams = {team.name: team for team in Team.objects.filter(name__in={row.get("team") for row in rows})}
    made = []
    for row in rows:
        user = User(**{name: row[name] for name in FIELDS if name in row}, team=teams.get(row.get("team")))
        user.set_unusable_password()
        made.append(user)
    User.objects.bulk_create(made)
    role = Group.objects.get(name=roles.REP)
    User.groups.through.objects.bulk_create([User.groups.through(user=user, group=role) for user in made])
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
