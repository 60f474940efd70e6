"""The world that the walkers walk in: the cast, a record of Alice's and one of Charlie's of every kind, and a counter
of everything that a request writes."""

import functools

from django.db import connection, transaction

from crm_site.core.kinds import KINDS
from crm_site.core.models import SavedView
from tests.architecture.expectations import rule_for
from tests.architecture.routes import all_routes
from tests.architecture.samples import make_record
from tests.cast import make_cast
from tests.conftest import signed_in

# What a page view may write: the session itself, the counters against password guessing, and the sign-in library's
# own copy of a user's address.
MACHINERY = {"django_session", "core_cache", "core_heartbeat", "account_emailaddress"}
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")


class World:
    """The cast with records: `records[key]` holds Alice's, `others[key]` Charlie's, `binned[key]` Alice's in the bin."""

    def __init__(self):
        self.cast = make_cast()
        self.records = {kind.key: make_record(kind, self.cast.alice) for kind in KINDS.values()}
        self.others = {kind.key: make_record(kind, self.cast.charlie) for kind in KINDS.values()}
        self.binned = {}
        for kind in KINDS.values():
            record = make_record(kind, self.cast.alice)
            kind.model.objects.unscoped("set up").filter(pk=record.pk).update(deleted_at=record.created_at)
            self.binned[kind.key] = record
        self.views = {
            kind.key: SavedView.objects.create(kind=kind.key, name="Mine", owner=self.cast.alice, query="q=x")
            for kind in KINDS.values()
        }
        self.extra = {}

    @functools.cache
    def client(self, name, **options):
        """A client signed in as the member of the cast; "anonymous" gives one that is not."""
        client = signed_in(None if name == "anonymous" else getattr(self.cast, name), **options)
        client.raise_request_exception = False
        return client

    def subjects(self, route, rule):
        """The things that the route is asked about: Alice's and Charlie's where they differ."""
        if route.kind is None or not route.arguments:
            return [None]
        found = {"view": [self.views], "binned": [self.binned], "record": [self.records, self.others]}[rule.subject]
        return [some[route.kind.key] for some in found]

    def path(self, route, subject):
        """The route's address for the subject."""
        values = {name: self.value(route, name, subject) for name in route.arguments}
        return route.path(**values)

    def value(self, route, name, subject):
        """A value for one variable part of an address."""
        if name in ("pk", "object_id") and subject is not None:
            return subject.pk
        if name == "name" and route.kind:
            return next((column.name for column in route.kind.columns if column.edit), "name")
        words = {
            "app_label": "core",
            "url": "nothing",
            "content_type_id": 1,
            "uidb36": "1",
            "key": "wrong-key",
            "slug": "x",
        }
        return words.get(name, 1)


def written():
    """{table: rows written or tried to be written} in this transaction, without the machinery's tables.

    PostgreSQL counts each row of an insert, update or delete of the running transaction, also those that a savepoint
    took back, so that a write that was undone before the answer is seen too.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, n_tup_ins + n_tup_upd + n_tup_del FROM pg_stat_xact_user_tables"
            " WHERE n_tup_ins + n_tup_upd + n_tup_del > 0"
        )
        return {table: count for table, count in cursor.fetchall() if table not in MACHINERY}


def asked(client, method, path, data=None, **headers):
    """(response, tables that it wrote to): one request, undone afterwards."""
    before = written()
    with transaction.atomic():
        if method in ("GET", "HEAD"):
            response = getattr(client, method.lower())(path, data or {}, headers=headers)
        elif method == "POST":
            response = client.post(path, data or {}, headers=headers)
        else:
            response = client.generic(method, path, headers=headers)
        if hasattr(response, "streaming_content"):
            b"".join(response.streaming_content)
        after = written()
        transaction.set_rollback(True)
    return response, {table for table, count in after.items() if count != before.get(table)}


def declared():
    """[(route, rule)] of every address that has a rule; one without fails test_every_address_is_declared."""
    return [(route, rule) for route in all_routes() if (rule := rule_for(route))]
