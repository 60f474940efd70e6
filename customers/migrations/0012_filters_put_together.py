from django.contrib.postgres.indexes import OpClass
from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import models

from crm_site.core.migrating import AtOnce
from crm_site.core.models import Fold

ALIVE = models.Q(deleted_at__isnull=True)
FLAGS = ("prospect", "customer", "partner", "supplier", "competitor")


def tagged(name, also=()):
    """Rows with tags in the order of the list."""
    return AddIndexConcurrently(
        name,
        models.Index(
            fields=["name_sort", "id"], include=["tags", "owner", "team", *also], name=f"{name}_tagged_ix",
            condition=ALIVE & ~models.Q(tags=[]),
        ),
    )  # fmt: skip


def flagged(name, flag, field, more, label):
    """Rows with a flag in the order of the list, and beyond it what else they are looked for by."""
    order = (models.F("name_sort"), models.F("id"), models.F(field), OpClass(Fold(more), "text_pattern_ops"))
    return AddIndexConcurrently(
        name, models.Index(*order, name=f"{name}_{label}_all_ix", condition=ALIVE & models.Q(**{flag: True}))
    )


class Migration(AtOnce):
    """Indexes from which several filters at once are answered, in the order of their lists."""

    atomic = False
    dependencies = [("customers", "0011_contacts_by_country_with_other_filters")]
    operations = [
        tagged("account"),
        tagged("contact"),
        tagged("customer", ("status", "kind")),
        *(flagged("account", f"is_{flag}", "status", "industry", flag) for flag in FLAGS),
        *(RemoveIndexConcurrently("account", f"account_{flag}_ix") for flag in FLAGS),
        flagged("contact", "do_not_contact", "country", "source", "silent"),
        RemoveIndexConcurrently("contact", "contact_silent_ix"),
    ]
