"""Users, teams and roles: who may do what."""

import pgtrigger
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, Group, PermissionsMixin
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from crm_site.core import scope


class UserManager(BaseUserManager):
    """Makes users by e-mail address; addresses are compared without regard to case."""

    def create_user(self, email, password=None, **fields):
        """Save and return a user; no password means that none will ever match."""
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email, password=None, **fields):
        """As create_user, with every right."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, email):
        """The user with this address in any case."""
        return self.get(email=email.lower())


class User(AbstractBaseUser, PermissionsMixin):
    """A person who signs in. Staff work in Kith itself, portal users only below /portal/.

    Whoever works for a partner comes in by the staff's door and has there what names that partner, and no more.
    """

    STAFF, PORTAL = "staff", "portal"
    DOORS = {STAFF: _("Staff"), PORTAL: _("Portal")}
    THEMES = {"auto": _("As the device"), "light": _("Light"), "dark": _("Dark")}

    email = models.EmailField(_("e-mail"), unique=True)
    first_name = models.CharField(_("first name"), max_length=100, blank=True)
    last_name = models.CharField(_("last name"), max_length=100, blank=True)
    door = models.CharField(_("door"), max_length=10, choices=DOORS, default=STAFF)
    team = models.ForeignKey(
        "core.Team", models.PROTECT, null=True, blank=True, related_name="main_users", verbose_name=_("main team")
    )
    partner = models.ForeignKey(
        "customers.Account", models.PROTECT, null=True, blank=True, related_name="partner_users",
        verbose_name=_("works for the partner"),
    )  # fmt: skip
    teams = models.ManyToManyField("core.Team", through="core.Membership", related_name="users")
    job_title = models.CharField(_("job title"), max_length=100, blank=True)
    time_zone = models.CharField(_("time zone"), max_length=50, blank=True)
    theme = models.CharField(_("theme"), max_length=10, choices=THEMES, default="auto")
    shortcuts = models.BooleanField(_("single-key shortcuts"), default=True)
    is_staff = models.BooleanField(_("may open the administration"), default=False)
    is_active = models.BooleanField(_("active"), default=True)
    is_demo = models.BooleanField(default=False, editable=False)
    session_generation = models.PositiveIntegerField(default=0, editable=False)
    date_joined = models.DateTimeField(_("joined"), default=timezone.now)

    objects = UserManager()
    LABEL_FIELDS = ("first_name", "last_name", "email")
    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = []

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        constraints = [
            models.UniqueConstraint(Lower("email"), name="user_email_in_any_case"),
            models.CheckConstraint(condition=models.Q(door__in=["staff", "portal"]), name="user_door_known"),
            models.CheckConstraint(
                condition=models.Q(partner__isnull=True) | models.Q(door="staff", is_superuser=False, is_staff=False),
                name="user_of_partner_is_outside",
                violation_error_message=_(
                    "Somebody of a partner comes in by the staff's door, without the administration."
                ),
            ),
        ]

    def __str__(self):
        return self.get_full_name() or self.email

    def clean(self):
        """Addresses are compared without regard to case, so they are kept in lower case."""
        super().clean()
        self.email = self.email.lower()

    def validate_constraints(self, exclude=None):
        """All but that of the address in any case: in lower case its field asks the same, in better words."""
        super().validate_constraints({*(exclude or ()), "email"})

    def get_full_name(self):
        """First and last name, or an empty text."""
        return f"{self.first_name} {self.last_name}".strip()

    def get_short_name(self):
        """What to call the person in a sentence."""
        return self.first_name or self.get_full_name() or self.email

    @property
    def initials(self):
        """Two letters for the round badge."""
        return (self.first_name[:1] + self.last_name[:1] or self.email[:2]).upper()

    def get_session_auth_hash(self):
        """Ends every session of the user when the password or the generation changes."""
        return salted_hmac("kith.session", f"{self.password}:{self.session_generation}", algorithm="sha256").hexdigest()

    def get_session_auth_fallback_hash(self):
        """No older keys: there is nothing to fall back to."""
        return iter(())

    @cached_property
    def scopes(self):
        """{(kind label, action): reach} over all roles of the user, the widest winning; one query a request."""
        found = {}
        for kind, action, reach in scope.roles_of(self):
            if REACHES.index(reach) > REACHES.index(found.get((kind, action), NONE)):
                found[kind, action] = reach
        return found

    def reach(self, model, action):
        """How far the user's roles carry this action on this kind of record: one of REACHES."""
        if not self.is_active or self.door != self.STAFF:
            return NONE
        if self.is_superuser:
            return ALL
        reach = self.scopes.get((model._meta.label_lower, action), NONE)
        return OWN if self.partner_id is not None and model.PARTNER_FIELDS and reach != NONE else reach


# Teams are few and seldom moved, so the whole closure is made anew; a loop is refused by its own error.
REBUILD_CLOSURE = """
    IF EXISTS (
        WITH RECURSIVE up AS (
            SELECT id AS start, parent_id FROM core_team WHERE parent_id IS NOT NULL
            UNION
            SELECT up.start, t.parent_id FROM up JOIN core_team t ON t.id = up.parent_id WHERE t.parent_id IS NOT NULL
        ) SELECT 1 FROM up WHERE start = parent_id
    ) THEN
        RAISE EXCEPTION 'a team cannot be below itself' USING ERRCODE = 'check_violation', CONSTRAINT = 'team_no_loop';
    END IF;
    DELETE FROM core_teamclosure;
    INSERT INTO core_teamclosure (ancestor_id, descendant_id, depth)
    WITH RECURSIVE down AS (
        SELECT id AS ancestor, id AS descendant, 0 AS depth FROM core_team
        UNION ALL
        SELECT down.ancestor, t.id, down.depth + 1 FROM down JOIN core_team t ON t.parent_id = down.descendant
    ) SELECT ancestor, descendant, depth FROM down;
    RETURN NULL;
"""


class Team(models.Model):
    """A node of the tree of teams; a manager sees what roles with the reach "team and below" allow."""

    name = models.CharField(_("name"), max_length=100, unique=True)
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children", verbose_name=_("parent team")
    )
    manager = models.ForeignKey(
        "core.User", models.SET_NULL, null=True, blank=True, related_name="managed_teams", verbose_name=_("manager")
    )

    class Meta:
        verbose_name = _("team")
        verbose_name_plural = _("teams")
        ordering = ["name"]
        triggers = [
            pgtrigger.Trigger(
                name="keep_team_closure",
                level=pgtrigger.Statement,
                when=pgtrigger.After,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("parent_id") | pgtrigger.Delete,
                func=REBUILD_CLOSURE,
            )
        ]

    def __str__(self):
        return self.name


class TeamClosure(models.Model):
    """Every pair (team, team at or below it). Kept by a database trigger on teams, so it is never stale."""

    ancestor = models.ForeignKey(Team, models.CASCADE, related_name="below")
    descendant = models.ForeignKey(Team, models.CASCADE, related_name="above")
    depth = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["ancestor", "descendant"], name="team_closure_once")]


class Membership(models.Model):
    """A user in a team."""

    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    team = models.ForeignKey(Team, models.CASCADE, related_name="memberships")

    class Meta:
        verbose_name = _("team membership")
        verbose_name_plural = _("team memberships")
        constraints = [models.UniqueConstraint(fields=["user", "team"], name="membership_once")]

    def __str__(self):
        return f"{self.user} · {self.team}"


NONE, OWN, TEAM, SUBTREE, ALL = REACHES = ["none", "own", "team", "subtree", "all"]
REACH_LABELS = {
    NONE: _("None"), OWN: _("Own"), TEAM: _("Team"), SUBTREE: _("Team and below"), ALL: _("All"),
}  # fmt: skip
ACTIONS = {
    "view": _("View"), "add": _("Create"), "change": _("Change"), "delete": _("Delete"), "assign": _("Assign"),
    "export": _("Export"), "import": _("Import"), "bulk": _("Change many"), "merge": _("Merge"),
    "second_factor": _("Needs a second factor"),
}  # fmt: skip


class RoleScope(models.Model):
    """What a role (a Django group) may do with one kind of record: the action and how far it reaches."""

    role = models.ForeignKey(Group, models.CASCADE, related_name="scopes", verbose_name=_("role"))
    kind = models.CharField(_("kind of record"), max_length=100)
    action = models.CharField(_("action"), max_length=20, choices=ACTIONS)
    reach = models.CharField(_("reach"), max_length=10, choices=REACH_LABELS, default=NONE)

    class Meta:
        verbose_name = _("role scope")
        verbose_name_plural = _("role scopes")
        constraints = [
            models.UniqueConstraint(fields=["role", "kind", "action"], name="role_scope_once"),
            models.CheckConstraint(condition=models.Q(reach__in=REACHES), name="role_scope_reach_known"),
        ]

    def __str__(self):
        return f"{self.role}: {self.action} {self.kind} ({self.reach})"
