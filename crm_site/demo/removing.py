"""Takes the demo company out again: its records, users, teams and history; nothing that real people entered."""

import pghistory
from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.db import connection, models, transaction
from django.db.models import Exists, OuterRef, ProtectedError
from pghistory.models import Context

from crm_site.core.history import event_models
from crm_site.core.models import Record, Setting, Share, Team, User
from crm_site.demo import helping, selling
from crm_site.demo.loading import sign_ins, write_private
from customers.models import Account, ActivityLink, Contact, Customer


@transaction.atomic
def remove(*, by=None):
    """Remove all that the demo company's users made, and the users; returns how many records went.

    The administrator who does it stays when there is no other one, as a user of the real company from then on.
    """
    staying = stays(by)
    users = User.objects.filter(is_demo=True)
    ids = list(users.values_list("pk", flat=True))
    with pghistory.context(door="demo"), connection.cursor() as cursor:
        cursor.execute("SET LOCAL kith.erasing = 'demo'")
        users.update(partner=None)
        keep_parties(ids)
        gone = remove_records(ids)
        release_records(ids)
        teams = Setting.objects.filter(pk="demo").values_list("value", flat=True).first() or {}
        if staying:
            User.objects.filter(pk=staying.pk).update(is_demo=False, team=None)
            staying.memberships.all().delete()
        User.objects.filter(is_demo=True).delete()
        helping.forget(teams)
        remove_teams(teams.get("teams", []))
        selling.forget(teams)
    forget(gone, ids)
    Setting.objects.filter(pk="demo").delete()
    transaction.on_commit(lambda: close_file(staying))
    return sum(len(pks) for pks in gone.values())


def stays(by):
    """The acting demo administrator, unless a real one is there to go on."""
    real = User.objects.filter(is_superuser=True, is_active=True, is_demo=False)
    return by if by and by.is_demo and not real.exists() else None


def record_models():
    """All models of records."""
    return [model for model in apps.get_models() if issubclass(model, Record)]


def keep_parties(ids):
    """Let the accounts and contacts that real customers stand on become real too."""
    real = Customer.objects.unscoped("the removal spares what is real").exclude(created_by__in=ids)
    for name, model in (("account", Account), ("contact", Contact)):
        rows = model.objects.unscoped("the removal spares what is real").filter(created_by__in=ids)
        rows.filter(pk__in=real.filter(**{f"{name}__isnull": False}).values(name)).update(created_by=None)


def remove_records(ids):
    """Delete what these users made, again and again until nothing that is left hangs on it; {model: ids}."""
    gone, left = {}, record_models()
    while left:
        kept = []
        for model in left:
            rows = model._base_manager.filter(created_by__in=ids)
            pks = list(rows.values_list("pk", flat=True))
            try:
                with transaction.atomic():
                    let_go(model, pks, ids)
                    rows.delete()
                gone[model] = pks
            except ProtectedError:
                kept.append(model)
        if len(kept) == len(left):
            raise ProtectedError("real records depend on demo records", set(kept))
        left = kept
    return gone


def let_go(model, pks, ids):
    """Cut the optional links that real records have to these."""
    for relation in model._meta.related_objects:
        field = relation.field
        if issubclass(relation.related_model, Record) and field.null and field.remote_field.on_delete is models.PROTECT:
            rows = relation.related_model._base_manager.filter(**{f"{field.name}__in": pks})
            if relation.related_model is not model:
                rows = rows.exclude(created_by__in=ids)
            rows.update(**{field.name: None})


def release_records(ids):
    """Leave real records that a demo user owns without an owner, and those of demo teams without a team."""
    teams = (Setting.objects.filter(pk="demo").values_list("value", flat=True).first() or {}).get("teams", [])
    for model in record_models():
        model._base_manager.filter(owner__in=ids).update(owner=None)
        model._base_manager.filter(team__in=teams).update(team=None)


def forget(gone, ids):
    """Remove the history, the shares and the links of what went, and the contexts that only it used.

    Each question is one that the database answers from a list read once, however little it knows of new tables.
    """
    events, ours = event_models(), Context.objects.filter(metadata__door="demo").values("pk")
    for event in events:
        if event.pgh_tracked_model in gone:
            event.objects.filter(pgh_obj_id__in=gone[event.pgh_tracked_model]).delete()
        elif not issubclass(event.pgh_tracked_model, Record):
            living = event.pgh_tracked_model._base_manager.filter(pk=OuterRef("pgh_obj_id"))
            event.objects.filter(~Exists(living), pgh_context__in=ours).delete()
    for model, pks in gone.items():
        for beside in (Share, ActivityLink):
            kind = ContentType.objects.get_for_model(model)
            beside.objects.filter(content_type=kind, object_id__in=pks).delete()
    contexts = Context.objects.filter(metadata__user__in=ids) | Context.objects.filter(metadata__door="demo")
    for event in events:
        contexts = contexts.exclude(pk__in=event.objects.filter(pgh_context__isnull=False).values("pgh_context"))
    contexts.delete()


def remove_teams(ids):
    """Delete the demo teams from the leaves up; one in which real people work meanwhile stays, with those above it."""
    for team in Team.objects.filter(pk__in=ids).order_by("-pk"):
        if not (team.users.exists() or team.children.exists() or team.main_users.exists()):
            team.delete()


def close_file(staying):
    """Keep only the sign-in of the administrator who stays, if any."""
    rows = [{"role": "Administrator", "email": staying.email, "password": "(unchanged)"}] if staying else []
    if rows:
        write_private(rows)
    else:
        sign_ins().unlink(missing_ok=True)
