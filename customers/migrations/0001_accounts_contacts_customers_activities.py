import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
import django.db.models.functions.datetime
import django.db.models.functions.text
import django.utils.timezone
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models

import crm_site.core.models.record
from crm_site.core.migrating import AtOnce


class Migration(AtOnce):
    initial = True

    dependencies = [
        ("contenttypes", "0002_remove_content_type_name"),
        ("core", "0001_users_records_and_kit"),
        ("core", "__first__"),
        ("pghistory", "0007_auto_20250421_0444"),
    ]

    operations = [
        migrations.CreateModel(
            name="Account",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "tags",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=50),
                        blank=True,
                        db_default=[],
                        default=list,
                        size=None,
                        verbose_name="tags",
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        default=django.utils.timezone.now,
                        editable=False,
                        verbose_name="created",
                    ),
                ),
                (
                    "changed_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        default=django.utils.timezone.now,
                        editable=False,
                        verbose_name="changed",
                    ),
                ),
                ("version", models.PositiveIntegerField(db_default=1, default=1, editable=False)),
                ("deleted_at", models.DateTimeField(editable=False, null=True, verbose_name="deleted")),
                ("name", models.CharField(max_length=200, verbose_name="name")),
                (
                    "status",
                    models.CharField(
                        choices=[("active", "Active"), ("inactive", "Inactive"), ("closed", "Closed down")],
                        db_default="active",
                        default="active",
                        max_length=10,
                        verbose_name="status",
                    ),
                ),
                ("industry", models.CharField(blank=True, max_length=100, verbose_name="industry")),
                ("is_prospect", models.BooleanField(default=False, verbose_name="prospect")),
                ("is_customer", models.BooleanField(default=False, verbose_name="customer")),
                ("is_partner", models.BooleanField(default=False, verbose_name="partner")),
                ("is_supplier", models.BooleanField(default=False, verbose_name="supplier")),
                ("is_competitor", models.BooleanField(default=False, verbose_name="competitor")),
                ("website", models.CharField(blank=True, max_length=300, verbose_name="website")),
                ("email", models.CharField(blank=True, editable=False, max_length=254, verbose_name="e-mail")),
                ("phone", models.CharField(blank=True, editable=False, max_length=60, verbose_name="phone")),
                ("city", models.CharField(blank=True, editable=False, max_length=100, verbose_name="city")),
                ("country", models.CharField(blank=True, editable=False, max_length=2, verbose_name="country")),
                ("employees", models.PositiveIntegerField(blank=True, null=True, verbose_name="employees")),
                (
                    "revenue",
                    models.DecimalField(
                        blank=True, decimal_places=2, max_digits=18, null=True, verbose_name="annual revenue"
                    ),
                ),
                ("currency", models.CharField(blank=True, max_length=3, verbose_name="currency")),
                (
                    "partner_tier",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "None"),
                            ("registered", "Registered"),
                            ("silver", "Silver"),
                            ("gold", "Gold"),
                            ("platinum", "Platinum"),
                        ],
                        max_length=20,
                        verbose_name="partner tier",
                    ),
                ),
                ("description", models.TextField(blank=True, verbose_name="description")),
                (
                    "name_sort",
                    models.GeneratedField(
                        db_persist=True,
                        expression=crm_site.core.models.record.Fold("name"),
                        output_field=models.TextField(db_collation="C"),
                    ),
                ),
                (
                    "search_text",
                    models.GeneratedField(
                        db_persist=True,
                        expression=crm_site.core.models.record.Fold(
                            django.db.models.functions.text.Concat(
                                "name",
                                models.Value(" "),
                                "website",
                                models.Value(" "),
                                "email",
                                models.Value(" "),
                                "phone",
                                models.Value(" "),
                                "city",
                                output_field=models.TextField(),
                            )
                        ),
                        output_field=models.TextField(db_collation="C"),
                    ),
                ),
                (
                    "changed_by",
                    models.ForeignKey(
                        db_index=False,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="changed by",
                    ),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        db_index=False,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="created by",
                    ),
                ),
                (
                    "deleted_by",
                    models.ForeignKey(
                        db_index=False,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="owner",
                    ),
                ),
                (
                    "parent",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="children",
                        to="customers.account",
                        verbose_name="parent account",
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="core.team",
                        verbose_name="team",
                    ),
                ),
            ],
            options={
                "verbose_name": "account",
                "verbose_name_plural": "accounts",
                "abstract": False,
                "base_manager_name": "objects",
                "default_manager_name": "objects",
                "indexes": [
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=["name_sort", "id"],
                        name="account_name_ix",
                    ),
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=["owner", "name_sort", "id"],
                        name="account_owner_name_ix",
                    ),
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=["team", "name_sort", "id"],
                        name="account_team_name_ix",
                    ),
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=["owner", "-id"],
                        name="account_owner_id_ix",
                    ),
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=["team", "-id"],
                        name="account_team_id_ix",
                    ),
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=["-changed_at", "-id"],
                        name="account_changed_ix",
                    ),
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=["owner", "-changed_at", "-id"],
                        name="account_owner_changed_ix",
                    ),
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=["team", "-changed_at", "-id"],
                        name="account_team_changed_ix",
                    ),
                    django.contrib.postgres.indexes.GinIndex(
                        condition=models.Q(("deleted_at__isnull", True)), fields=["tags"], name="account_tags_ix"
                    ),
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=["created_at"],
                        name="account_created_ix",
                    ),
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=["status", "name_sort", "id"],
                        name="account_status_ix",
                    ),
                    models.Index(
                        django.contrib.postgres.indexes.OpClass(
                            crm_site.core.models.record.Fold("industry"), "text_pattern_ops"
                        ),
                        condition=models.Q(("deleted_at__isnull", True)),
                        name="account_industry_ix",
                    ),
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=["country", "name_sort", "id"],
                        name="account_country_ix",
                    ),
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True), ("is_prospect", True)),
                        fields=["name_sort", "id"],
                        name="account_prospect_ix",
                    ),
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True), ("is_customer", True)),
                        fields=["name_sort", "id"],
                        name="account_customer_ix",
                    ),
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True), ("is_partner", True)),
                        fields=["name_sort", "id"],
                        name="account_partner_ix",
                    ),
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True), ("is_supplier", True)),
                        fields=["name_sort", "id"],
                        name="account_supplier_ix",
                    ),
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True), ("is_competitor", True)),
                        fields=["name_sort", "id"],
                        name="account_competitor_ix",
                    ),
                    django.contrib.postgres.indexes.GinIndex(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=["search_text"],
                        name="account_search_ix",
                        opclasses=["gin_trgm_ops"],
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("name__regex", "^\\s*$"), _negated=True), name="account_name_given"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["active", "inactive", "closed"])),
                        name="account_status_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("revenue__isnull", True), models.Q(("currency", ""), _negated=True), _connector="OR"
                        ),
                        name="account_revenue_has_currency",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="AccountEvent",
            fields=[
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("pgh_id", models.BigAutoField(primary_key=True, serialize=False)),
                ("id", models.BigIntegerField()),
                (
                    "tags",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=50),
                        blank=True,
                        db_default=[],
                        default=list,
                        size=None,
                        verbose_name="tags",
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        default=django.utils.timezone.now,
                        editable=False,
                        verbose_name="created",
                    ),
                ),
                (
                    "changed_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        default=django.utils.timezone.now,
                        editable=False,
                        verbose_name="changed",
                    ),
                ),
                ("version", models.PositiveIntegerField(db_default=1, default=1, editable=False)),
                ("deleted_at", models.DateTimeField(editable=False, null=True, verbose_name="deleted")),
                ("name", models.CharField(max_length=200, verbose_name="name")),
                (
                    "status",
                    models.CharField(
                        choices=[("active", "Active"), ("inactive", "Inactive"), ("closed", "Closed down")],
                        db_default="active",
                        default="active",
                        max_length=10,
                        verbose_name="status",
                    ),
                ),
                ("industry", models.CharField(blank=True, max_length=100, verbose_name="industry")),
                ("is_prospect", models.BooleanField(default=False, verbose_name="prospect")),
                ("is_customer", models.BooleanField(default=False, verbose_name="customer")),
                ("is_partner", models.BooleanField(default=False, verbose_name="partner")),
                ("is_supplier", models.BooleanField(default=False, verbose_name="supplier")),
                ("is_competitor", models.BooleanField(default=False, verbose_name="competitor")),
                ("website", models.CharField(blank=True, max_length=300, verbose_name="website")),
                ("employees", models.PositiveIntegerField(blank=True, null=True, verbose_name="employees")),
                (
                    "revenue",
                    models.DecimalField(
                        blank=True, decimal_places=2, max_digits=18, null=True, verbose_name="annual revenue"
                    ),
                ),
                ("currency", models.CharField(blank=True, max_length=3, verbose_name="currency")),
                (
                    "partner_tier",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "None"),
                            ("registered", "Registered"),
                            ("silver", "Silver"),
                            ("gold", "Gold"),
                            ("platinum", "Platinum"),
                        ],
                        max_length=20,
                        verbose_name="partner tier",
                    ),
                ),
                ("description", models.TextField(blank=True, verbose_name="description")),
                (
                    "changed_by",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="changed by",
                    ),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="created by",
                    ),
                ),
                (
                    "deleted_by",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="owner",
                    ),
                ),
                (
                    "parent",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="customers.account",
                        verbose_name="parent account",
                    ),
                ),
                (
                    "pgh_context",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="pghistory.context",
                    ),
                ),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="customers.account",
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="core.team",
                        verbose_name="team",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "indexes": [models.Index(fields=["pgh_obj", "-pgh_id"], name="account_event_ix")],
            },
        ),
        migrations.CreateModel(
            name="Contact",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "tags",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=50),
                        blank=True,
                        db_default=[],
                        default=list,
                        size=None,
                        verbose_name="tags",
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        default=django.utils.timezone.now,
                        editable=False,
                        verbose_name="created",
                    ),
                ),
                (
                    "changed_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        default=django.utils.timezone.now,
                        editable=False,
                        verbose_name="changed",
                    ),
                ),
                ("version", models.PositiveIntegerField(db_default=1, default=1, editable=False)),
                ("deleted_at", models.DateTimeField(editable=False, null=True, verbose_name="deleted")),
                ("first_name", models.CharField(max_length=100, verbose_name="first name")),
                ("middle_initial", models.CharField(blank=True, max_length=5, verbose_name="middle initial")),
                ("last_name", models.CharField(max_length=100, verbose_name="last name")),
                ("salutation", models.CharField(blank=True, max_length=30, verbose_name="salutation")),
                ("job_title", models.CharField(blank=True, max_length=150, verbose_name="title")),
                ("department", models.CharField(blank=True, max_length=100, verbose_name="department")),
                ("language", models.CharField(blank=True, max_length=10, verbose_name="language")),
                ("time_zone", models.CharField(blank=True, max_length=50, verbose_name="time zone")),
                ("birthday", models.DateField(blank=True, null=True, verbose_name="birthday")),
                ("do_not_contact", models.BooleanField(default=False, verbose_name="do not contact")),
                ("source", models.CharField(blank=True, max_length=100, verbose_name="source")),
                ("description", models.TextField(blank=True, verbose_name="description")),
                ("email", models.CharField(blank=True, editable=False, max_length=254, verbose_name="e-mail")),
                ("phone", models.CharField(blank=True, editable=False, max_length=60, verbose_name="phone")),
                ("city", models.CharField(blank=True, editable=False, max_length=100, verbose_name="city")),
                ("country", models.CharField(blank=True, editable=False, max_length=2, verbose_name="country")),
                (
                    "name_sort",
                    models.GeneratedField(
                        db_persist=True,
                        expression=crm_site.core.models.record.Fold(
                            django.db.models.functions.text.Concat(
                                "last_name", models.Value(" "), "first_name", output_field=models.TextField()
                            )
                        ),
                        output_field=models.TextField(db_collation="C"),
                    ),
                ),
                (
                    "search_text",
                    models.GeneratedField(
                        db_persist=True,
                        expression=crm_site.core.models.record.Fold(
                            django.db.models.functions.text.Concat(
                                "first_name",
                                models.Value(" "),
                                "last_name",
                                models.Value(" "),
                                "email",
                                models.Value(" "),
                                "phone",
                                models.Value(" "),
                                "city",
                                output_field=models.TextField(),
                            )
                        ),
                        output_field=models.TextField(db_collation="C"),
                    ),
                ),
                (
                    "account",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="contacts",
                        to="customers.account",
                        verbose_name="account",
                    ),
                ),
                (
                    "changed_by",
                    models.ForeignKey(
                        db_index=False,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="changed by",
                    ),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        db_index=False,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="created by",
                    ),
                ),
                (
                    "deleted_by",
                    models.ForeignKey(
                        db_index=False,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="owner",
                    ),
                ),
                (
                    "reports_to",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="reports",
                        to="customers.contact",
                        verbose_name="reports to",
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="core.team",
                        verbose_name="team",
                    ),
                ),
            ],
            options={
                "verbose_name": "contact",
                "verbose_name_plural": "contacts",
                "abstract": False,
                "base_manager_name": "objects",
                "default_manager_name": "objects",
                "indexes": [
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=["name_sort", "id"],
                        name="contact_name_ix",
                    ),
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=["owner", "name_sort", "id"],
                        name="contact_owner_name_ix",
                    ),
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=["team", "name_sort", "id"],
                        name="contact_team_name_ix",
                    ),
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=["owner", "-id"],
                        name="contact_owner_id_ix",
                    ),
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=["team", "-id"],
                        name="contact_team_id_ix",
                    ),
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=["-changed_at", "-id"],
                        name="contact_changed_ix",
                    ),
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=["owner", "-changed_at", "-id"],
                        name="contact_owner_changed_ix",
                    ),
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=["team", "-changed_at", "-id"],
                        name="contact_team_changed_ix",
                    ),
                    django.contrib.postgres.indexes.GinIndex(
                        condition=models.Q(("deleted_at__isnull", True)), fields=["tags"], name="contact_tags_ix"
                    ),
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=["created_at"],
                        name="contact_created_ix",
                    ),
                    models.Index(fields=["email"], name="contact_email_ix"),
                    models.Index(
                        django.contrib.postgres.indexes.OpClass(
                            crm_site.core.models.record.Fold("source"), "text_pattern_ops"
                        ),
                        condition=models.Q(("deleted_at__isnull", True)),
                        name="contact_source_ix",
                    ),
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=["account", "name_sort", "id"],
                        name="contact_account_ix",
                    ),
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=["country", "name_sort", "id"],
                        name="contact_country_ix",
                    ),
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True), ("do_not_contact", True)),
                        fields=["name_sort", "id"],
                        name="contact_silent_ix",
                    ),
                    django.contrib.postgres.indexes.GinIndex(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=["search_text"],
                        name="contact_search_ix",
                        opclasses=["gin_trgm_ops"],
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("last_name__regex", "^\\s*$"), _negated=True),
                        name="contact_last_name_given",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("reports_to__isnull", True),
                            models.Q(("reports_to", models.F("id")), _negated=True),
                            _connector="OR",
                        ),
                        name="contact_own_boss",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Affiliation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("role", models.CharField(blank=True, max_length=100, verbose_name="role")),
                ("valid_from", models.DateField(blank=True, null=True, verbose_name="from")),
                ("valid_to", models.DateField(blank=True, null=True, verbose_name="to")),
                ("is_main", models.BooleanField(default=False, verbose_name="main account")),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="affiliations",
                        to="customers.account",
                        verbose_name="account",
                    ),
                ),
                (
                    "contact",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="affiliations",
                        to="customers.contact",
                        verbose_name="contact",
                    ),
                ),
            ],
            options={
                "verbose_name": "affiliation",
                "verbose_name_plural": "affiliations",
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("is_main", True)), fields=("contact",), name="affiliation_one_main"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("valid_to__isnull", True)),
                        fields=("contact", "account"),
                        name="affiliation_current_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("valid_to__isnull", True),
                            ("valid_from__isnull", True),
                            ("valid_to__gte", models.F("valid_from")),
                            _connector="OR",
                        ),
                        name="affiliation_dates_in_order",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("is_main", False), ("valid_to__isnull", True), _connector="OR"),
                        name="affiliation_main_is_current",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CalendarFeed",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("token_hash", models.CharField(max_length=64, unique=True)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="calendar_feed",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="AffiliationEvent",
            fields=[
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("pgh_id", models.BigAutoField(primary_key=True, serialize=False)),
                ("id", models.BigIntegerField()),
                ("role", models.CharField(blank=True, max_length=100, verbose_name="role")),
                ("valid_from", models.DateField(blank=True, null=True, verbose_name="from")),
                ("valid_to", models.DateField(blank=True, null=True, verbose_name="to")),
                ("is_main", models.BooleanField(default=False, verbose_name="main account")),
                (
                    "account",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="customers.account",
                        verbose_name="account",
                    ),
                ),
                (
                    "pgh_context",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="pghistory.context",
                    ),
                ),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="customers.affiliation",
                    ),
                ),
                (
                    "contact",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="customers.contact",
                        verbose_name="contact",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "indexes": [models.Index(fields=["pgh_obj", "-pgh_id"], name="affiliation_event_ix")],
            },
        ),
        migrations.CreateModel(
            name="Customer",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "tags",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=50),
                        blank=True,
                        db_default=[],
                        default=list,
                        size=None,
                        verbose_name="tags",
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        default=django.utils.timezone.now,
                        editable=False,
                        verbose_name="created",
                    ),
                ),
                (
                    "changed_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        default=django.utils.timezone.now,
                        editable=False,
                        verbose_name="changed",
                    ),
                ),
                ("version", models.PositiveIntegerField(db_default=1, default=1, editable=False)),
                ("deleted_at", models.DateTimeField(editable=False, null=True, verbose_name="deleted")),
                (
                    "kind",
                    models.CharField(
                        choices=[("business", "Business"), ("individual", "Individual")],
                        max_length=10,
                        verbose_name="kind",
                    ),
                ),
                ("name", models.CharField(max_length=310, verbose_name="name")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("prospect", "Prospect"),
                            ("active", "Active"),
                            ("inactive", "Inactive"),
                            ("former", "Former"),
                        ],
                        db_default="prospect",
                        default="prospect",
                        max_length=10,
                        verbose_name="status",
                    ),
                ),
                ("since", models.DateField(blank=True, null=True, verbose_name="customer since")),
                ("email", models.CharField(blank=True, editable=False, max_length=254, verbose_name="e-mail")),
                ("phone", models.CharField(blank=True, editable=False, max_length=60, verbose_name="phone")),
                ("city", models.CharField(blank=True, editable=False, max_length=100, verbose_name="city")),
                ("country", models.CharField(blank=True, editable=False, max_length=2, verbose_name="country")),
                ("description", models.TextField(blank=True, verbose_name="description")),
                (
                    "name_sort",
                    models.GeneratedField(
                        db_persist=True,
                        expression=crm_site.core.models.record.Fold("name"),
                        output_field=models.TextField(db_collation="C"),
                    ),
                ),
                (
                    "search_text",
                    models.GeneratedField(
                        db_persist=True,
                        expression=crm_site.core.models.record.Fold(
                            django.db.models.functions.text.Concat(
                                "name",
                                models.Value(" "),
                                "email",
                                models.Value(" "),
                                "phone",
                                models.Value(" "),
                                "city",
                                output_field=models.TextField(),
                            )
                        ),
                        output_field=models.TextField(db_collation="C"),
                    ),
                ),
                (
                    "account",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="customers",
                        to="customers.account",
                        verbose_name="account",
                    ),
                ),
                (
                    "changed_by",
                    models.ForeignKey(
                        db_index=False,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="changed by",
                    ),
                ),
                (
                    "contact",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="customers",
                        to="customers.contact",
                        verbose_name="primary contact",
                    ),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        db_index=False,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="created by",
                    ),
                ),
                (
                    "deleted_by",
                    models.ForeignKey(
                        db_index=False,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="owner",
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="core.team",
                        verbose_name="team",
                    ),
                ),
            ],
            options={
                "verbose_name": "customer",
                "verbose_name_plural": "customers",
                "abstract": False,
                "base_manager_name": "objects",
                "default_manager_name": "objects",
                "indexes": [
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=["name_sort", "id"],
                        name="customer_name_ix",
                    ),
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=["owner", "name_sort", "id"],
                        name="customer_owner_name_ix",
                    ),
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=["team", "name_sort", "id"],
                        name="customer_team_name_ix",
                    ),
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=["owner", "-id"],
                        name="customer_owner_id_ix",
                    ),
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=["team", "-id"],
                        name="customer_team_id_ix",
                    ),
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=["-changed_at", "-id"],
                        name="customer_changed_ix",
                    ),
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=["owner", "-changed_at", "-id"],
                        name="customer_owner_changed_ix",
                    ),
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=["team", "-changed_at", "-id"],
                        name="customer_team_changed_ix",
                    ),
                    django.contrib.postgres.indexes.GinIndex(
                        condition=models.Q(("deleted_at__isnull", True)), fields=["tags"], name="customer_tags_ix"
                    ),
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=["created_at"],
                        name="customer_created_ix",
                    ),
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=["status", "name_sort", "id"],
                        name="customer_status_ix",
                    ),
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=["kind", "name_sort", "id"],
                        name="customer_kind_ix",
                    ),
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=["country", "name_sort", "id"],
                        name="customer_country_ix",
                    ),
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True)), fields=["since"], name="customer_since_ix"
                    ),
                    django.contrib.postgres.indexes.GinIndex(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=["search_text"],
                        name="customer_search_ix",
                        opclasses=["gin_trgm_ops"],
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("account__isnull", False), ("kind", "business")),
                            models.Q(("contact__isnull", False), ("kind", "individual")),
                            _connector="OR",
                        ),
                        name="customer_has_its_party",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["prospect", "active", "inactive", "former"])),
                        name="customer_status_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("name__regex", "^\\s*$"), _negated=True), name="customer_name_given"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("deleted_at__isnull", True), ("kind", "business")),
                        fields=("account",),
                        name="customer_account_once",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("deleted_at__isnull", True), ("kind", "individual")),
                        fields=("contact",),
                        name="customer_person_once",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Activity",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "tags",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=50),
                        blank=True,
                        db_default=[],
                        default=list,
                        size=None,
                        verbose_name="tags",
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        default=django.utils.timezone.now,
                        editable=False,
                        verbose_name="created",
                    ),
                ),
                (
                    "changed_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        default=django.utils.timezone.now,
                        editable=False,
                        verbose_name="changed",
                    ),
                ),
                ("version", models.PositiveIntegerField(db_default=1, default=1, editable=False)),
                ("deleted_at", models.DateTimeField(editable=False, null=True, verbose_name="deleted")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("call", "Call"),
                            ("email", "E-mail"),
                            ("meeting", "Meeting"),
                            ("note", "Note"),
                            ("task", "Task"),
                            ("event", "Event"),
                        ],
                        max_length=10,
                        verbose_name="kind",
                    ),
                ),
                (
                    "direction",
                    models.CharField(
                        blank=True,
                        choices=[("", "—"), ("in", "Inbound"), ("out", "Outbound")],
                        max_length=3,
                        verbose_name="direction",
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[("open", "Open"), ("done", "Done"), ("cancelled", "Cancelled")],
                        default="done",
                        max_length=10,
                        verbose_name="status",
                    ),
                ),
                ("subject", models.CharField(max_length=300, verbose_name="subject")),
                ("body", models.TextField(blank=True, verbose_name="notes")),
                ("at", models.DateTimeField(verbose_name="when")),
                ("ends_at", models.DateTimeField(blank=True, null=True, verbose_name="until")),
                ("duration", models.PositiveIntegerField(blank=True, null=True, verbose_name="minutes")),
                ("done_at", models.DateTimeField(blank=True, null=True, verbose_name="done at")),
                ("outcome", models.CharField(blank=True, max_length=100, verbose_name="outcome")),
                ("place", models.CharField(blank=True, max_length=200, verbose_name="place")),
                (
                    "priority",
                    models.PositiveSmallIntegerField(
                        choices=[(1, "High"), (2, "Normal"), (3, "Low")], default=2, verbose_name="priority"
                    ),
                ),
                (
                    "repeats",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "Never"),
                            ("daily", "Every day"),
                            ("weekly", "Every week"),
                            ("monthly", "Every month"),
                            ("yearly", "Every year"),
                        ],
                        max_length=10,
                        verbose_name="repeats",
                    ),
                ),
                ("remind_at", models.DateTimeField(blank=True, null=True, verbose_name="remind me")),
                ("reminded_at", models.DateTimeField(editable=False, null=True)),
                ("is_private", models.BooleanField(default=False, verbose_name="private")),
                ("is_pinned", models.BooleanField(default=False, verbose_name="pinned")),
                ("regarding_id", models.BigIntegerField(blank=True, null=True)),
                (
                    "search_text",
                    models.GeneratedField(
                        db_persist=True,
                        expression=crm_site.core.models.record.Fold(
                            django.db.models.functions.text.Concat(
                                "subject", models.Value(" "), "outcome", output_field=models.TextField()
                            )
                        ),
                        output_field=models.TextField(db_collation="C"),
                    ),
                ),
                (
                    "account",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="activities",
                        to="customers.account",
                        verbose_name="account",
                    ),
                ),
                (
                    "changed_by",
                    models.ForeignKey(
                        db_index=False,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="changed by",
                    ),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        db_index=False,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="created by",
                    ),
                ),
                (
                    "deleted_by",
                    models.ForeignKey(
                        db_index=False,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "followed_owner",
                    models.ForeignKey(
                        db_index=False,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "followed_team",
                    models.ForeignKey(
                        db_index=False,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="core.team",
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="owner",
                    ),
                ),
                (
                    "regarding_type",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="contenttypes.contenttype",
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="core.team",
                        verbose_name="team",
                    ),
                ),
                (
                    "contact",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="activities",
                        to="customers.contact",
                        verbose_name="contact",
                    ),
                ),
                (
                    "customer",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="activities",
                        to="customers.customer",
                        verbose_name="customer",
                    ),
                ),
            ],
            options={
                "verbose_name": "activity",
                "verbose_name_plural": "activities",
                "abstract": False,
                "base_manager_name": "objects",
                "default_manager_name": "objects",
                "indexes": [
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True)), fields=["-at", "-id"], name="activity_at_ix"
                    ),
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=["owner", "-at", "-id"],
                        name="activity_owner_at_ix",
                    ),
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=["team", "-at", "-id"],
                        name="activity_team_at_ix",
                    ),
                    django.contrib.postgres.indexes.GinIndex(
                        condition=models.Q(("deleted_at__isnull", True)), fields=["tags"], name="activity_tags_ix"
                    ),
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=["created_at"],
                        name="activity_created_ix",
                    ),
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=["followed_owner", "-at", "-id"],
                        name="activity_fowner_ix",
                    ),
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=["followed_team", "-at", "-id"],
                        name="activity_fteam_ix",
                    ),
                    models.Index(fields=["customer", "-at", "-id", "kind"], name="activity_customer_ix"),
                    models.Index(fields=["account", "-at", "-id", "kind"], name="activity_account_ix"),
                    models.Index(fields=["contact", "-at", "-id", "kind"], name="activity_contact_ix"),
                    models.Index(fields=["regarding_type", "regarding_id", "-at", "-id"], name="activity_regarding_ix"),
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True), ("status", "open")),
                        fields=["owner", "at", "id"],
                        name="activity_todo_ix",
                    ),
                    models.Index(
                        condition=models.Q(
                            ("remind_at__isnull", False), ("reminded_at__isnull", True), ("status", "open")
                        ),
                        fields=["remind_at"],
                        name="activity_remind_ix",
                    ),
                    django.contrib.postgres.indexes.GinIndex(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=["search_text"],
                        name="activity_search_ix",
                        opclasses=["gin_trgm_ops"],
                    ),
                    models.Index(
                        condition=models.Q(("is_pinned", True), ("status", "open"), _connector="OR"),
                        fields=["customer", "at", "id"],
                        name="activity_customer_top_ix",
                    ),
                    models.Index(
                        condition=models.Q(("is_pinned", True), ("status", "open"), _connector="OR"),
                        fields=["account", "at", "id"],
                        name="activity_account_top_ix",
                    ),
                    models.Index(
                        condition=models.Q(("is_pinned", True), ("status", "open"), _connector="OR"),
                        fields=["contact", "at", "id"],
                        name="activity_contact_top_ix",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("subject__regex", "^\\s*$"), _negated=True), name="activity_subject_given"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["call", "email", "meeting", "note", "task", "event"])),
                        name="activity_kind_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["open", "done", "cancelled"])), name="activity_status_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("regarding_id__isnull", True), ("regarding_type__isnull", True)),
                            models.Q(("regarding_id__isnull", False), ("regarding_type__isnull", False)),
                            _connector="OR",
                        ),
                        name="activity_regarding_whole",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ContactEvent",
            fields=[
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("pgh_id", models.BigAutoField(primary_key=True, serialize=False)),
                ("id", models.BigIntegerField()),
                (
                    "tags",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=50),
                        blank=True,
                        db_default=[],
                        default=list,
                        size=None,
                        verbose_name="tags",
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        default=django.utils.timezone.now,
                        editable=False,
                        verbose_name="created",
                    ),
                ),
                (
                    "changed_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        default=django.utils.timezone.now,
                        editable=False,
                        verbose_name="changed",
                    ),
                ),
                ("version", models.PositiveIntegerField(db_default=1, default=1, editable=False)),
                ("deleted_at", models.DateTimeField(editable=False, null=True, verbose_name="deleted")),
                ("first_name", models.CharField(max_length=100, verbose_name="first name")),
                ("middle_initial", models.CharField(blank=True, max_length=5, verbose_name="middle initial")),
                ("last_name", models.CharField(max_length=100, verbose_name="last name")),
                ("salutation", models.CharField(blank=True, max_length=30, verbose_name="salutation")),
                ("job_title", models.CharField(blank=True, max_length=150, verbose_name="title")),
                ("department", models.CharField(blank=True, max_length=100, verbose_name="department")),
                ("language", models.CharField(blank=True, max_length=10, verbose_name="language")),
                ("time_zone", models.CharField(blank=True, max_length=50, verbose_name="time zone")),
                ("birthday", models.DateField(blank=True, null=True, verbose_name="birthday")),
                ("do_not_contact", models.BooleanField(default=False, verbose_name="do not contact")),
                ("source", models.CharField(blank=True, max_length=100, verbose_name="source")),
                ("description", models.TextField(blank=True, verbose_name="description")),
                (
                    "changed_by",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="changed by",
                    ),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="created by",
                    ),
                ),
                (
                    "deleted_by",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="owner",
                    ),
                ),
                (
                    "pgh_context",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="pghistory.context",
                    ),
                ),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="customers.contact",
                    ),
                ),
                (
                    "reports_to",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="customers.contact",
                        verbose_name="reports to",
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="core.team",
                        verbose_name="team",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "indexes": [models.Index(fields=["pgh_obj", "-pgh_id"], name="contact_event_ix")],
            },
        ),
        migrations.CreateModel(
            name="ContactMechanism",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "type",
                    models.CharField(
                        choices=[
                            ("email", "E-mail"),
                            ("phone", "Phone"),
                            ("mobile", "Mobile"),
                            ("postal", "Postal address"),
                            ("web", "Web"),
                            ("social", "Social"),
                        ],
                        max_length=10,
                        verbose_name="type",
                    ),
                ),
                (
                    "purpose",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "Any"),
                            ("work", "Work"),
                            ("home", "Home"),
                            ("billing", "Billing"),
                            ("shipping", "Shipping"),
                            ("support", "Support"),
                        ],
                        max_length=10,
                        verbose_name="purpose",
                    ),
                ),
                ("value", models.CharField(max_length=500, verbose_name="value")),
                ("normalised", models.CharField(blank=True, editable=False, max_length=500)),
                ("is_primary", models.BooleanField(default=False, verbose_name="primary")),
                (
                    "status",
                    models.CharField(
                        choices=[("ok", "OK"), ("bounced", "Bounced"), ("invalid", "Invalid")],
                        default="ok",
                        max_length=10,
                        verbose_name="status",
                    ),
                ),
                ("do_not_use", models.BooleanField(default=False, verbose_name="do not use")),
                ("verified_at", models.DateTimeField(blank=True, null=True, verbose_name="verified")),
                ("valid_from", models.DateField(blank=True, null=True, verbose_name="from")),
                ("valid_to", models.DateField(blank=True, null=True, verbose_name="to")),
                ("street", models.CharField(blank=True, max_length=200, verbose_name="street")),
                ("city", models.CharField(blank=True, max_length=100, verbose_name="city")),
                ("region", models.CharField(blank=True, max_length=100, verbose_name="region")),
                ("postal_code", models.CharField(blank=True, max_length=20, verbose_name="postal code")),
                ("country", models.CharField(blank=True, max_length=2, verbose_name="country")),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                (
                    "account",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="mechanisms",
                        to="customers.account",
                    ),
                ),
                (
                    "contact",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="mechanisms",
                        to="customers.contact",
                    ),
                ),
            ],
            options={
                "verbose_name": "contact mechanism",
                "verbose_name_plural": "contact mechanisms",
                "indexes": [models.Index(fields=["normalised", "type"], name="mechanism_value_ix")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("account__isnull", False), ("contact__isnull", True)),
                            models.Q(("account__isnull", True), ("contact__isnull", False)),
                            _connector="OR",
                        ),
                        name="mechanism_one_owner",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("is_primary", True)),
                        fields=("account", "type"),
                        name="mechanism_account_primary",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("is_primary", True)),
                        fields=("contact", "type"),
                        name="mechanism_contact_primary",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("type__in", ["email", "phone", "mobile", "postal", "web", "social"])),
                        name="mechanism_type_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("value__regex", "^\\s*$"), _negated=True), name="mechanism_value_given"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("valid_to__isnull", True),
                            ("valid_from__isnull", True),
                            ("valid_to__gte", models.F("valid_from")),
                            _connector="OR",
                        ),
                        name="mechanism_dates_in_order",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ContactMechanismEvent",
            fields=[
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("pgh_id", models.BigAutoField(primary_key=True, serialize=False)),
                ("id", models.BigIntegerField()),
                (
                    "type",
                    models.CharField(
                        choices=[
                            ("email", "E-mail"),
                            ("phone", "Phone"),
                            ("mobile", "Mobile"),
                            ("postal", "Postal address"),
                            ("web", "Web"),
                            ("social", "Social"),
                        ],
                        max_length=10,
                        verbose_name="type",
                    ),
                ),
                (
                    "purpose",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "Any"),
                            ("work", "Work"),
                            ("home", "Home"),
                            ("billing", "Billing"),
                            ("shipping", "Shipping"),
                            ("support", "Support"),
                        ],
                        max_length=10,
                        verbose_name="purpose",
                    ),
                ),
                ("value", models.CharField(max_length=500, verbose_name="value")),
                ("normalised", models.CharField(blank=True, editable=False, max_length=500)),
                ("is_primary", models.BooleanField(default=False, verbose_name="primary")),
                (
                    "status",
                    models.CharField(
                        choices=[("ok", "OK"), ("bounced", "Bounced"), ("invalid", "Invalid")],
                        default="ok",
                        max_length=10,
                        verbose_name="status",
                    ),
                ),
                ("do_not_use", models.BooleanField(default=False, verbose_name="do not use")),
                ("verified_at", models.DateTimeField(blank=True, null=True, verbose_name="verified")),
                ("valid_from", models.DateField(blank=True, null=True, verbose_name="from")),
                ("valid_to", models.DateField(blank=True, null=True, verbose_name="to")),
                ("street", models.CharField(blank=True, max_length=200, verbose_name="street")),
                ("city", models.CharField(blank=True, max_length=100, verbose_name="city")),
                ("region", models.CharField(blank=True, max_length=100, verbose_name="region")),
                ("postal_code", models.CharField(blank=True, max_length=20, verbose_name="postal code")),
                ("country", models.CharField(blank=True, max_length=2, verbose_name="country")),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                (
                    "account",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="customers.account",
                    ),
                ),
                (
                    "contact",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="customers.contact",
                    ),
                ),
                (
                    "pgh_context",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="pghistory.context",
                    ),
                ),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="customers.contactmechanism",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "indexes": [models.Index(fields=["pgh_obj", "-pgh_id"], name="contactmechanism_event_ix")],
            },
        ),
        migrations.CreateModel(
            name="ActivityEvent",
            fields=[
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("pgh_id", models.BigAutoField(primary_key=True, serialize=False)),
                ("id", models.BigIntegerField()),
                (
                    "tags",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=50),
                        blank=True,
                        db_default=[],
                        default=list,
                        size=None,
                        verbose_name="tags",
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        default=django.utils.timezone.now,
                        editable=False,
                        verbose_name="created",
                    ),
                ),
                (
                    "changed_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        default=django.utils.timezone.now,
                        editable=False,
                        verbose_name="changed",
                    ),
                ),
                ("version", models.PositiveIntegerField(db_default=1, default=1, editable=False)),
                ("deleted_at", models.DateTimeField(editable=False, null=True, verbose_name="deleted")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("call", "Call"),
                            ("email", "E-mail"),
                            ("meeting", "Meeting"),
                            ("note", "Note"),
                            ("task", "Task"),
                            ("event", "Event"),
                        ],
                        max_length=10,
                        verbose_name="kind",
                    ),
                ),
                (
                    "direction",
                    models.CharField(
                        blank=True,
                        choices=[("", "—"), ("in", "Inbound"), ("out", "Outbound")],
                        max_length=3,
                        verbose_name="direction",
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[("open", "Open"), ("done", "Done"), ("cancelled", "Cancelled")],
                        default="done",
                        max_length=10,
                        verbose_name="status",
                    ),
                ),
                ("subject", models.CharField(max_length=300, verbose_name="subject")),
                ("body", models.TextField(blank=True, verbose_name="notes")),
                ("at", models.DateTimeField(verbose_name="when")),
                ("ends_at", models.DateTimeField(blank=True, null=True, verbose_name="until")),
                ("duration", models.PositiveIntegerField(blank=True, null=True, verbose_name="minutes")),
                ("done_at", models.DateTimeField(blank=True, null=True, verbose_name="done at")),
                ("outcome", models.CharField(blank=True, max_length=100, verbose_name="outcome")),
                ("place", models.CharField(blank=True, max_length=200, verbose_name="place")),
                (
                    "priority",
                    models.PositiveSmallIntegerField(
                        choices=[(1, "High"), (2, "Normal"), (3, "Low")], default=2, verbose_name="priority"
                    ),
                ),
                (
                    "repeats",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "Never"),
                            ("daily", "Every day"),
                            ("weekly", "Every week"),
                            ("monthly", "Every month"),
                            ("yearly", "Every year"),
                        ],
                        max_length=10,
                        verbose_name="repeats",
                    ),
                ),
                ("remind_at", models.DateTimeField(blank=True, null=True, verbose_name="remind me")),
                ("is_private", models.BooleanField(default=False, verbose_name="private")),
                ("is_pinned", models.BooleanField(default=False, verbose_name="pinned")),
                ("regarding_id", models.BigIntegerField(blank=True, null=True)),
                (
                    "account",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="customers.account",
                        verbose_name="account",
                    ),
                ),
                (
                    "changed_by",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="changed by",
                    ),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="created by",
                    ),
                ),
                (
                    "deleted_by",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="owner",
                    ),
                ),
                (
                    "pgh_context",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="pghistory.context",
                    ),
                ),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="customers.activity",
                    ),
                ),
                (
                    "regarding_type",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="contenttypes.contenttype",
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="core.team",
                        verbose_name="team",
                    ),
                ),
                (
                    "contact",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="customers.contact",
                        verbose_name="contact",
                    ),
                ),
                (
                    "customer",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="customers.customer",
                        verbose_name="customer",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "indexes": [models.Index(fields=["pgh_obj", "-pgh_id"], name="activity_event_ix")],
            },
        ),
        migrations.CreateModel(
            name="CustomerEvent",
            fields=[
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("pgh_id", models.BigAutoField(primary_key=True, serialize=False)),
                ("id", models.BigIntegerField()),
                (
                    "tags",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=50),
                        blank=True,
                        db_default=[],
                        default=list,
                        size=None,
                        verbose_name="tags",
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        default=django.utils.timezone.now,
                        editable=False,
                        verbose_name="created",
                    ),
                ),
                (
                    "changed_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        default=django.utils.timezone.now,
                        editable=False,
                        verbose_name="changed",
                    ),
                ),
                ("version", models.PositiveIntegerField(db_default=1, default=1, editable=False)),
                ("deleted_at", models.DateTimeField(editable=False, null=True, verbose_name="deleted")),
                (
                    "kind",
                    models.CharField(
                        choices=[("business", "Business"), ("individual", "Individual")],
                        max_length=10,
                        verbose_name="kind",
                    ),
                ),
                ("name", models.CharField(max_length=310, verbose_name="name")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("prospect", "Prospect"),
                            ("active", "Active"),
                            ("inactive", "Inactive"),
                            ("former", "Former"),
                        ],
                        db_default="prospect",
                        default="prospect",
                        max_length=10,
                        verbose_name="status",
                    ),
                ),
                ("since", models.DateField(blank=True, null=True, verbose_name="customer since")),
                ("description", models.TextField(blank=True, verbose_name="description")),
                (
                    "account",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="customers.account",
                        verbose_name="account",
                    ),
                ),
                (
                    "changed_by",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="changed by",
                    ),
                ),
                (
                    "contact",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="customers.contact",
                        verbose_name="primary contact",
                    ),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="created by",
                    ),
                ),
                (
                    "deleted_by",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="owner",
                    ),
                ),
                (
                    "pgh_context",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="pghistory.context",
                    ),
                ),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="customers.customer",
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="core.team",
                        verbose_name="team",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "indexes": [models.Index(fields=["pgh_obj", "-pgh_id"], name="customer_event_ix")],
            },
        ),
        migrations.CreateModel(
            name="CustomerStatusChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "from_status",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("prospect", "Prospect"),
                            ("active", "Active"),
                            ("inactive", "Inactive"),
                            ("former", "Former"),
                        ],
                        max_length=10,
                        verbose_name="from",
                    ),
                ),
                (
                    "to_status",
                    models.CharField(
                        choices=[
                            ("prospect", "Prospect"),
                            ("active", "Active"),
                            ("inactive", "Inactive"),
                            ("former", "Former"),
                        ],
                        max_length=10,
                        verbose_name="to",
                    ),
                ),
                ("reason", models.CharField(blank=True, max_length=200, verbose_name="reason")),
                ("at", models.DateTimeField(verbose_name="at")),
                (
                    "by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="by",
                    ),
                ),
                (
                    "customer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="status_changes",
                        to="customers.customer",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["customer", "-at"], name="customer_status_change_ix")],
            },
        ),
        migrations.CreateModel(
            name="Participant",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "answer",
                    models.CharField(
                        blank=True,
                        choices=[("", "—"), ("accepted", "Accepted"), ("declined", "Declined"), ("tentative", "Maybe")],
                        max_length=10,
                        verbose_name="answer",
                    ),
                ),
                ("answered_at", models.DateTimeField(editable=False, null=True)),
                ("invite_due", models.DateTimeField(editable=False, null=True)),
                ("invited_at", models.DateTimeField(editable=False, null=True)),
                (
                    "activity",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="participants",
                        to="customers.activity",
                    ),
                ),
                (
                    "contact",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="participations",
                        to="customers.contact",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("invite_due__isnull", False)),
                        fields=["invite_due"],
                        name="participant_due_ix",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("contact__isnull", False), ("user__isnull", True)),
                            models.Q(("contact__isnull", True), ("user__isnull", False)),
                            _connector="OR",
                        ),
                        name="participant_contact_or_user",
                    ),
                    models.UniqueConstraint(
                        fields=("activity", "contact", "user"), name="participant_once", nulls_distinct=False
                    ),
                ],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="account",
            trigger=pgtrigger.compiler.Trigger(
                name="no_loop",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n    IF NEW.parent_id IS NULL THEN RETURN NEW; END IF;\n    PERFORM pg_advisory_xact_lock(hashtext('customers_account.parent'));\n    IF EXISTS (\n        WITH RECURSIVE up AS (\n            SELECT NEW.parent_id AS id\n            UNION\n            SELECT a.parent_id FROM up JOIN customers_account a ON a.id = up.id WHERE a.parent_id IS NOT NULL\n        ) SELECT 1 FROM up WHERE id = NEW.id\n    ) THEN\n        RAISE EXCEPTION 'an account cannot be below itself'\n            USING ERRCODE = 'check_violation', CONSTRAINT = 'account_no_loop';\n    END IF;\n    RETURN NEW;\n",
                    hash="30a1bab44b516f6c13ac218ba2e92b4639a5e661",
                    operation='INSERT OR UPDATE OF "parent_id"',
                    pgid="pgtrigger_no_loop_bb149",
                    table="customers_account",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="account",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "customers_accountevent" ("changed_at", "changed_by_id", "created_at", "created_by_id", "currency", "deleted_at", "deleted_by_id", "description", "employees", "id", "industry", "is_competitor", "is_customer", "is_partner", "is_prospect", "is_supplier", "name", "owner_id", "parent_id", "partner_tier", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "revenue", "status", "tags", "team_id", "version", "website") SELECT new_values."changed_at", new_values."changed_by_id", new_values."created_at", new_values."created_by_id", new_values."currency", new_values."deleted_at", new_values."deleted_by_id", new_values."description", new_values."employees", new_values."id", new_values."industry", new_values."is_competitor", new_values."is_customer", new_values."is_partner", new_values."is_prospect", new_values."is_supplier", new_values."name", new_values."owner_id", new_values."parent_id", new_values."partner_tier", _pgh_attached_context.value, NOW(), \'insert\', new_values."id", new_values."revenue", new_values."status", new_values."tags", new_values."team_id", new_values."version", new_values."website" FROM ( SELECT new_values.* FROM new_values  ) AS new_values, _pgh_attached_context; RETURN NULL;',
                    hash="6814fea58ba026ae24fbf9f6194049feb35319fd",
                    level="STATEMENT",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_c7393",
                    referencing="REFERENCING NEW TABLE AS new_values ",
                    table="customers_account",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="account",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "customers_accountevent" ("changed_at", "changed_by_id", "created_at", "created_by_id", "currency", "deleted_at", "deleted_by_id", "description", "employees", "id", "industry", "is_competitor", "is_customer", "is_partner", "is_prospect", "is_supplier", "name", "owner_id", "parent_id", "partner_tier", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "revenue", "status", "tags", "team_id", "version", "website") SELECT new_values."changed_at", new_values."changed_by_id", new_values."created_at", new_values."created_by_id", new_values."currency", new_values."deleted_at", new_values."deleted_by_id", new_values."description", new_values."employees", new_values."id", new_values."industry", new_values."is_competitor", new_values."is_customer", new_values."is_partner", new_values."is_prospect", new_values."is_supplier", new_values."name", new_values."owner_id", new_values."parent_id", new_values."partner_tier", _pgh_attached_context.value, NOW(), \'update\', new_values."id", new_values."revenue", new_values."status", new_values."tags", new_values."team_id", new_values."version", new_values."website" FROM ( SELECT new_values.* FROM old_values JOIN new_values ON (old_values."id") = (new_values."id") WHERE (old_values."changed_at" IS DISTINCT FROM (new_values."changed_at") OR old_values."changed_by_id" IS DISTINCT FROM (new_values."changed_by_id") OR old_values."created_at" IS DISTINCT FROM (new_values."created_at") OR old_values."created_by_id" IS DISTINCT FROM (new_values."created_by_id") OR old_values."currency" IS DISTINCT FROM (new_values."currency") OR old_values."deleted_at" IS DISTINCT FROM (new_values."deleted_at") OR old_values."deleted_by_id" IS DISTINCT FROM (new_values."deleted_by_id") OR old_values."description" IS DISTINCT FROM (new_values."description") OR old_values."employees" IS DISTINCT FROM (new_values."employees") OR old_values."id" IS DISTINCT FROM (new_values."id") OR old_values."industry" IS DISTINCT FROM (new_values."industry") OR old_values."is_competitor" IS DISTINCT FROM (new_values."is_competitor") OR old_values."is_customer" IS DISTINCT FROM (new_values."is_customer") OR old_values."is_partner" IS DISTINCT FROM (new_values."is_partner") OR old_values."is_prospect" IS DISTINCT FROM (new_values."is_prospect") OR old_values."is_supplier" IS DISTINCT FROM (new_values."is_supplier") OR old_values."name" IS DISTINCT FROM (new_values."name") OR old_values."owner_id" IS DISTINCT FROM (new_values."owner_id") OR old_values."parent_id" IS DISTINCT FROM (new_values."parent_id") OR old_values."partner_tier" IS DISTINCT FROM (new_values."partner_tier") OR old_values."revenue" IS DISTINCT FROM (new_values."revenue") OR old_values."status" IS DISTINCT FROM (new_values."status") OR old_values."tags" IS DISTINCT FROM (new_values."tags") OR old_values."team_id" IS DISTINCT FROM (new_values."team_id") OR old_values."version" IS DISTINCT FROM (new_values."version") OR old_values."website" IS DISTINCT FROM (new_values."website")) ) AS new_values, _pgh_attached_context; RETURN NULL;',
                    hash="721a839760bb1e7f22477e9789a34c4265545106",
                    level="STATEMENT",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_2fc5e",
                    referencing="REFERENCING OLD TABLE AS old_values  NEW TABLE AS new_values ",
                    table="customers_account",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="account",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "customers_accountevent" ("changed_at", "changed_by_id", "created_at", "created_by_id", "currency", "deleted_at", "deleted_by_id", "description", "employees", "id", "industry", "is_competitor", "is_customer", "is_partner", "is_prospect", "is_supplier", "name", "owner_id", "parent_id", "partner_tier", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "revenue", "status", "tags", "team_id", "version", "website") SELECT old_values."changed_at", old_values."changed_by_id", old_values."created_at", old_values."created_by_id", old_values."currency", old_values."deleted_at", old_values."deleted_by_id", old_values."description", old_values."employees", old_values."id", old_values."industry", old_values."is_competitor", old_values."is_customer", old_values."is_partner", old_values."is_prospect", old_values."is_supplier", old_values."name", old_values."owner_id", old_values."parent_id", old_values."partner_tier", _pgh_attached_context.value, NOW(), \'delete\', old_values."id", old_values."revenue", old_values."status", old_values."tags", old_values."team_id", old_values."version", old_values."website" FROM ( SELECT old_values.* FROM old_values  ) AS old_values, _pgh_attached_context; RETURN NULL;',
                    hash="aa2b35f84b310e99e08fd24126c0a49e2562d7ad",
                    level="STATEMENT",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_e891a",
                    referencing="REFERENCING OLD TABLE AS old_values ",
                    table="customers_account",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="contact",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "customers_contactevent" ("birthday", "changed_at", "changed_by_id", "created_at", "created_by_id", "deleted_at", "deleted_by_id", "department", "description", "do_not_contact", "first_name", "id", "job_title", "language", "last_name", "middle_initial", "owner_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "reports_to_id", "salutation", "source", "tags", "team_id", "time_zone", "version") SELECT new_values."birthday", new_values."changed_at", new_values."changed_by_id", new_values."created_at", new_values."created_by_id", new_values."deleted_at", new_values."deleted_by_id", new_values."department", new_values."description", new_values."do_not_contact", new_values."first_name", new_values."id", new_values."job_title", new_values."language", new_values."last_name", new_values."middle_initial", new_values."owner_id", _pgh_attached_context.value, NOW(), \'insert\', new_values."id", new_values."reports_to_id", new_values."salutation", new_values."source", new_values."tags", new_values."team_id", new_values."time_zone", new_values."version" FROM ( SELECT new_values.* FROM new_values  ) AS new_values, _pgh_attached_context; RETURN NULL;',
                    hash="66f4fa74d3c567e773074b273b2cda02567d175a",
                    level="STATEMENT",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_84620",
                    referencing="REFERENCING NEW TABLE AS new_values ",
                    table="customers_contact",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="contact",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "customers_contactevent" ("birthday", "changed_at", "changed_by_id", "created_at", "created_by_id", "deleted_at", "deleted_by_id", "department", "description", "do_not_contact", "first_name", "id", "job_title", "language", "last_name", "middle_initial", "owner_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "reports_to_id", "salutation", "source", "tags", "team_id", "time_zone", "version") SELECT new_values."birthday", new_values."changed_at", new_values."changed_by_id", new_values."created_at", new_values."created_by_id", new_values."deleted_at", new_values."deleted_by_id", new_values."department", new_values."description", new_values."do_not_contact", new_values."first_name", new_values."id", new_values."job_title", new_values."language", new_values."last_name", new_values."middle_initial", new_values."owner_id", _pgh_attached_context.value, NOW(), \'update\', new_values."id", new_values."reports_to_id", new_values."salutation", new_values."source", new_values."tags", new_values."team_id", new_values."time_zone", new_values."version" FROM ( SELECT new_values.* FROM old_values JOIN new_values ON (old_values."id") = (new_values."id") WHERE (old_values."birthday" IS DISTINCT FROM (new_values."birthday") OR old_values."changed_at" IS DISTINCT FROM (new_values."changed_at") OR old_values."changed_by_id" IS DISTINCT FROM (new_values."changed_by_id") OR old_values."created_at" IS DISTINCT FROM (new_values."created_at") OR old_values."created_by_id" IS DISTINCT FROM (new_values."created_by_id") OR old_values."deleted_at" IS DISTINCT FROM (new_values."deleted_at") OR old_values."deleted_by_id" IS DISTINCT FROM (new_values."deleted_by_id") OR old_values."department" IS DISTINCT FROM (new_values."department") OR old_values."description" IS DISTINCT FROM (new_values."description") OR old_values."do_not_contact" IS DISTINCT FROM (new_values."do_not_contact") OR old_values."first_name" IS DISTINCT FROM (new_values."first_name") OR old_values."id" IS DISTINCT FROM (new_values."id") OR old_values."job_title" IS DISTINCT FROM (new_values."job_title") OR old_values."language" IS DISTINCT FROM (new_values."language") OR old_values."last_name" IS DISTINCT FROM (new_values."last_name") OR old_values."middle_initial" IS DISTINCT FROM (new_values."middle_initial") OR old_values."owner_id" IS DISTINCT FROM (new_values."owner_id") OR old_values."reports_to_id" IS DISTINCT FROM (new_values."reports_to_id") OR old_values."salutation" IS DISTINCT FROM (new_values."salutation") OR old_values."source" IS DISTINCT FROM (new_values."source") OR old_values."tags" IS DISTINCT FROM (new_values."tags") OR old_values."team_id" IS DISTINCT FROM (new_values."team_id") OR old_values."time_zone" IS DISTINCT FROM (new_values."time_zone") OR old_values."version" IS DISTINCT FROM (new_values."version")) ) AS new_values, _pgh_attached_context; RETURN NULL;',
                    hash="08681e6a3127bc77a7aa5ee27557bbf89f42eb8b",
                    level="STATEMENT",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_760d1",
                    referencing="REFERENCING OLD TABLE AS old_values  NEW TABLE AS new_values ",
                    table="customers_contact",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="contact",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "customers_contactevent" ("birthday", "changed_at", "changed_by_id", "created_at", "created_by_id", "deleted_at", "deleted_by_id", "department", "description", "do_not_contact", "first_name", "id", "job_title", "language", "last_name", "middle_initial", "owner_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "reports_to_id", "salutation", "source", "tags", "team_id", "time_zone", "version") SELECT old_values."birthday", old_values."changed_at", old_values."changed_by_id", old_values."created_at", old_values."created_by_id", old_values."deleted_at", old_values."deleted_by_id", old_values."department", old_values."description", old_values."do_not_contact", old_values."first_name", old_values."id", old_values."job_title", old_values."language", old_values."last_name", old_values."middle_initial", old_values."owner_id", _pgh_attached_context.value, NOW(), \'delete\', old_values."id", old_values."reports_to_id", old_values."salutation", old_values."source", old_values."tags", old_values."team_id", old_values."time_zone", old_values."version" FROM ( SELECT old_values.* FROM old_values  ) AS old_values, _pgh_attached_context; RETURN NULL;',
                    hash="55b0683e66dc91148ac1f372a247a234f9390782",
                    level="STATEMENT",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_2a63b",
                    referencing="REFERENCING OLD TABLE AS old_values ",
                    table="customers_contact",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="affiliation",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "customers_affiliationevent" ("account_id", "contact_id", "id", "is_main", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "role", "valid_from", "valid_to") SELECT new_values."account_id", new_values."contact_id", new_values."id", new_values."is_main", _pgh_attached_context.value, NOW(), \'insert\', new_values."id", new_values."role", new_values."valid_from", new_values."valid_to" FROM ( SELECT new_values.* FROM new_values  ) AS new_values, _pgh_attached_context; RETURN NULL;',
                    hash="d72f7eb81ab8fd3bea5c2248e28e70907c311283",
                    level="STATEMENT",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_2a8a1",
                    referencing="REFERENCING NEW TABLE AS new_values ",
                    table="customers_affiliation",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="affiliation",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "customers_affiliationevent" ("account_id", "contact_id", "id", "is_main", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "role", "valid_from", "valid_to") SELECT new_values."account_id", new_values."contact_id", new_values."id", new_values."is_main", _pgh_attached_context.value, NOW(), \'update\', new_values."id", new_values."role", new_values."valid_from", new_values."valid_to" FROM ( SELECT new_values.* FROM old_values JOIN new_values ON (old_values."id") = (new_values."id") WHERE (old_values.* IS DISTINCT FROM new_values.*) ) AS new_values, _pgh_attached_context; RETURN NULL;',
                    hash="b62f7bb5091cb3bef010634d6f4d062f690810b4",
                    level="STATEMENT",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_49698",
                    referencing="REFERENCING OLD TABLE AS old_values  NEW TABLE AS new_values ",
                    table="customers_affiliation",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="affiliation",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "customers_affiliationevent" ("account_id", "contact_id", "id", "is_main", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "role", "valid_from", "valid_to") SELECT old_values."account_id", old_values."contact_id", old_values."id", old_values."is_main", _pgh_attached_context.value, NOW(), \'delete\', old_values."id", old_values."role", old_values."valid_from", old_values."valid_to" FROM ( SELECT old_values.* FROM old_values  ) AS old_values, _pgh_attached_context; RETURN NULL;',
                    hash="48f72c9b2b3104400e3646677c05d4e8837b5bf5",
                    level="STATEMENT",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_dd9fa",
                    referencing="REFERENCING OLD TABLE AS old_values ",
                    table="customers_affiliation",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="contactmechanism",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "customers_contactmechanismevent" ("account_id", "city", "contact_id", "country", "created_at", "do_not_use", "id", "is_primary", "normalised", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "postal_code", "purpose", "region", "status", "street", "type", "valid_from", "valid_to", "value", "verified_at") SELECT new_values."account_id", new_values."city", new_values."contact_id", new_values."country", new_values."created_at", new_values."do_not_use", new_values."id", new_values."is_primary", new_values."normalised", _pgh_attached_context.value, NOW(), \'insert\', new_values."id", new_values."postal_code", new_values."purpose", new_values."region", new_values."status", new_values."street", new_values."type", new_values."valid_from", new_values."valid_to", new_values."value", new_values."verified_at" FROM ( SELECT new_values.* FROM new_values  ) AS new_values, _pgh_attached_context; RETURN NULL;',
                    hash="8d36c0d15a5814714e9d1c6fa06e6146620f454b",
                    level="STATEMENT",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_1074f",
                    referencing="REFERENCING NEW TABLE AS new_values ",
                    table="customers_contactmechanism",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="contactmechanism",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "customers_contactmechanismevent" ("account_id", "city", "contact_id", "country", "created_at", "do_not_use", "id", "is_primary", "normalised", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "postal_code", "purpose", "region", "status", "street", "type", "valid_from", "valid_to", "value", "verified_at") SELECT new_values."account_id", new_values."city", new_values."contact_id", new_values."country", new_values."created_at", new_values."do_not_use", new_values."id", new_values."is_primary", new_values."normalised", _pgh_attached_context.value, NOW(), \'update\', new_values."id", new_values."postal_code", new_values."purpose", new_values."region", new_values."status", new_values."street", new_values."type", new_values."valid_from", new_values."valid_to", new_values."value", new_values."verified_at" FROM ( SELECT new_values.* FROM old_values JOIN new_values ON (old_values."id") = (new_values."id") WHERE (old_values.* IS DISTINCT FROM new_values.*) ) AS new_values, _pgh_attached_context; RETURN NULL;',
                    hash="1a902a7f8c94a92a7e6731f27c80623c747fa3de",
                    level="STATEMENT",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_0ea64",
                    referencing="REFERENCING OLD TABLE AS old_values  NEW TABLE AS new_values ",
                    table="customers_contactmechanism",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="contactmechanism",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "customers_contactmechanismevent" ("account_id", "city", "contact_id", "country", "created_at", "do_not_use", "id", "is_primary", "normalised", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "postal_code", "purpose", "region", "status", "street", "type", "valid_from", "valid_to", "value", "verified_at") SELECT old_values."account_id", old_values."city", old_values."contact_id", old_values."country", old_values."created_at", old_values."do_not_use", old_values."id", old_values."is_primary", old_values."normalised", _pgh_attached_context.value, NOW(), \'delete\', old_values."id", old_values."postal_code", old_values."purpose", old_values."region", old_values."status", old_values."street", old_values."type", old_values."valid_from", old_values."valid_to", old_values."value", old_values."verified_at" FROM ( SELECT old_values.* FROM old_values  ) AS old_values, _pgh_attached_context; RETURN NULL;',
                    hash="3bc0fa50fd09a7e84443bedc787bf38355e632be",
                    level="STATEMENT",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_377a4",
                    referencing="REFERENCING OLD TABLE AS old_values ",
                    table="customers_contactmechanism",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="customer",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "customers_customerevent" ("account_id", "changed_at", "changed_by_id", "contact_id", "created_at", "created_by_id", "deleted_at", "deleted_by_id", "description", "id", "kind", "name", "owner_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "since", "status", "tags", "team_id", "version") SELECT new_values."account_id", new_values."changed_at", new_values."changed_by_id", new_values."contact_id", new_values."created_at", new_values."created_by_id", new_values."deleted_at", new_values."deleted_by_id", new_values."description", new_values."id", new_values."kind", new_values."name", new_values."owner_id", _pgh_attached_context.value, NOW(), \'insert\', new_values."id", new_values."since", new_values."status", new_values."tags", new_values."team_id", new_values."version" FROM ( SELECT new_values.* FROM new_values  ) AS new_values, _pgh_attached_context; RETURN NULL;',
                    hash="3d09ae7c1769784c862a6424d5915839e8011a96",
                    level="STATEMENT",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_a36e0",
                    referencing="REFERENCING NEW TABLE AS new_values ",
                    table="customers_customer",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="customer",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "customers_customerevent" ("account_id", "changed_at", "changed_by_id", "contact_id", "created_at", "created_by_id", "deleted_at", "deleted_by_id", "description", "id", "kind", "name", "owner_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "since", "status", "tags", "team_id", "version") SELECT new_values."account_id", new_values."changed_at", new_values."changed_by_id", new_values."contact_id", new_values."created_at", new_values."created_by_id", new_values."deleted_at", new_values."deleted_by_id", new_values."description", new_values."id", new_values."kind", new_values."name", new_values."owner_id", _pgh_attached_context.value, NOW(), \'update\', new_values."id", new_values."since", new_values."status", new_values."tags", new_values."team_id", new_values."version" FROM ( SELECT new_values.* FROM old_values JOIN new_values ON (old_values."id") = (new_values."id") WHERE (old_values."account_id" IS DISTINCT FROM (new_values."account_id") OR old_values."changed_at" IS DISTINCT FROM (new_values."changed_at") OR old_values."changed_by_id" IS DISTINCT FROM (new_values."changed_by_id") OR old_values."contact_id" IS DISTINCT FROM (new_values."contact_id") OR old_values."created_at" IS DISTINCT FROM (new_values."created_at") OR old_values."created_by_id" IS DISTINCT FROM (new_values."created_by_id") OR old_values."deleted_at" IS DISTINCT FROM (new_values."deleted_at") OR old_values."deleted_by_id" IS DISTINCT FROM (new_values."deleted_by_id") OR old_values."description" IS DISTINCT FROM (new_values."description") OR old_values."id" IS DISTINCT FROM (new_values."id") OR old_values."kind" IS DISTINCT FROM (new_values."kind") OR old_values."name" IS DISTINCT FROM (new_values."name") OR old_values."owner_id" IS DISTINCT FROM (new_values."owner_id") OR old_values."since" IS DISTINCT FROM (new_values."since") OR old_values."status" IS DISTINCT FROM (new_values."status") OR old_values."tags" IS DISTINCT FROM (new_values."tags") OR old_values."team_id" IS DISTINCT FROM (new_values."team_id") OR old_values."version" IS DISTINCT FROM (new_values."version")) ) AS new_values, _pgh_attached_context; RETURN NULL;',
                    hash="860e4a7fc45cf805a9e693736be3cf75a000c1ad",
                    level="STATEMENT",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_ca86d",
                    referencing="REFERENCING OLD TABLE AS old_values  NEW TABLE AS new_values ",
                    table="customers_customer",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="customer",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "customers_customerevent" ("account_id", "changed_at", "changed_by_id", "contact_id", "created_at", "created_by_id", "deleted_at", "deleted_by_id", "description", "id", "kind", "name", "owner_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "since", "status", "tags", "team_id", "version") SELECT old_values."account_id", old_values."changed_at", old_values."changed_by_id", old_values."contact_id", old_values."created_at", old_values."created_by_id", old_values."deleted_at", old_values."deleted_by_id", old_values."description", old_values."id", old_values."kind", old_values."name", old_values."owner_id", _pgh_attached_context.value, NOW(), \'delete\', old_values."id", old_values."since", old_values."status", old_values."tags", old_values."team_id", old_values."version" FROM ( SELECT old_values.* FROM old_values  ) AS old_values, _pgh_attached_context; RETURN NULL;',
                    hash="b8e4c6ea6d49b2c90a471fa3f5b0317fc2aa21b3",
                    level="STATEMENT",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_939ca",
                    referencing="REFERENCING OLD TABLE AS old_values ",
                    table="customers_customer",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="activity",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "customers_activityevent" ("account_id", "at", "body", "changed_at", "changed_by_id", "contact_id", "created_at", "created_by_id", "customer_id", "deleted_at", "deleted_by_id", "direction", "done_at", "duration", "ends_at", "id", "is_pinned", "is_private", "kind", "outcome", "owner_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "place", "priority", "regarding_id", "regarding_type_id", "remind_at", "repeats", "status", "subject", "tags", "team_id", "version") SELECT new_values."account_id", new_values."at", new_values."body", new_values."changed_at", new_values."changed_by_id", new_values."contact_id", new_values."created_at", new_values."created_by_id", new_values."customer_id", new_values."deleted_at", new_values."deleted_by_id", new_values."direction", new_values."done_at", new_values."duration", new_values."ends_at", new_values."id", new_values."is_pinned", new_values."is_private", new_values."kind", new_values."outcome", new_values."owner_id", _pgh_attached_context.value, NOW(), \'insert\', new_values."id", new_values."place", new_values."priority", new_values."regarding_id", new_values."regarding_type_id", new_values."remind_at", new_values."repeats", new_values."status", new_values."subject", new_values."tags", new_values."team_id", new_values."version" FROM ( SELECT new_values.* FROM new_values  ) AS new_values, _pgh_attached_context; RETURN NULL;',
                    hash="9bd3c2cf6373e4812a516eb267b615ab9bc85b11",
                    level="STATEMENT",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_09311",
                    referencing="REFERENCING NEW TABLE AS new_values ",
                    table="customers_activity",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="activity",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "customers_activityevent" ("account_id", "at", "body", "changed_at", "changed_by_id", "contact_id", "created_at", "created_by_id", "customer_id", "deleted_at", "deleted_by_id", "direction", "done_at", "duration", "ends_at", "id", "is_pinned", "is_private", "kind", "outcome", "owner_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "place", "priority", "regarding_id", "regarding_type_id", "remind_at", "repeats", "status", "subject", "tags", "team_id", "version") SELECT new_values."account_id", new_values."at", new_values."body", new_values."changed_at", new_values."changed_by_id", new_values."contact_id", new_values."created_at", new_values."created_by_id", new_values."customer_id", new_values."deleted_at", new_values."deleted_by_id", new_values."direction", new_values."done_at", new_values."duration", new_values."ends_at", new_values."id", new_values."is_pinned", new_values."is_private", new_values."kind", new_values."outcome", new_values."owner_id", _pgh_attached_context.value, NOW(), \'update\', new_values."id", new_values."place", new_values."priority", new_values."regarding_id", new_values."regarding_type_id", new_values."remind_at", new_values."repeats", new_values."status", new_values."subject", new_values."tags", new_values."team_id", new_values."version" FROM ( SELECT new_values.* FROM old_values JOIN new_values ON (old_values."id") = (new_values."id") WHERE (old_values."account_id" IS DISTINCT FROM (new_values."account_id") OR old_values."at" IS DISTINCT FROM (new_values."at") OR old_values."body" IS DISTINCT FROM (new_values."body") OR old_values."changed_at" IS DISTINCT FROM (new_values."changed_at") OR old_values."changed_by_id" IS DISTINCT FROM (new_values."changed_by_id") OR old_values."contact_id" IS DISTINCT FROM (new_values."contact_id") OR old_values."created_at" IS DISTINCT FROM (new_values."created_at") OR old_values."created_by_id" IS DISTINCT FROM (new_values."created_by_id") OR old_values."customer_id" IS DISTINCT FROM (new_values."customer_id") OR old_values."deleted_at" IS DISTINCT FROM (new_values."deleted_at") OR old_values."deleted_by_id" IS DISTINCT FROM (new_values."deleted_by_id") OR old_values."direction" IS DISTINCT FROM (new_values."direction") OR old_values."done_at" IS DISTINCT FROM (new_values."done_at") OR old_values."duration" IS DISTINCT FROM (new_values."duration") OR old_values."ends_at" IS DISTINCT FROM (new_values."ends_at") OR old_values."id" IS DISTINCT FROM (new_values."id") OR old_values."is_pinned" IS DISTINCT FROM (new_values."is_pinned") OR old_values."is_private" IS DISTINCT FROM (new_values."is_private") OR old_values."kind" IS DISTINCT FROM (new_values."kind") OR old_values."outcome" IS DISTINCT FROM (new_values."outcome") OR old_values."owner_id" IS DISTINCT FROM (new_values."owner_id") OR old_values."place" IS DISTINCT FROM (new_values."place") OR old_values."priority" IS DISTINCT FROM (new_values."priority") OR old_values."regarding_id" IS DISTINCT FROM (new_values."regarding_id") OR old_values."regarding_type_id" IS DISTINCT FROM (new_values."regarding_type_id") OR old_values."remind_at" IS DISTINCT FROM (new_values."remind_at") OR old_values."repeats" IS DISTINCT FROM (new_values."repeats") OR old_values."status" IS DISTINCT FROM (new_values."status") OR old_values."subject" IS DISTINCT FROM (new_values."subject") OR old_values."tags" IS DISTINCT FROM (new_values."tags") OR old_values."team_id" IS DISTINCT FROM (new_values."team_id") OR old_values."version" IS DISTINCT FROM (new_values."version")) ) AS new_values, _pgh_attached_context; RETURN NULL;',
                    hash="61faf3420d7be4b11fa853fb528f9308fea6e93c",
                    level="STATEMENT",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_c2947",
                    referencing="REFERENCING OLD TABLE AS old_values  NEW TABLE AS new_values ",
                    table="customers_activity",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="activity",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "customers_activityevent" ("account_id", "at", "body", "changed_at", "changed_by_id", "contact_id", "created_at", "created_by_id", "customer_id", "deleted_at", "deleted_by_id", "direction", "done_at", "duration", "ends_at", "id", "is_pinned", "is_private", "kind", "outcome", "owner_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "place", "priority", "regarding_id", "regarding_type_id", "remind_at", "repeats", "status", "subject", "tags", "team_id", "version") SELECT old_values."account_id", old_values."at", old_values."body", old_values."changed_at", old_values."changed_by_id", old_values."contact_id", old_values."created_at", old_values."created_by_id", old_values."customer_id", old_values."deleted_at", old_values."deleted_by_id", old_values."direction", old_values."done_at", old_values."duration", old_values."ends_at", old_values."id", old_values."is_pinned", old_values."is_private", old_values."kind", old_values."outcome", old_values."owner_id", _pgh_attached_context.value, NOW(), \'delete\', old_values."id", old_values."place", old_values."priority", old_values."regarding_id", old_values."regarding_type_id", old_values."remind_at", old_values."repeats", old_values."status", old_values."subject", old_values."tags", old_values."team_id", old_values."version" FROM ( SELECT old_values.* FROM old_values  ) AS old_values, _pgh_attached_context; RETURN NULL;',
                    hash="2c0cd2ff8e72fb80888777711e9659a9f3c0092b",
                    level="STATEMENT",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_f1dc2",
                    referencing="REFERENCING OLD TABLE AS old_values ",
                    table="customers_activity",
                    when="AFTER",
                ),
            ),
        ),
    ]
