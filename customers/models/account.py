"""Accounts: the organisations we know."""

import pgtrigger
from django.contrib.postgres.indexes import OpClass
from django.db import models
from django.db.models.functions import Concat
from django.utils.translation import gettext_lazy as _

from crm_site.core.models import Fold, Record, alive, folded, given, link, list_indexes, rule, search_index, tags_fit
from crm_site.core.tracking import track

# Walks up from the new parent; the lock keeps two moves from closing a loop between them.
NO_LOOP = """
    IF NEW.parent_id IS NULL THEN RETURN NEW; END IF;
    PERFORM pg_advisory_xact_lock(hashtext('customers_account.parent'));
    IF EXISTS (
        WITH RECURSIVE up AS (
            SELECT NEW.parent_id AS id
            UNION
            SELECT a.parent_id FROM up JOIN customers_account a ON a.id = up.id WHERE a.parent_id IS NOT NULL
        ) SELECT 1 FROM up WHERE id = NEW.id
    ) THEN
        RAISE EXCEPTION 'an account cannot be below itself'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'account_no_loop';
    END IF;
    RETURN NEW;
"""


@track("email", "phone", "city", "country")
class Account(Record):
    """An organisation: a prospect, customer, partner, supplier or competitor, or several of these at once."""

    ACTIVE, INACTIVE, CLOSED = "active", "inactive", "closed"
    STATUSES = {ACTIVE: _("Active"), INACTIVE: _("Inactive"), CLOSED: _("Closed down")}
    TIERS = {
        "": _("None"),
        "registered": _("Registered"),
        "silver": _("Silver"),
        "gold": _("Gold"),
        "platinum": _("Platinum"),
    }
    NUMBER_PREFIX = "A"

    name = models.CharField(_("name"), max_length=200)
    status = models.CharField(_("status"), max_length=10, choices=STATUSES, default=ACTIVE, db_default=ACTIVE)
    industry = models.CharField(_("industry"), max_length=100, blank=True)
    is_prospect = models.BooleanField(_("prospect"), default=False)
    is_customer = models.BooleanField(_("customer"), default=False)
    is_partner = models.BooleanField(_("partner"), default=False)
    is_supplier = models.BooleanField(_("supplier"), default=False)
    is_competitor = models.BooleanField(_("competitor"), default=False)
    parent = link("self", _("parent account"), "children")
    website = models.CharField(_("website"), max_length=300, blank=True)
    email = models.CharField(_("e-mail"), max_length=254, blank=True, editable=False)
    phone = models.CharField(_("phone"), max_length=60, blank=True, editable=False)
    city = models.CharField(_("city"), max_length=100, blank=True, editable=False)
    country = models.CharField(_("country"), max_length=2, blank=True, editable=False)
    employees = models.PositiveIntegerField(_("employees"), null=True, blank=True)
    revenue = models.DecimalField(_("annual revenue"), max_digits=18, decimal_places=2, null=True, blank=True)
    currency = models.CharField(_("currency"), max_length=3, blank=True)
    partner_tier = models.CharField(_("partner tier"), max_length=20, choices=TIERS, blank=True)
    description = models.TextField(_("description"), blank=True)
    name_sort = folded("name")
    search_text = models.GeneratedField(
        expression=Fold(
            Concat("name", models.Value(" "), "website", models.Value(" "), "email", models.Value(" "), "phone",
                   models.Value(" "), "city", output_field=models.TextField())
        ),
        output_field=models.TextField(db_collation="C"), db_persist=True,
    )  # fmt: skip

    class Meta(Record.Meta):
        verbose_name = _("account")
        verbose_name_plural = _("accounts")
        constraints = [
            tags_fit("account_tags_fit"),
            rule("account_name_given", given("name")),
            rule("account_status_known", models.Q(status__in=["active", "inactive", "closed"])),
            rule("account_revenue_has_currency", models.Q(revenue__isnull=True) | ~models.Q(currency="")),
        ]
        indexes = [
            *list_indexes("account", "name_sort", "-id", "-changed_at", tagged=()),
            models.Index(fields=["status", "name_sort", "id"], name="account_status_ix", condition=alive()),
            # Of all rows: PostgreSQL does not put two indexes together that have the same condition.
            models.Index(OpClass(Fold("industry"), "text_pattern_ops"), name="account_industry_ix"),
            models.Index(fields=["country", "name_sort", "id"], name="account_country_ix", condition=alive()),
            # Beyond the order stand other filters, so that few of these rows are read where several are put together.
            *(
                models.Index(
                    models.F("name_sort"), models.F("id"), models.F("status"),
                    OpClass(Fold("industry"), "text_pattern_ops"), name=f"account_{kind}_all_ix",
                    condition=alive() & models.Q(**{f"is_{kind}": True}),
                )
                for kind in ("prospect", "customer", "partner", "supplier", "competitor")
            ),
            search_index("account_search_ix"),
        ]  # fmt: skip
        triggers = [
            pgtrigger.Trigger(
                name="no_loop",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("parent_id"),
                func=NO_LOOP,
            )
        ]

    def __str__(self):
        return self.name
