"""The pages of articles: what readers see, its versions, its verbs, votes, and suggestions while somebody types."""

import difflib

from django.http import Http404
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from crm_site.core import pages, parts
from crm_site.core.converters import read_id
from crm_site.core.kinds import KINDS
from customers.views.parties import done
from support.kinds.knowledge import ARTICLES
from support.knowledge import suggest
from support.models import Article, ArticleVote, KnownIssue
from support.operations import articles

SHOWN = 10


def article_record(request, pk):
    """An article's page, with the text that readers see; its writers learn of a newer draft and of votes."""
    article = pages.get_visible_or_404(ARTICLES, request.user, pk, rights=parts.RIGHTS)
    granted = parts.begin(request.user, article)
    shown = article.published if article.state == Article.PUBLISHED else None
    vote = ArticleVote.objects.filter(article=article, user=request.user).first() if shown else None
    said = article.votes.exclude(comment="").order_by("-at")[:SHOWN] if "change" in granted else ()
    context = {
        "extra": "support/articles/_text.html", "shown": shown or article, "is_published": bool(shown), "vote": vote,
        "has_draft": bool(shown) and "change" in granted and articles.is_changed(article), "state": article.state,
        "said": said,
    }  # fmt: skip
    return pages.record_page(request, ARTICLES, pk, **context)


@require_GET
def article_versions(request, pk):
    """The versions of an article, newest first; with ?version= the text of one and what changed in it."""
    article = pages.get_visible_or_404(ARTICLES, request.user, pk)
    rows = list(article.versions.defer("body", "words").select_related("by").order_by("-number")[:50])
    context = {"kind": ARTICLES, "record": article, "title": _("Versions"), "rows": rows}
    number = read_id(request.GET.get("version", ""))
    if number:
        pair = list(article.versions.filter(number__in=(number, number - 1)).defer("words").order_by("-number"))
        if not pair or pair[0].number != number:
            raise Http404
        context |= {"chosen": pair[0], "changes": changes(pair[1] if len(pair) > 1 else None, pair[0])}
    return pages.fragment(request, "support/articles/_versions.html", context)


def changes(before, after):
    """[(ins, del or "", line)] of what changed from one version to the next; None for the first one."""
    if before is None:
        return None
    old, new = (f"{v.name}\n{v.summary}\n{v.body}".splitlines() for v in (before, after))
    tones = {"+": "ins", "-": "del", " ": ""}
    lines = list(difflib.unified_diff(old, new, n=2, lineterm=""))[2:]
    return [(tones.get(line[:1], "gap"), line[1:] if line[:1] in tones else "…") for line in lines]


@require_POST
def article_verb(request, pk, verb):
    """Publish an article, make it a draft again, or put it away."""
    article = pages.get_visible_or_404(ARTICLES, request.user, pk, "change")
    do, text = {
        "publish": (articles.publish_article, _("Readers see it now.")),
        "withdraw": (articles.withdraw_article, _("It is a draft again.")),
        "archive": (articles.archive_article, _("The article is archived.")),
    }[verb]
    return done(request, ARTICLES, article, lambda: do(article, by=request.user), text)


@require_POST
def article_vote(request, pk):
    """Whether the article helped the reader."""
    article = pages.get_visible_or_404(ARTICLES, request.user, pk)
    helped, comment = request.POST.get("helped") == "yes", request.POST.get("comment", "").replace("\0", "")
    return done(
        request, ARTICLES, article,
        lambda: articles.vote_on_article(article, helped, by=request.user, comment=comment), _("Thank you."),
    )  # fmt: skip


@require_GET
def article_suggest(request):
    """Articles that fit what is being typed, as ?q= or as the fields of a case's form."""
    pages.need(request.user, ARTICLES, "view")
    text = " ".join(request.GET.get(name, "") for name in ("q", "subject", "description")).replace("\0", "")
    found = suggest(text, audience=Article.INTERNAL, user=request.user)
    context = {"kind": ARTICLES, "title": _("Answers that may fit"), "articles": found, "asked": bool(text.strip())}
    return pages.fragment(request, "support/articles/_suggest.html", context)


@require_GET
def case_known(request, pk):
    """The known issue behind a case, open ones of its product, and articles that fit its words."""
    kind, user = KINDS["support.case"], request.user
    case = pages.get_visible_or_404(kind, user, pk, rights=parts.RIGHTS)
    rows = KnownIssue.objects.visible_to(user)
    if case.issue_id:
        issues = list(rows.filter(pk=case.issue_id))
    else:
        issues = (
            list(rows.filter(product=case.product_id, state=KnownIssue.OPEN).order_by("-pk")[:3])
            if case.product_id
            else []
        )
    context = {
        "kind": kind, "record": case, "title": _("Known answers"), "issues": issues, "linked": bool(case.issue_id),
        "articles": suggest(f"{case.subject} {case.description[:300]}", audience=Article.INTERNAL, user=user, limit=3),
        "link_url": "change" in parts.rights(user, case) and f"{kind.record_url(pk)}issue/",
    }  # fmt: skip
    return pages.fragment(request, "support/articles/_known.html", context)


@require_GET
def product_known(request, pk, kind):
    """The known issues and the published articles of a product."""
    user = request.user
    product = pages.get_visible_or_404(kind, user, pk)
    issues = KnownIssue.objects.visible_to(user).filter(product=product).order_by("-pk")[:SHOWN]
    found = Article.objects.visible_to(user).filter(product=product, state=Article.PUBLISHED).order_by("-pk")[:SHOWN]
    context = {"kind": kind, "record": product, "title": _("Known issues and articles"), "issues": issues,
               "articles": found, "linked": True}  # fmt: skip
    return pages.fragment(request, "support/articles/_known.html", context)
