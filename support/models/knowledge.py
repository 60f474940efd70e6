"""Knowledge: articles with their versions, and what readers thought of them."""

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm_site.core.models import Fold, Record, alive, folded, given, known, link, list_indexes, rule, search_index
from crm_site.core.tracking import track


@track("helpful", "unhelpful")
class Article(Record):
    """An answer that is written down once: for us only or for customers too; customers see the published text.

    `body` is Markdown, the working text; `published` the version that readers see.
    """

    INTERNAL, PUBLIC = "internal", "public"
    AUDIENCES = {INTERNAL: _("Internal"), PUBLIC: _("Customers too")}
    DRAFT, PUBLISHED, ARCHIVED = "draft", "published", "archived"
    STATES = {DRAFT: _("Draft"), PUBLISHED: _("Published"), ARCHIVED: _("Archived")}
    NUMBER_PREFIX = "KB"

    name = models.CharField(_("title"), max_length=200)
    summary = models.CharField(_("in one sentence"), max_length=300, blank=True)
    body = models.TextField(_("text"), blank=True)
    category = models.CharField(_("category"), max_length=100, blank=True)
    audience = models.CharField(_("for whom"), max_length=8, choices=AUDIENCES, default=INTERNAL)
    state = models.CharField(_("state"), max_length=9, choices=STATES, default=DRAFT, editable=False)
    product = link("sales.Product", _("product"), "articles")
    published = models.ForeignKey(
        "support.ArticleVersion", models.SET_NULL, null=True, editable=False, related_name="+"
    )
    helpful = models.PositiveIntegerField(_("helped"), default=0, editable=False)
    unhelpful = models.PositiveIntegerField(_("did not help"), default=0, editable=False)
    name_sort = folded("name")
    search_text = folded("name", "category", "summary", "body")

    class Meta(Record.Meta):
        verbose_name = _("article")
        verbose_name_plural = _("articles")
        constraints = [
            rule("article_name_given", given("name")),
            rule("article_audience_known", known("audience", ("internal", "public"))),
            rule("article_state_known", known("state", ("draft", "published", "archived"))),
        ]
        indexes = [
            *list_indexes("article", "name_sort", "-id", "-changed_at"), search_index("article_search_ix"),
            models.Index(fields=["state", "audience", "name_sort", "id"], name="article_open_ix", condition=alive()),
        ]  # fmt: skip

    def __str__(self):
        return self.name


class ArticleVersion(models.Model):
    """An article as it was published once; `words` is what the search and the suggestions ask."""

    article = models.ForeignKey(Article, models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    name = models.CharField(max_length=200)
    summary = models.CharField(max_length=300, blank=True)
    body = models.TextField()
    at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey("core.User", models.SET_NULL, null=True, related_name="+")
    words = models.GeneratedField(
        expression=SearchVector(Fold("name"), weight="A", config="simple")
        + SearchVector(Fold("summary"), weight="B", config="simple")
        + SearchVector(Fold("body"), weight="C", config="simple"),
        output_field=SearchVectorField(), db_persist=True,
    )  # fmt: skip

    class Meta:
        constraints = [models.UniqueConstraint(fields=["article", "number"], name="article_version_once")]
        indexes = [GinIndex(fields=["words"], name="article_words_ix")]


class ArticleVote(models.Model):
    """Whether an article helped; one per user and article."""

    article = models.ForeignKey(Article, models.CASCADE, related_name="votes")
    user = models.ForeignKey("core.User", models.CASCADE, related_name="+")
    helped = models.BooleanField()
    comment = models.CharField(max_length=1000, blank=True)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["article", "user"], name="article_vote_once")]
