"""Contacts: the people we know, and the accounts they work at."""

from django.contrib.postgres.indexes import OpClass
from django.db import models
from django.db.models.functions import Concat
from django.utils.translation import gettext_lazy as _

from crm_site.core.models import Fold, Record, alive, given, link, list_indexes, rule, search_index, tags_fit
from crm_site.core.tracking import track

SPACE = models.Value(" ")


@track("email", "phone", "city", "country", "account")
class Contact(Record):
    """A person. `account` is the account of the main current affiliation, kept by the operations beside it."""

    NUMBER_PREFIX = "P"
    LABEL_FIELDS = ("first_name", "middle_initial", "last_name")

    first_name = models.CharField(_("first name"), max_length=100)
    middle_initial = models.CharField(_("middle initial"), max_length=5, blank=True)
    last_name = models.CharField(_("last name"), max_length=100)
    salutation = models.CharField(_("salutation"), max_length=30, blank=True)
    job_title = models.CharField(_("title"), max_length=150, blank=True)
    department = models.CharField(_("department"), max_length=100, blank=True)
    account = link("customers.Account", _("account"), "contacts")
    reports_to = link("self", _("reports to"), "reports", models.SET_NULL)
    language = models.CharField(_("language"), max_length=10, blank=True)
    time_zone = models.CharField(_("time zone"), max_length=50, blank=True)
    birthday = models.DateField(_("birthday"), null=True, blank=True)
    do_not_contact = models.BooleanField(_("do not contact"), default=False)
    source = models.CharField(_("source"), max_length=100, blank=True)
    description = models.TextField(_("description"), blank=True)
    email = models.CharField(_("e-mail"), max_length=254, blank=True, editable=False)
    phone = models.CharField(_("phone"), max_length=60, blank=True, editable=False)
    city = models.CharField(_("city"), max_length=100, blank=True, editable=False)
    country = models.CharField(_("country"), max_length=2, blank=True, editable=False)
    name_sort = models.GeneratedField(
        expression=Fold(Concat("last_name", SPACE, "first_name", output_field=models.TextField())),
        output_field=models.TextField(db_collation="C"), db_persist=True,
    )  # fmt: skip
    search_text = models.GeneratedField(
        expression=Fold(
            Concat("first_name", SPACE, "last_name", SPACE, "email", SPACE, "phone", SPACE, "city",
                   output_field=models.TextField())
        ),
        output_field=models.TextField(db_collation="C"), db_persist=True,
    )  # fmt: skip

    class Meta(Record.Meta):
        verbose_name = _("contact")
        verbose_name_plural = _("contacts")
        constraints = [
            tags_fit("contact_tags_fit"),
            # An import may bring people of whom only the last name is known; forms ask for both.
            rule("contact_last_name_given", given("last_name")),
            rule("contact_own_boss", models.Q(reports_to__isnull=True) | ~models.Q(reports_to=models.F("id"))),
        ]
        indexes = [
            *list_indexes("contact", "name_sort", "-id", "-changed_at", tagged=()),
            models.Index(fields=["email"], name="contact_email_ix"),
            # Of all rows: PostgreSQL does not put two indexes together that have the same condition.
            models.Index(OpClass(Fold("source"), "text_pattern_ops"), name="contact_source_ix"),
            models.Index(fields=["country", "name_sort", "id"], name="contact_country_all_ix"),
            models.Index(fields=["account", "name_sort", "id"], name="contact_account_ix", condition=alive()),
            # Beyond the order stand other filters, so that few of these rows are read where several are put together.
            models.Index(
                models.F("name_sort"),
                models.F("id"),
                models.F("country"),
                OpClass(Fold("source"), "text_pattern_ops"),
                name="contact_silent_all_ix",
                condition=alive() & models.Q(do_not_contact=True),
            ),
            search_index("contact_search_ix"),
        ]

    def __str__(self):
        return self.name

    @property
    def name(self):
        """First name, middle initial and last name, as far as they are known."""
        return " ".join(part for part in (self.first_name, self.middle_initial, self.last_name) if part)


@track()
class Affiliation(models.Model):
    """A contact at an account: in which role, from when to when; one current one of a contact is the main one."""

    contact = models.ForeignKey(Contact, models.CASCADE, related_name="affiliations", verbose_name=_("contact"))
    account = models.ForeignKey(
        "customers.Account", models.CASCADE, related_name="affiliations", verbose_name=_("account"), db_index=False
    )
    role = models.CharField(_("role"), max_length=100, blank=True)
    valid_from = models.DateField(_("from"), null=True, blank=True)
    valid_to = models.DateField(_("to"), null=True, blank=True)
    is_main = models.BooleanField(_("main account"), default=False)

    class Meta:
        verbose_name = _("affiliation")
        verbose_name_plural = _("affiliations")
        constraints = [
            models.UniqueConstraint(
                fields=["contact"], condition=models.Q(is_main=True), name="affiliation_one_main"
            ),
            models.UniqueConstraint(
                fields=["contact", "account"],
                condition=models.Q(valid_to__isnull=True),
                name="affiliation_current_once",
            ),
            rule(
                "affiliation_dates_in_order",
                models.Q(valid_to__isnull=True) | models.Q(valid_from__isnull=True)
                | models.Q(valid_to__gte=models.F("valid_from")),
            ),
            rule("affiliation_main_is_current", models.Q(is_main=False) | models.Q(valid_to__isnull=True)),
        ]  # fmt: skip
        # In the order of the panel of an account's people, so that ten of a thousand are found by reading ten.
        indexes = [models.Index(fields=["account", "-valid_to", "-is_main", "-id"], name="affiliation_account_ix")]

    def __str__(self):
        return f"{self.contact} · {self.account}"
