"""The shipped roles and the table that they are made of."""

import pytest
from django.apps import apps
from django.contrib.auth.models import Group
from django.db import IntegrityError, transaction

from crm_site.core import roles
from crm_site.core.kinds import KINDS
from crm_site.core.models import RoleScope, User

pytestmark = pytest.mark.django_db
WRITES = ("add", "change", "delete", "assign", "import", "bulk", "merge")


def test_every_shipped_role_is_there(cast):
    """A fresh installation has the roles that people know."""
    assert set(roles.SHIPPED) <= set(Group.objects.values_list("name", flat=True))


def test_every_kind_has_its_row_in_every_role_that_works_with_it(cast):
    """A kind that no shipped role opens is one that was forgotten; administrators reach all of it."""
    for key in KINDS:
        scopes = RoleScope.objects.filter(kind=key)
        assert scopes.filter(role__name=roles.ADMINISTRATOR, reach="all").count() == len(roles.ACTIONS), key
        assert scopes.exclude(role__name__in=(roles.ADMINISTRATOR, roles.AUDITOR)).exists(), key


def test_the_auditor_sees_all_and_changes_nothing(cast):
    """An auditor reads every kind and has no writing action on any."""
    for kind in KINDS.values():
        assert cast.audrey.reach(kind.model, "view") == "all"
        assert {action for action in WRITES if cast.audrey.reach(kind.model, action) != "none"} == set()


def test_only_staff_who_are_active_have_reach(cast):
    """A role on a portal user or on somebody deactivated opens nothing."""
    for name in ("paula", "nora"):
        getattr(cast, name).groups.add(Group.objects.get(name=roles.ADMINISTRATOR))
    kind = next(iter(KINDS.values()))
    assert User.objects.get(pk=cast.paula.pk).reach(kind.model, "view") == "none"
    assert User.objects.get(pk=cast.nora.pk).reach(kind.model, "view") == "all"
    User.objects.filter(pk=cast.nora.pk).update(is_active=False)
    assert User.objects.get(pk=cast.nora.pk).reach(kind.model, "view") == "none"


def test_writing_never_reaches_further_than_reading(cast):
    """No shipped role can change, delete or export what it cannot see."""
    order = ["none", "own", "team", "subtree", "all"]
    scopes = {(s.role_id, s.kind, s.action): order.index(s.reach) for s in RoleScope.objects.all()}
    too_far = [
        key for key, reach in scopes.items()
        if key[2] in ("change", "delete", "export", "bulk", "merge") and reach > scopes.get((key[0], key[1], "view"), 0)
    ]  # fmt: skip
    assert too_far == []


def test_shipping_again_keeps_what_an_administrator_chose(cast):
    """A migration that runs later never undoes a decision."""
    key = next(iter(KINDS))
    scope = RoleScope.objects.get(role__name=roles.REP, kind=key, action="view")
    scope.reach = "own"
    scope.save()
    roles.ship(apps, key, {roles.REP: roles.reaches("all")})
    scope.refresh_from_db()
    assert scope.reach == "own"


def test_an_unknown_reach_is_refused_by_the_database(cast):
    """A typing error can open nothing."""
    with pytest.raises(IntegrityError), transaction.atomic():
        RoleScope.objects.create(role=Group.objects.first(), kind="x.y", action="view", reach="everything")
