"""The world that the walkers walk in: the cast, a record of Alice's and one of Charlie's of every kind, and a counter
of everything that a request writes."""

from copy import copy
from functools import cache

from django.contrib.contenttypes.models import ContentType
from django.core.files.base import ContentFile
from django.db import connection, transaction
from django.utils import timezone

from crm_site.core.kinds import KINDS
from crm_site.core.models import Attachment, ExchangeRate, Job, Notification, SavedView
from sales.models import Adjustment, AssignmentRule, WebForm
from support.models import (
    Article,
    ArticleVersion,
    CannedReply,
    CaseField,
    Macro,
    PortalAccess,
    PortalSession,
    ProfileChange,
)
from tests.architecture.expectations import rule_for
from tests.architecture.routes import all_routes
from tests.architecture.samples import make_record
from tests.cast import make_cast
from tests.conftest import signed_in
from tests.factories import (
    AffiliationFactory,
    CaseFactory,
    ContactFactory,
    MechanismFactory,
    PriceFactory,
    QuoteFactory,
    SaleFactory,
    UserFactory,
)

# What a page view may write: the session itself, the counters against password guessing, and the sign-in library's
# own copy of a user's address.
MACHINERY = {"django_session", "core_cache", "core_heartbeat", "account_emailaddress"}
# What the steps of an import need to find in their job.
IMPORT = {"columns": [], "headers": [], "mapping": {}}
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")


class World:
    """The cast with records: `records` holds Alice's by kind, `others` Charlie's, `binned` Alice's in the bin."""

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
        self.things = self.make_things()
        self.clients, self.point, self.counted = {}, None, None

    def make_things(self):
        """{name: thing of Alice's} of what is no record but has an address; `parent` is the record that it hangs on."""
        alice, account = self.cast.alice, self.records["customers.account"]
        found = {
            "job": Job.objects.create(kind="export", record_kind=account._meta.label_lower, user=alice, state=Job.DONE),
            "import": Job.objects.create(kind="import", record_kind=account._meta.label_lower, user=alice, options=IMPORT),
            "notification": Notification.objects.create(user=alice, text="Look", url="/accounts/", key="look"),
            "file": Attachment.objects.create(
                content_type=ContentType.objects.get_for_model(account), object_id=account.pk, name="a.txt", size=1,
                file=ContentFile(b"x", "a.txt"), created_by=alice,
            ),
            "adjustment": Adjustment.objects.create(
                user=alice, category="commit", starts_on="2026-10-01", ends_on="2026-12-31", original=1, adjusted=2, note="n",
            ),
            "rate": ExchangeRate.objects.create(currency="USD", day="2020-01-01", rate=1),
            "mechanism": MechanismFactory(account=account),
            "price": PriceFactory(product=self.records["sales.product"]),
            "webform": WebForm.objects.create(name="Ask", title="Ask us", fields=["last_name", "email"], required=["email"]),
            "case_field": CaseField.objects.create(key="world", label="Which world?", is_active=False),
            "ready_text": CannedReply.objects.create(name="Hello", shortcut="world", body="Dear {contact.name}"),
            "ready_macro": Macro.objects.create(name="Mine", actions=[{"do": "owner", "value": "me"}]),
            "rule": AssignmentRule.objects.create(name="All", order=1, is_active=False),
            "affiliation": AffiliationFactory(account=account, contact=self.records["customers.contact"]),
        }  # fmt: skip
        found["price"].parent = self.records["sales.product"]
        found["file"].parent = found["mechanism"].parent = account
        found["affiliation"].parent = self.records["customers.contact"]
        return found | {"party": account} | portal_things(self.cast.paula, alice, account)

    def again(self):
        """The same world for another test: nobody is signed in."""
        other = copy(self)
        other.clients, other.point, other.counted = {}, None, None
        return other

    def client(self, name, **options):
        """A client signed in as the member of the cast; "anonymous" gives one that is not."""
        key = (name, *options.items())
        if key not in self.clients:
            self.clients[key] = self.new_client(name, **options)
        return self.clients[key]

    def new_client(self, name, **options):
        """As client, signed in anew."""
        # One request after the other is undone: each would be the session's first and write that it has begun.
        client = signed_in(None if name == "anonymous" else getattr(self.cast, name), begun=True, **options)
        client.raise_request_exception = False
        self.point = None  # what is undone from here on is not the signing in
        return client

    def asked(self, client, method, path, data=None, headers=None):
        """(response, tables that it wrote to): one request, undone afterwards.

        What a test itself writes between two of them would be undone as well, and count as the second one's.
        """
        self.point = self.point or transaction.savepoint()
        before = touched() if self.counted is None else self.counted
        response = answer(client, method, path, data, headers)
        self.counted = touched()
        if self.counted != before:
            transaction.savepoint_rollback(self.point)
        return response, {
            table for table, count in self.counted.items() if count != before.get(table) and table not in MACHINERY
        }

    def subjects(self, route, rule):
        """The things that the route is asked about: Alice's and Charlie's where they differ."""
        if rule.subject in self.things:
            return [self.things[rule.subject]]
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
            "slug": "accounts",
        }
        return words.get(name, 1)


def portal_things(paula, owner, account):
    """Paula as a customer of an account of the owner's, and what is hers in the portal."""
    contact, colleague = (
        ContactFactory(owner=owner, account=account, email=f"{n}@world.test") for n in ("own", "other")
    )
    now, about = timezone.now(), {"owner": owner, "account": account, "contact": contact}
    access = PortalAccess.objects.create(user=paula, contact=contact, accepted_at=now, reach="account", may_invite=True)
    other = PortalAccess.objects.create(user=UserFactory(door="portal"), contact=colleague, accepted_at=now)
    article = Article.objects.create(owner=owner, name="How to", audience="public", state="published")
    article.published = ArticleVersion.objects.create(article=article, number=1, name="How to", body="So.")
    article.save(update_fields=["published"])
    change = ProfileChange.objects.create(contact=contact, what="name", new={"first_name": "A", "last_name": "B"})
    change.parent = contact
    return {
        "portal_contact": contact, "portal_colleague": other, "portal_article": article, "name_change": change,
        "portal_case": CaseFactory(**about), "portal_sale": SaleFactory(**about),
        "portal_quote": QuoteFactory(**about, status="sent", sent_at=now, token_hash="0" * 64),
        "portal_way": MechanismFactory(contact=contact, type="phone", value="030 1"),
        "portal_session": PortalSession.objects.create(access=access, key_hash="x"),
    }  # fmt: skip


@cache
def tables():
    """{id: name} of every table."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT oid, relname FROM pg_class WHERE relkind = 'r' AND oid >= 16384")
        return dict(cursor.fetchall())


def written():
    """As touched, without the machinery's tables."""
    return {table: count for table, count in touched().items() if table not in MACHINERY}


def touched():
    """{table: rows written or tried to be written} in this transaction.

    PostgreSQL counts each row of an insert, update or delete of the running transaction, also those that a savepoint
    took back, so that a write that was undone before the answer is seen too.
    """
    with connection.cursor() as cursor:
        cursor.execute(counting())
        return {tables()[number]: count for number, count in cursor.fetchall()}


@cache
def counting():
    """The statement that counts; the view pg_stat_xact_user_tables tells the same, and takes many times as long for it."""
    return (
        "SELECT oid, written FROM (SELECT oid, pg_stat_get_xact_tuples_inserted(oid)"
        " + pg_stat_get_xact_tuples_updated(oid) + pg_stat_get_xact_tuples_deleted(oid) AS written"
        f" FROM unnest('{{{','.join(map(str, tables()))}}}'::oid[]) AS oid OFFSET 0) AS counted WHERE written > 0"
    )


def answer(client, method, path, data=None, headers=None):
    """The whole response to a request of any method."""
    if method in ("GET", "HEAD", "POST"):
        response = getattr(client, method.lower())(path, data or {}, headers=headers)
    else:
        response = client.generic(method, path)
    if hasattr(response, "streaming_content"):
        response.streaming_content = [b"".join(response.streaming_content)]
    return response


def undone(client, method, path, data=None, then=None):
    """(response, what `then` found): one request, undone as soon as `then` has looked at what was done."""
    with transaction.atomic():
        response = answer(client, method, path, data)
        found = then() if then else None
        transaction.set_rollback(True)
    return response, found


@cache
def declared():
    """[(route, rule)] of every address that has a rule; one without fails test_every_address_is_declared."""
    return [(route, rule) for route in all_routes() if (rule := rule_for(route))]
