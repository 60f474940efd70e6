"""Canaries: records of Alice's that carry a mark in every text, and Charlie's records that point at them."""

import hashlib

from django.db import IntegrityError, transaction

from crm_site.core.kinds import KINDS
from crm_site.core.models import Record
from tests.architecture.samples import make_record, text_fields
from tests.factories import factories

WORD = "Canary"


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
        if issubclass(model, Record):
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
