"""Shapes: templates drawn once with places left open, and filled as often as wanted.

To draw a template takes Django thirty times as long as to fill a text, and a page holds hundreds of the same few
things: cells, rows, facts, what stands on a timeline, and a frame around all of it.
"""

from functools import lru_cache
from html import escape

from django.template.loader import get_template
from django.utils.safestring import mark_safe
from django.utils.translation import get_language

# Around the name of a place; characters of private use, which no template holds.
OPEN, CLOSE = "\ue000", "\ue001"


def filled(template, fixed=(), /, **values):
    """The template as drawn with these values, each escaped unless it is markup; an empty one counts as not there.

    The template may show a value or ask whether it is there, and nothing else: it is drawn once for all values. What
    `fixed` holds, pairs of a name and something hashable, it may use as it likes: it is drawn anew for each of them.
    """
    given = {name: safe(value) for name, value in values.items() if value}
    return mark_safe(shape(template, fixed, tuple(given)) % given)  # noqa: S308, S703 - each is escaped


def safe(value):
    """A value as markup."""
    if type(value) is str:
        return escape(value)
    return value if hasattr(value, "__html__") else escape(str(value))


def shape(template, fixed, names):
    """The drawn template as a format in which the names stand for their values; in the language of the request."""
    return drawn(get_language(), template, fixed, names)


@lru_cache(maxsize=3000)
def drawn(_language, template, fixed, names):
    """As `shape`, made once a language."""
    places = {name: f"{OPEN}{name}{CLOSE}" for name in names}
    text = get_template(template).render(dict(fixed) | places).rstrip()
    return text.replace("%", "%%").replace(OPEN, "%(").replace(CLOSE, ")s")


def joined(pieces):
    """Pieces of markup as one."""
    return mark_safe("".join(pieces))  # noqa: S308, S703 - all are markup
