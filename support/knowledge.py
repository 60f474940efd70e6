"""What the house knows: published articles that fit a text, read through the index of their words."""

import re
import unicodedata

from django.contrib.postgres.search import SearchQuery, SearchRank
from django.db.models import F

from support.models import Article

# Words that stand in every question and tell nothing; the index keeps all words of all languages.
EMPTY = {
    "about", "after", "also", "and", "any", "are", "because", "been", "but", "can", "could", "does", "don", "for",
    "from", "get", "had", "has", "have", "hello", "help", "how", "into", "its", "just", "like", "may", "more", "not",
    "now", "our", "out", "please", "problem", "question", "should", "some", "such", "than", "that", "the", "their",
    "them", "then", "there", "they", "this", "was", "what", "when", "where", "which", "who", "why", "will", "with",
    "would", "you", "your",
}  # fmt: skip
MOST = 16
WEIGHTS = [0.05, 0.15, 0.4, 1.0]


def words_of(text):
    """The telling words of a text, folded as the index has them, each once, at most MOST."""
    plain = unicodedata.normalize("NFKD", text[:4000].casefold())
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    found = dict.fromkeys(re.findall(r"[^\W_]{2,}", plain))
    return [word for word in found if len(word) > 2 and word not in EMPTY][:MOST]


def suggest(text, *, audience, limit=5, user=None):
    """Up to `limit` published articles that share words with a text, best first; titles count most.

    `audience` Article.PUBLIC gives those for customers alone, Article.INTERNAL all. With a `user`, those within the
    user's reach.
    """
    return list(fitting(open_articles(audience, user), text).select_related("published")[:limit])


def fitting(rows, text):
    """Those of the articles whose published text shares words with another text, best first."""
    words = words_of(text)
    if not words:
        return rows.none()
    # A beginning is enough: "print" finds printers.
    query = SearchQuery(" | ".join(f"'{word}':*" for word in words), search_type="raw", config="simple")
    rank = SearchRank(F("published__words"), query, weights=WEIGHTS)
    return rows.filter(published__words=query).order_by(rank.desc(), "-helpful", "-pk")


def open_articles(audience, user=None):
    """The published articles for an audience; what is read of each is its `published` version."""
    rows = Article.objects.visible_to(user) if user else Article.objects.unscoped("published is for all its readers")
    rows = rows.filter(state=Article.PUBLISHED, published__isnull=False, deleted_at=None)
    return rows.filter(audience=Article.PUBLIC) if audience == Article.PUBLIC else rows
