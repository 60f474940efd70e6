import uuid

import django.contrib.postgres.operations
import django.db.models.deletion
import django.db.models.functions.text
import django.utils.timezone
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models

# unaccent() itself is not immutable, because its dictionary could be changed; ours is named and never is. Both are
# named with their schema, since a restore runs with an empty search path.
FOLD = """
    CREATE OR REPLACE FUNCTION kith_fold(text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
    AS $$ SELECT lower(public.unaccent('public.unaccent'::regdictionary, $1)) COLLATE "C" $$
"""


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [
        django.contrib.postgres.operations.TrigramExtension(),
        django.contrib.postgres.operations.UnaccentExtension(),
        django.contrib.postgres.operations.BtreeGinExtension(),
        migrations.RunSQL(FOLD, "DROP FUNCTION kith_fold(text)"),
        migrations.CreateModel(
            name="Heartbeat",
            fields=[
                ("name", models.CharField(max_length=50, primary_key=True, serialize=False)),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
        ),
        migrations.CreateModel(
            name="Setting",
            fields=[
                ("name", models.CharField(max_length=50, primary_key=True, serialize=False)),
                ("value", models.JSONField(default=dict)),
            ],
        ),
        migrations.CreateModel(
            name="User",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("password", models.CharField(max_length=128, verbose_name="password")),
                ("last_login", models.DateTimeField(blank=True, null=True, verbose_name="last login")),
                (
                    "is_superuser",
                    models.BooleanField(
                        default=False,
                        help_text="Designates that this user has all permissions without explicitly assigning them.",
                        verbose_name="superuser status",
                    ),
                ),
                ("email", models.EmailField(max_length=254, unique=True, verbose_name="e-mail")),
                ("first_name", models.CharField(blank=True, max_length=100, verbose_name="first name")),
                ("last_name", models.CharField(blank=True, max_length=100, verbose_name="last name")),
                (
                    "door",
                    models.CharField(
                        choices=[("staff", "Staff"), ("portal", "Portal")],
                        default="staff",
                        max_length=10,
                        verbose_name="door",
                    ),
                ),
                ("job_title", models.CharField(blank=True, max_length=100, verbose_name="job title")),
                ("time_zone", models.CharField(blank=True, max_length=50, verbose_name="time zone")),
                (
                    "theme",
                    models.CharField(
                        choices=[("auto", "As the device"), ("light", "Light"), ("dark", "Dark")],
                        default="auto",
                        max_length=10,
                        verbose_name="theme",
                    ),
                ),
                ("shortcuts", models.BooleanField(default=True, verbose_name="single-key shortcuts")),
                ("preferences", models.JSONField(blank=True, default=dict, editable=False)),
                ("is_staff", models.BooleanField(default=False, verbose_name="may open the administration")),
                ("is_active", models.BooleanField(default=True, verbose_name="active")),
                ("is_demo", models.BooleanField(default=False, editable=False)),
                ("session_generation", models.PositiveIntegerField(default=0, editable=False)),
                ("date_joined", models.DateTimeField(default=django.utils.timezone.now, verbose_name="joined")),
                (
                    "groups",
                    models.ManyToManyField(
                        blank=True,
                        help_text="The groups this user belongs to. A user will get all permissions granted to each of their groups.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.group",
                        verbose_name="groups",
                    ),
                ),
                (
                    "user_permissions",
                    models.ManyToManyField(
                        blank=True,
                        help_text="Specific permissions for this user.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.permission",
                        verbose_name="user permissions",
                    ),
                ),
            ],
            options={
                "verbose_name": "user",
                "verbose_name_plural": "users",
            },
        ),
        migrations.CreateModel(
            name="Job",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=20)),
                ("record_kind", models.CharField(max_length=100)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("draft", "Draft"),
                            ("waiting", "Waiting"),
                            ("running", "Running"),
                            ("done", "Done"),
                            ("failed", "Failed"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="draft",
                        max_length=10,
                    ),
                ),
                ("options", models.JSONField(default=dict)),
                ("file", models.FileField(blank=True, max_length=200, upload_to="jobs/")),
                ("result_file", models.FileField(blank=True, max_length=200, upload_to="jobs/")),
                ("total", models.PositiveBigIntegerField(null=True)),
                ("position", models.PositiveBigIntegerField(default=0)),
                ("counts", models.JSONField(default=dict)),
                ("error", models.TextField(blank=True)),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                ("lease_until", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("finished_at", models.DateTimeField(null=True)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="jobs", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("state__in", ["waiting", "running"])), fields=["id"], name="job_due_ix"
                    ),
                    models.Index(fields=["user", "-id"], name="job_user_ix"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state__in", ["draft", "waiting", "running", "done", "failed", "cancelled"])
                        ),
                        name="job_state_known",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ImportChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("object_id", models.BigIntegerField()),
                ("before", models.JSONField(default=dict)),
                ("after", models.JSONField(default=dict)),
                (
                    "job",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="changes", to="core.job"
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["job", "object_id"], name="import_change_ix")],
            },
        ),
        migrations.CreateModel(
            name="ExternalId",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("system", models.CharField(max_length=50, verbose_name="system")),
                ("external_id", models.CharField(max_length=200, verbose_name="id there")),
                ("object_id", models.BigIntegerField()),
                ("digest", models.CharField(blank=True, max_length=32, verbose_name="fingerprint of the last import")),
                (
                    "content_type",
                    models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="contenttypes.contenttype"),
                ),
                (
                    "job",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="made",
                        to="core.job",
                        verbose_name="import that made the record",
                    ),
                ),
            ],
            options={
                "verbose_name": "external id",
                "verbose_name_plural": "external ids",
                "indexes": [
                    models.Index(fields=["content_type", "object_id"], name="external_id_object_ix"),
                    models.Index(
                        condition=models.Q(("job__isnull", False)),
                        fields=["job", "object_id"],
                        name="external_id_job_ix",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("system", "content_type", "external_id"), name="external_id_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="BulkChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("object_id", models.BigIntegerField()),
                ("version", models.PositiveIntegerField()),
                ("before", models.JSONField(default=dict)),
                (
                    "job",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="bulk_changes",
                        to="core.job",
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("job", "object_id"), name="bulk_change_once")],
            },
        ),
        migrations.CreateModel(
            name="JobProblem",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("line", models.PositiveBigIntegerField()),
                ("column", models.CharField(blank=True, max_length=200)),
                ("text", models.CharField(max_length=500)),
                ("outcome", models.CharField(max_length=10)),
                ("row", models.JSONField(default=list)),
                (
                    "job",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="problems", to="core.job"
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["job", "line"], name="job_problem_ix")],
            },
        ),
        migrations.CreateModel(
            name="Notification",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("text", models.CharField(max_length=300)),
                ("url", models.CharField(blank=True, max_length=300)),
                ("key", models.CharField(max_length=100)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("read_at", models.DateTimeField(blank=True, null=True)),
                ("mail_due", models.DateTimeField(blank=True, null=True)),
                ("mailed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="notifications",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["user", "-id"], name="notification_user_ix"),
                    models.Index(
                        condition=models.Q(("mailed_at__isnull", True)),
                        fields=["mail_due"],
                        name="notification_mail_ix",
                    ),
                ],
                "constraints": [models.UniqueConstraint(fields=("user", "key"), name="notification_once")],
            },
        ),
        migrations.CreateModel(
            name="PendingLink",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("system", models.CharField(max_length=50)),
                ("wanted", models.CharField(max_length=100)),
                ("external_id", models.CharField(max_length=200)),
                ("object_id", models.BigIntegerField()),
                ("field", models.CharField(max_length=50)),
                (
                    "content_type",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="contenttypes.contenttype"
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["system", "wanted", "external_id"], name="pending_link_wanted_ix")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("content_type", "object_id", "field", "wanted"), name="pending_link_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="RoleScope",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=100, verbose_name="kind of record")),
                (
                    "action",
                    models.CharField(
                        choices=[
                            ("view", "View"),
                            ("add", "Create"),
                            ("change", "Change"),
                            ("delete", "Delete"),
                            ("assign", "Assign"),
                            ("export", "Export"),
                            ("import", "Import"),
                            ("bulk", "Change many"),
                            ("merge", "Merge"),
                            ("second_factor", "Needs a second factor"),
                        ],
                        max_length=20,
                        verbose_name="action",
                    ),
                ),
                (
                    "reach",
                    models.CharField(
                        choices=[
                            ("none", "None"),
                            ("own", "Own"),
                            ("team", "Team"),
                            ("subtree", "Team and below"),
                            ("all", "All"),
                        ],
                        default="none",
                        max_length=10,
                        verbose_name="reach",
                    ),
                ),
                (
                    "role",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="scopes",
                        to="auth.group",
                        verbose_name="role",
                    ),
                ),
            ],
            options={
                "verbose_name": "role scope",
                "verbose_name_plural": "role scopes",
                "constraints": [
                    models.UniqueConstraint(fields=("role", "kind", "action"), name="role_scope_once"),
                    models.CheckConstraint(
                        condition=models.Q(("reach__in", ["none", "own", "team", "subtree", "all"])),
                        name="role_scope_reach_known",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Submission",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.UUIDField(default=uuid.uuid4)),
                ("digest", models.CharField(max_length=64)),
                ("result", models.CharField(blank=True, max_length=300)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["created_at"], name="core_submis_created_ed2883_idx")],
                "constraints": [models.UniqueConstraint(fields=("user", "key"), name="submission_once")],
            },
        ),
        migrations.CreateModel(
            name="Team",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=100, unique=True, verbose_name="name")),
                (
                    "manager",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="managed_teams",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="manager",
                    ),
                ),
                (
                    "parent",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="children",
                        to="core.team",
                        verbose_name="parent team",
                    ),
                ),
            ],
            options={
                "verbose_name": "team",
                "verbose_name_plural": "teams",
                "ordering": ["name"],
            },
        ),
        migrations.CreateModel(
            name="Share",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("object_id", models.BigIntegerField()),
                ("can_change", models.BooleanField(default=False, verbose_name="may change it")),
                ("until", models.DateField(blank=True, null=True, verbose_name="until")),
                ("reason", models.CharField(max_length=200, verbose_name="reason")),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                (
                    "content_type",
                    models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="contenttypes.contenttype"),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="shares",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="shares",
                        to="core.team",
                    ),
                ),
            ],
            options={
                "verbose_name": "share",
                "verbose_name_plural": "shares",
                "indexes": [
                    models.Index(fields=["user", "content_type"], name="core_share_user_id_7afdec_idx"),
                    models.Index(fields=["team", "content_type"], name="core_share_team_id_0bf61a_idx"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("team__isnull", True), ("user__isnull", False)),
                            models.Q(("team__isnull", False), ("user__isnull", True)),
                            _connector="OR",
                        ),
                        name="share_with_user_or_team",
                    ),
                    models.UniqueConstraint(
                        fields=("content_type", "object_id", "user", "team"), name="share_once", nulls_distinct=False
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SavedView",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=100)),
                ("name", models.CharField(max_length=60, verbose_name="name")),
                ("query", models.TextField(blank=True)),
                (
                    "visibility",
                    models.CharField(
                        choices=[("private", "Only me"), ("team", "My team"), ("public", "Everybody")],
                        default="private",
                        max_length=10,
                        verbose_name="who sees it",
                    ),
                ),
                ("is_default", models.BooleanField(default=False, verbose_name="open the list with it")),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="saved_views",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="core.team",
                    ),
                ),
            ],
            options={
                "ordering": ["name"],
                "constraints": [
                    models.UniqueConstraint(fields=("owner", "kind", "name"), name="saved_view_name_once"),
                    models.UniqueConstraint(
                        condition=models.Q(("is_default", True)),
                        fields=("owner", "kind"),
                        name="saved_view_one_default",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Membership",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="memberships",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="memberships", to="core.team"
                    ),
                ),
            ],
            options={
                "verbose_name": "team membership",
                "verbose_name_plural": "team memberships",
                "constraints": [models.UniqueConstraint(fields=("user", "team"), name="membership_once")],
            },
        ),
        migrations.CreateModel(
            name="TeamClosure",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("depth", models.PositiveSmallIntegerField()),
                (
                    "ancestor",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="below", to="core.team"
                    ),
                ),
                (
                    "descendant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="above", to="core.team"
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("ancestor", "descendant"), name="team_closure_once")],
            },
        ),
        migrations.CreateModel(
            name="Attachment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("object_id", models.BigIntegerField()),
                ("file", models.FileField(max_length=200, upload_to="attachments/%Y/%m/")),
                ("name", models.CharField(max_length=255, verbose_name="name")),
                ("size", models.PositiveBigIntegerField()),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "content_type",
                    models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="contenttypes.contenttype"),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["content_type", "object_id"], name="attachment_object_ix")],
            },
        ),
        migrations.CreateModel(
            name="ImportMapping",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("importer", models.CharField(max_length=50)),
                ("headers", models.CharField(max_length=64, verbose_name="fingerprint of the headers")),
                ("options", models.JSONField(default=dict)),
                ("used_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("user", "importer", "headers"), name="import_mapping_once")
                ],
            },
        ),
        migrations.AddField(
            model_name="user",
            name="team",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="main_users",
                to="core.team",
                verbose_name="main team",
            ),
        ),
        migrations.AddField(
            model_name="user",
            name="teams",
            field=models.ManyToManyField(related_name="users", through="core.Membership", to="core.team"),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="team",
            trigger=pgtrigger.compiler.Trigger(
                name="keep_team_closure",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n    IF EXISTS (\n        WITH RECURSIVE up AS (\n            SELECT id AS start, parent_id FROM core_team WHERE parent_id IS NOT NULL\n            UNION\n            SELECT up.start, t.parent_id FROM up JOIN core_team t ON t.id = up.parent_id WHERE t.parent_id IS NOT NULL\n        ) SELECT 1 FROM up WHERE start = parent_id\n    ) THEN\n        RAISE EXCEPTION 'a team cannot be below itself' USING ERRCODE = 'check_violation', CONSTRAINT = 'team_no_loop';\n    END IF;\n    DELETE FROM core_teamclosure;\n    INSERT INTO core_teamclosure (ancestor_id, descendant_id, depth)\n    WITH RECURSIVE down AS (\n        SELECT id AS ancestor, id AS descendant, 0 AS depth FROM core_team\n        UNION ALL\n        SELECT down.ancestor, t.id, down.depth + 1 FROM down JOIN core_team t ON t.parent_id = down.descendant\n    ) SELECT ancestor, descendant, depth FROM down;\n    RETURN NULL;\n",
                    hash="9c0ff68769f34576d94eb22c9f175d80a5f169e4",
                    level="STATEMENT",
                    operation='INSERT OR UPDATE OF "parent_id" OR DELETE',
                    pgid="pgtrigger_keep_team_closure_8a7d8",
                    table="core_team",
                    when="AFTER",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.UniqueConstraint(
                django.db.models.functions.text.Lower("email"), name="user_email_in_any_case"
            ),
        ),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.CheckConstraint(
                condition=models.Q(("door__in", ["staff", "portal"])), name="user_door_known"
            ),
        ),
    ]
