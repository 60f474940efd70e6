"""Canaries: records of Alice's that carry a mark in every text, and Charlie's records that point at them."""

import hashlib

from django.db import IntegrityError, transaction

from crm_site.core.kinds import KINDS
from crm_site.core.models import Record, User
from tests.architecture.samples import make_record, text_fields
from tests.architecture.world import World
from tests.factories import factories

WORD = "Canary"
OUTSIDERS = ("charlie", "dora", "nora", "paula", "pat")


def make_world():
    """The walkers' world in which Alice's records are marked, and Charlie's point at them."""
    made = World()
    made.records = {kind.key: marked(kind, made.cast.alice) for kind in KINDS.values()}
    made.others = {kind.key: pointing(kind, made.cast.charlie, made.cast.alice) for kind in KINDS.values()}
    return made


def forbidden(world, user):
    """Tokens of the kinds of which the user sees none of Alice's records."""
    hidden = set()
    for kind in KINDS.values():
        if not kind.model.objects.visible_to(user).filter(owner=world.cast.alice).exists():
            hidden.add(token(kind))
    return hidden


def leaks(response, hidden):
    """The tokens that an answer carries, in its body or its headers."""
    body = b"".join(response.streaming_content) if response.streaming else response.content
    text = body.decode(errors="replace") + str(dict(response.headers))
    return {found for found in hidden if found in text}


def questions(route):
    """The query strings with which an address is asked besides: searching for the word, with every column."""
    if route.kind is None:
        yield {"q": WORD}
    elif not route.arguments:
        yield {"q": WORD, "col": [column.name for column in route.kind.columns], "page_size": "100"}
        yield {"col": [column.name for column in route.kind.columns], "sort": "-new", "name": WORD}


def token(kind):
    """The part of the mark that nobody else's page may hold: it is never typed by the test itself."""
    return "zq" + hashlib.sha256(kind.key.encode()).hexdigest()[:10]


def mark(rows, kind):
    """Write the kind's mark into every text of these rows."""
    model = rows.model
    values = {field.name: f"{WORD} {token(kind)}"[: field.max_length] for field in text_fields(model, shortest=20)}
    if values:
        rows.filter().update(**values)


def marked(kind, owner):
    """A record of the owner with the mark in every text, its own and those of what hangs off it."""
    record = make_record(kind, owner)
    mark(kind.model.objects.unscoped("set up").filter(pk=record.pk), kind)
    for model, factory in factories().items():
        if issubclass(model, Record) or model is User:  # whoever works here may read who works for a partner
            continue
        for field in model._meta.concrete_fields:
            if field.related_model is kind.model:
                child = factory(**{field.name: record})
                mark(model._base_manager.filter(pk=child.pk), kind)
    record.refresh_from_db()
    return record


def pointing(kind, owner, victim):
    """A record of the owner whose every link leads to a marked record of the victim's."""
    record = make_record(kind, owner)
    rows = kind.model.objects.unscoped("set up").filter(pk=record.pk)
    for field in kind.model._meta.concrete_fields:
        target = KINDS.get(field.related_model._meta.label_lower) if field.related_model else None
        if target:
            try:
                with transaction.atomic():
                    rows.update(**{field.name: marked(target, victim)})
            except IntegrityError:
                continue
    record.refresh_from_db()
    return record
