"""Record: what every business object has, and what the kit keeps beside records."""

import uuid

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models.functions import Now, NullIf
from django.db.models.lookups import LessThanOrEqual
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm_site.core.scope import ScopedManager

# Bytes of all tags of a row: an index of PostgreSQL holds 2,700 a row, of which a name may take 1,020.
TAGS_SPACE = 1_500


class Fold(models.Func):
    """Text in lower case and without accents, as the database stores it for sorting and searching."""

    function = "kith_fold"
    output_field = models.TextField(db_collation="C")


@models.CharField.register_lookup
@models.IntegerField.register_lookup
class AnyOf(models.Lookup):
    """`field__any_of=values`: as `__in`, with all values in one parameter; for a thousand many times as quick.

    A set or a dict is quickest, as Django looks into lists for expressions. An ArraySubquery is read first, by itself.
    """

    lookup_name, values = "any_of", "%s"
    prepare_rhs = False

    def as_sql(self, compiler, connection):
        """The comparison with an array."""
        column, params = self.process_lhs(compiler, connection)
        if hasattr(self.rhs, "as_sql"):
            values, more = self.process_rhs(compiler, connection)
            return f"{column} = ANY({values})", [*params, *more]
        return f"{column} = ANY({self.values})", [*params, list(self.rhs)]


@models.TextField.register_lookup
class AnyFolded(AnyOf):
    """`field__any_folded=texts`: a folded column holds one of the texts, which need not be folded."""

    lookup_name, values = "any_folded", "ARRAY(SELECT kith_fold(said) FROM unnest(%s::text[]) AS said)"


@models.TextField.register_lookup
class Like(models.Lookup):
    """`field__like=pattern`: LIKE as PostgreSQL knows it, where the pattern is already escaped and folded."""

    lookup_name = "like"
    prepare_rhs = False

    def as_sql(self, compiler, connection):
        """The comparison."""
        left, left_params = self.process_lhs(compiler, connection)
        right, right_params = self.process_rhs(compiler, connection)
        return f"{left} LIKE {right}", [*left_params, *right_params]


class Record(models.Model):
    """A business object: owned, numbered, versioned, kept in a bin when deleted.

    Subclasses set NUMBER_PREFIX, and may widen OWNER_FIELDS and TEAM_FIELDS, the columns that the scope compares
    with the user and with the user's teams. PRIVATE_FIELD names a flag that closes a row to all but its owner,
    PARTNER_FIELDS the accounts that sell or support with us on it: their people have no other records than these.
    LABEL_FIELDS are the fields that its text is made of, LABEL_IN_BRACKETS the one of them that follows in brackets.
    """

    NUMBER_PREFIX = "R"
    OWNER_FIELDS = ("owner",)
    TEAM_FIELDS = ("team",)
    PARTNER_FIELDS = ()
    PRIVATE_FIELD = None
    LABEL_FIELDS = ("name",)
    LABEL_IN_BRACKETS = ""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("owner"),
        db_index=False,
    )  # fmt: skip
    team = models.ForeignKey(
        "core.Team", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("team"), db_index=False
    )
    tags = ArrayField(models.CharField(max_length=50), default=list, blank=True, verbose_name=_("tags"), db_default=[])
    created_at = models.DateTimeField(_("created"), default=timezone.now, db_default=Now(), editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, editable=False, related_name="+", db_index=False,
        verbose_name=_("created by"),
    )  # fmt: skip
    changed_at = models.DateTimeField(_("changed"), default=timezone.now, db_default=Now(), editable=False)
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, editable=False, related_name="+", db_index=False,
        verbose_name=_("changed by"),
    )  # fmt: skip
    version = models.PositiveIntegerField(default=1, db_default=1, editable=False)
    deleted_at = models.DateTimeField(_("deleted"), null=True, editable=False)
    deleted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, editable=False, related_name="+", db_index=False
    )

    objects = ScopedManager()

    class Meta:
        abstract = True
        default_manager_name = "objects"
        base_manager_name = "objects"

    @property
    def number(self):
        """The human number, such as A-000123; it never changes."""
        return self.numbered(self.pk) if self.pk else ""

    @classmethod
    def numbered(cls, pk):
        """The number of the record with this id."""
        return f"{cls.NUMBER_PREFIX}-{pk:06d}"

    @classmethod
    def label(cls):
        """What str() says of a record, as an expression."""
        plain = [filled(name) for name in cls.LABEL_FIELDS if name != cls.LABEL_IN_BRACKETS]
        if cls.LABEL_IN_BRACKETS:
            # Nothing between the brackets makes nothing of them, too.
            plain.append(models.Func(models.Value("("), filled(cls.LABEL_IN_BRACKETS), models.Value(")"),
                                     template="(%(expressions)s)", arg_joiner=" || "))  # fmt: skip
        return models.Func(models.Value(" "), *plain, function="concat_ws", output_field=models.TextField())


def filled(name):
    """A text of a row, NULL where it is empty."""
    return NullIf(models.F(name), models.Value(""))


def alive():
    """The condition of partial indexes: rows that are not in the bin."""
    return models.Q(deleted_at__isnull=True)


def tags_size(tags):
    """The bytes that a row's tags take."""
    return models.Func(tags, function="pg_column_size", output_field=models.IntegerField())


def too_many(tags):
    """Whether a row has no room for these tags, each of which takes up to eight bytes more than its text."""
    return sum(len(tag.encode()) + 8 for tag in tags) + 24 > TAGS_SPACE


def tags_fit(name):
    """The rule that a row's tags find room in the index of `list_indexes` that is `tagged`."""
    return models.CheckConstraint(condition=models.Q(LessThanOrEqual(tags_size("tags"), TAGS_SPACE)), name=name)


def list_indexes(name, *sorts, tagged=None):
    """Indexes for a list in each of its sorts, over all rows, one owner's and one team's, and for every list's filters.

    `name` is short: the names of indexes are made of it. A list that is `tagged` has an index of the rows with tags in
    its first sort, too; it holds whose they are and those fields, so that to find one tag's rows reads nothing else.
    """
    made = []
    for sort in sorts:
        tail = sort.strip("-").split("_")[0][:8]
        for lead in ((), ("owner",), ("team",)):
            fields = [*lead, sort] if sort in ("id", "-id") else [*lead, sort, "-id" if sort[0] == "-" else "id"]
            label = "_".join([name, *(x[:5] for x in lead), tail, "ix"])
            if fields != ["-id"]:
                made.append(models.Index(fields=fields, name=label, condition=alive()))
    made.append(GinIndex(fields=["tags"], name=f"{name}_tags_ix", condition=alive()))
    made.append(models.Index(fields=["created_at"], name=f"{name}_created_ix", condition=alive()))
    if tagged is not None:
        order = list(dict.fromkeys([sorts[0], "-id" if sorts[0][0] == "-" else "id"]))
        made.append(models.Index(fields=order, include=["tags", "owner", "team", *tagged], name=f"{name}_tagged_ix",
                                 condition=alive() & ~models.Q(tags=[])))  # fmt: skip
    return made


def search_index(name):
    """The trigram index behind the search box of a list."""
    return GinIndex(fields=["search_text"], name=name, opclasses=["gin_trgm_ops"], condition=alive())


class Share(models.Model):
    """A record opened to one more user or team, to read or to change, perhaps until a day. Only ever widens."""

    content_type = models.ForeignKey(ContentType, models.CASCADE)
    object_id = models.BigIntegerField()
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="shares")
    team = models.ForeignKey("core.Team", models.CASCADE, null=True, blank=True, related_name="shares")
    can_change = models.BooleanField(_("may change it"), default=False)
    until = models.DateField(_("until"), null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=200)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    class Meta:
        verbose_name = _("share")
        verbose_name_plural = _("shares")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(user__isnull=False, team__isnull=True)
                | models.Q(user__isnull=True, team__isnull=False),
                name="share_with_user_or_team",
            ),
            models.UniqueConstraint(
                fields=["content_type", "object_id", "user", "team"], nulls_distinct=False, name="share_once"
            ),
        ]
        indexes = [models.Index(fields=["user", "content_type"]), models.Index(fields=["team", "content_type"])]


class ExternalId(models.Model):
    """The id that another system gives a record of ours; imports link their files by it.

    A row without an id is known by its contents instead ("row:…"), so that the same file never comes in twice.
    """

    system = models.CharField(_("system"), max_length=50)
    content_type = models.ForeignKey(ContentType, models.CASCADE, db_index=False)
    external_id = models.CharField(_("id there"), max_length=200)
    object_id = models.BigIntegerField()
    digest = models.CharField(_("fingerprint of the last import"), max_length=32, blank=True)
    job = models.ForeignKey(
        "core.Job", models.SET_NULL, null=True, related_name="made", verbose_name=_("import that made the record"),
        db_index=False,
    )  # fmt: skip

    class Meta:
        verbose_name = _("external id")
        verbose_name_plural = _("external ids")
        constraints = [
            models.UniqueConstraint(fields=["system", "content_type", "external_id"], name="external_id_once")
        ]
        indexes = [
            models.Index(fields=["content_type", "object_id"], name="external_id_object_ix"),
            models.Index(
                fields=["job", "object_id"], name="external_id_job_ix", condition=models.Q(job__isnull=False)
            ),
        ]  # fmt: skip


class SavedView(models.Model):
    """A list's filters, sort and columns under a name: one user's, a team's or everybody's."""

    PRIVATE, TEAM, PUBLIC = "private", "team", "public"
    VISIBILITY = {PRIVATE: _("Only me"), TEAM: _("My team"), PUBLIC: _("Everybody")}

    kind = models.CharField(max_length=100)
    name = models.CharField(_("name"), max_length=60)
    query = models.TextField(blank=True)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="saved_views")
    team = models.ForeignKey("core.Team", models.CASCADE, null=True, blank=True, related_name="+")
    visibility = models.CharField(_("who sees it"), max_length=10, choices=VISIBILITY, default=PRIVATE)
    is_default = models.BooleanField(_("open the list with it"), default=False)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["owner", "kind", "name"], name="saved_view_name_once"),
            models.UniqueConstraint(
                fields=["owner", "kind"], condition=models.Q(is_default=True), name="saved_view_one_default"
            ),
        ]

    def __str__(self):
        return self.name


class Submission(models.Model):
    """A form that was sent once: a second copy with the same key leads to the first one's result."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    key = models.UUIDField(default=uuid.uuid4)
    digest = models.CharField(max_length=64)
    result = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="submission_once")]
        indexes = [models.Index(fields=["created_at"])]


class Heartbeat(models.Model):
    """When a part of the machinery (beat, worker) was last seen alive."""

    name = models.CharField(max_length=50, primary_key=True)
    at = models.DateTimeField(default=timezone.now)


class Setting(models.Model):
    """The company's own choices, such as its name and currency, and the steps of the first-day checklist."""

    name = models.CharField(max_length=50, primary_key=True)
    value = models.JSONField(default=dict)


class Notification(models.Model):
    """Something a user should look at; shown under the bell, mailed by a sweep when `mail_due` has passed."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="notifications")
    text = models.CharField(max_length=300)
    url = models.CharField(max_length=300, blank=True)
    key = models.CharField(max_length=100)
    created_at = models.DateTimeField(default=timezone.now)
    read_at = models.DateTimeField(null=True, blank=True)
    mail_due = models.DateTimeField(null=True, blank=True)
    mailed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="notification_once")]
        indexes = [
            models.Index(fields=["user", "-id"], name="notification_user_ix"),
            models.Index(fields=["user"], condition=models.Q(read_at__isnull=True), name="notification_unread_ix"),
            models.Index(fields=["mail_due"], condition=models.Q(mailed_at__isnull=True), name="notification_mail_ix"),
        ]


class Attachment(models.Model):
    """A file on a record; read only through a view that asks the record's scope."""

    content_type = models.ForeignKey(ContentType, models.CASCADE)
    object_id = models.BigIntegerField()
    file = models.FileField(upload_to="attachments/%Y/%m/", max_length=200)
    name = models.CharField(_("name"), max_length=255)
    size = models.PositiveBigIntegerField()
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    class Meta:
        indexes = [models.Index(fields=["content_type", "object_id"], name="attachment_object_ix")]


class Job(models.Model):
    """Long work done by a worker in steps: an import, an export, a change of many records.

    A worker claims a due job with a lease, does one step in a transaction, stores the position and goes on; when it
    dies, the lease runs out and another worker goes on from the position.
    """

    DRAFT, WAITING, RUNNING, DONE, FAILED, CANCELLED = "draft", "waiting", "running", "done", "failed", "cancelled"
    STATES = {
        DRAFT: _("Draft"), WAITING: _("Waiting"), RUNNING: _("Running"), DONE: _("Done"), FAILED: _("Failed"),
        CANCELLED: _("Cancelled"),
    }  # fmt: skip

    kind = models.CharField(max_length=20)
    record_kind = models.CharField(max_length=100)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="jobs")
    state = models.CharField(max_length=10, choices=STATES, default=DRAFT)
    options = models.JSONField(default=dict)
    file = models.FileField(upload_to="jobs/", max_length=200, blank=True)
    result_file = models.FileField(upload_to="jobs/", max_length=200, blank=True)
    total = models.PositiveBigIntegerField(null=True)
    position = models.PositiveBigIntegerField(default=0)
    counts = models.JSONField(default=dict)
    error = models.TextField(blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=["draft", "waiting", "running", "done", "failed", "cancelled"]),
                name="job_state_known",
            )
        ]
        indexes = [
            models.Index(fields=["id"], condition=models.Q(state__in=["waiting", "running"]), name="job_due_ix"),
            models.Index(fields=["user", "-id"], name="job_user_ix"),
        ]


class JobProblem(models.Model):
    """What was wrong with one row of a job's file; the report lists these and the error file repeats the rows."""

    job = models.ForeignKey(Job, models.CASCADE, related_name="problems")
    line = models.PositiveBigIntegerField()
    column = models.CharField(max_length=200, blank=True)
    text = models.CharField(max_length=500)
    outcome = models.CharField(max_length=10)
    row = models.JSONField(default=list)

    class Meta:
        indexes = [models.Index(fields=["job", "line"], name="job_problem_ix")]
