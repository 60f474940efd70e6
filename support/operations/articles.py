"""Operations on articles: write, publish, put away, and say whether one helped."""

from django.db.models import Count, Max, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from crm_site.core.operations import lock, new_rows, operation, refuse, write
from support.models import Article, ArticleVersion, ArticleVote

READ = ("name", "summary", "body")


@operation
def create_articles(rows, *, by):
    """Make many articles and return them in order; the import's way in. Those whose `state` says so have a version."""
    rows = [row | ({} if (row.get("body") or "").strip() else {"state": Article.DRAFT}) for row in rows]
    made = new_rows(Article, rows, by=by)
    shown = [article for article in made if article.state != Article.DRAFT]
    for version in ArticleVersion.objects.bulk_create(version_of(article, 1, by) for article in shown):
        version.article.published = version
    Article.objects.bulk_update(shown, ["published"])
    return made


def create_article(values, *, by):
    """Make one draft and return it."""
    return create_articles([values], by=by)[0]


@operation
def update_article(article, values, *, by, version=None):
    """Change the working text of an article and return it; readers keep the published version. Raises Stale.

    For whom it is holds at once. A `state`, as files bring it, is reached by the verbs.
    """
    article = write(article, {k: v for k, v in values.items() if k != "state"}, by=by, version=version)[0]
    state = values.get("state")
    if state == Article.PUBLISHED and is_changed(article):
        return publish(article, by)
    return write(article, {"state": state}, by=by)[0] if state in (Article.DRAFT, Article.ARCHIVED) else article


def is_changed(article):
    """Whether the working text differs from what readers see; True for an article that nobody reads yet."""
    shown = article.published
    return article.state != Article.PUBLISHED or any(getattr(shown, name) != getattr(article, name) for name in READ)


@operation
def publish_article(article, *, by):
    """Show the text as it is now to readers, as a version of its own; returns the article. Refused without changes."""
    article = lock(article, by)
    if not article.body.strip():
        refuse(_("There is no text yet."), "body")
    if not is_changed(article):
        refuse(_("Readers see this text already."))
    return publish(article, by)


def publish(article, by):
    """Make the next version and show it; inside another operation."""
    last = article.versions.aggregate(last=Max("number"))["last"] or 0
    made = version_of(article, last + 1, by)
    made.save(force_insert=True)
    return write(article, {"state": Article.PUBLISHED, "published": made}, by=by)[0]


def version_of(article, number, by):
    """An article's working text as a version that is not stored yet."""
    return ArticleVersion(article=article, number=number, by=by, **{name: getattr(article, name) for name in READ})


@operation
def withdraw_article(article, *, by):
    """Make an article a draft again that no reader sees; its versions stay. Returns it."""
    return write(article, {"state": Article.DRAFT}, by=by)[0]


@operation
def archive_article(article, *, by):
    """Put an article away: nobody is led to it any more, and everything stays. Returns it."""
    return write(article, {"state": Article.ARCHIVED}, by=by)[0]


@operation
def vote_on_article(article, helped, *, by, comment=""):
    """Say whether an article helped; a user has one vote, and may change it. Whoever may read it may vote.

    Returns the article with its counts, which are counted anew from the votes under a lock.
    """
    rows = Article.objects.unscoped("the caller found it among what the reader may see")
    article = rows.select_for_update(of=("self",)).get(pk=article.pk)
    if article.state != Article.PUBLISHED:
        refuse(_("Only a published article can help."))
    vote = {"helped": helped, "comment": comment[:1000], "at": timezone.now()}
    ArticleVote.objects.update_or_create(article=article, user=by, defaults=vote)
    counts = article.votes.aggregate(helpful=Count("pk", Q(helped=True)), unhelpful=Count("pk", Q(helped=False)))
    rows.filter(pk=article.pk).update(**counts)
    article.helpful, article.unhelpful = counts["helpful"], counts["unhelpful"]
    return article
