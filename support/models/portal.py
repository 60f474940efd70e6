"""The portal: which contacts sign in and what they see, their links, and changes that wait to be confirmed."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from support.models.common import known


class PortalAccess(models.Model):
    """A contact's way into the portal: the user that signs in, and how far it sees.

    `reach` is own cases, those of the contact's account, or of the account and all below it. Who `may_invite` adds and
    removes colleagues of the account.
    """

    OWN, ACCOUNT, SUBTREE = "own", "account", "subtree"
    REACHES = {OWN: _("Own cases"), ACCOUNT: _("The account's cases"), SUBTREE: _("The account's and those below it")}

    user = models.OneToOneField("core.User", models.CASCADE, related_name="portal_access")
    contact = models.OneToOneField("customers.Contact", models.CASCADE, related_name="portal_access")
    reach = models.CharField(_("sees"), max_length=7, choices=REACHES, default=OWN)
    may_invite = models.BooleanField(_("may add and remove colleagues"), default=False)
    invited_by = models.ForeignKey("core.User", models.SET_NULL, null=True, related_name="+")
    invited_at = models.DateTimeField(default=timezone.now)
    accepted_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("portal access")
        verbose_name_plural = _("portal accesses")
        constraints = [
            models.CheckConstraint(condition=known("reach", ("own", "account", "subtree")), name="portal_reach_known")
        ]

    def __str__(self):
        return str(self.contact)


class PortalToken(models.Model):
    """A mailed link that works once: an invitation, a sign-in or a new password. Only its hash is kept."""

    INVITE, SIGN_IN, RESET = "invite", "sign_in", "reset"
    PURPOSES = {INVITE: _("Invitation"), SIGN_IN: _("Sign-in"), RESET: _("New password")}

    user = models.ForeignKey("core.User", models.CASCADE, related_name="portal_tokens")
    purpose = models.CharField(max_length=10, choices=PURPOSES)
    token_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)


class ProfileChange(models.Model):
    """A change that a customer asked for: an address is confirmed by links at both ends, a name by the staff."""

    NAME, EMAIL = "name", "email"
    WAITING, DONE, REFUSED = "waiting", "done", "refused"

    contact = models.ForeignKey("customers.Contact", models.CASCADE, related_name="profile_changes")
    what = models.CharField(max_length=5, choices={NAME: _("Name"), EMAIL: _("E-mail")})
    old = models.JSONField(default=dict)
    new = models.JSONField(default=dict)
    state = models.CharField(
        max_length=7, choices={WAITING: _("Waiting"), DONE: _("Done"), REFUSED: _("Refused")}, default=WAITING
    )
    old_hash = models.CharField(max_length=64, blank=True)
    new_hash = models.CharField(max_length=64, blank=True)
    old_confirmed_at = models.DateTimeField(null=True)
    new_confirmed_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=timezone.now)
    decided_by = models.ForeignKey("core.User", models.SET_NULL, null=True, related_name="+")

    class Meta:
        verbose_name = _("change of a profile")
        verbose_name_plural = _("changes of profiles")
        constraints = [
            models.UniqueConstraint(
                fields=["contact", "what"], condition=models.Q(state="waiting"), name="profile_change_one_waiting"
            )
        ]
        indexes = [models.Index(fields=["state", "-id"], name="profile_change_state_ix")]


# What browsers and systems write of themselves, and what people call them; of several the first one that is there.
BROWSERS = {"Edg": "Edge", "OPR": "Opera", "Firefox": "Firefox", "FxiOS": "Firefox",
            "SamsungBrowser": "Samsung Internet", "Chrom": "Chrome", "CriOS": "Chrome", "Safari": "Safari"}  # fmt: skip
SYSTEMS = {"Android": "Android", "iPhone": "iPhone", "iPad": "iPad", "Windows": "Windows", "Mac OS": "Mac",
           "Linux": "Linux"}  # fmt: skip


class PortalSession(models.Model):
    """A device on which a customer signed in; `key_hash` is that of the session's key, `agent` what it calls itself."""

    access = models.ForeignKey(PortalAccess, models.CASCADE, related_name="sessions")
    key_hash = models.CharField(max_length=64, unique=True)
    agent = models.CharField(max_length=200, blank=True)
    started_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)

    @property
    def device(self):
        """The browser and the system as people call them; what they write of themselves where that is not known."""
        browser, system = (
            next((name for mark, name in names.items() if mark in self.agent), "") for names in (BROWSERS, SYSTEMS)
        )
        words = {"browser": browser, "system": system}
        return str(_("%(browser)s on %(system)s")) % words if all(words.values()) else self.agent
