"""Template tags of the look."""

from functools import lru_cache

from django import template
from django.template.loader import get_template
from django.templatetags.static import static
from django.utils import timezone
from django.utils.formats import date_format

from crm_site.core import markup
from crm_site.core.shapes import filled, joined, safe, shape

register = template.Library()


@register.simple_tag
def icon(name, label=""):
    """One icon of static/icons.svg; it is hidden from screen readers unless it has a label."""
    return image(name or "dots", str(label))


@lru_cache(maxsize=500)
def image(name, label):
    """The markup of an icon, made once: a page holds hundreds."""
    return get_template("_parts/icon.html").render({"href": f"{static('icons.svg')}#{name}", "label": label})


@register.simple_tag
def drawn(template, **fixed):
    """A template that shows the same for the same things that can be hashed, drawn once for each of them."""
    return filled(template, tuple(fixed.items()))


@register.filter
def markdown(text):
    """Markdown as safe markup."""
    return markup.from_markdown(text)


@register.filter
def when(at):
    """A moment as short as can be: its day and time, the year only where it is another one."""
    at = timezone.localtime(at)
    return date_format(at, "j M, H:i" if at.year == timezone.localtime().year else "j M Y, H:i")


@register.simple_tag
def rows_drawn(rows, pick, actions):
    """The rows of a list; with `pick` each can be chosen, with `actions`, a template's name, each has its buttons."""
    fixed = (("pick", bool(pick)), ("has_acts", bool(actions)))
    return joined(
        filled(
            "records/_row.html", fixed, id=row["id"], label=row["label"], fixed=row["fixed"],
            cells=in_row(row["cells"]), acts=actions and filled(actions, **row["acts"]),
        )
        for row in rows
    )  # fmt: skip


def in_row(cells):
    """The cells of a row; most are a text or a link and nothing else."""
    plain, link = shape(TD, PLAIN, ("text",)), shape(TD, (), ("text", "url"))
    made = []
    for cell in cells:
        if cell.plain or not (cell.url or cell.tone or cell.title or cell.items):
            made.append(plain % {"text": safe(cell.text)})
        elif cell.url:
            made.append(link % {"text": safe(cell.text), "url": safe(cell.url)})
        else:
            made.append(filled(TD, text=cell.text, tone=cell.tone, title=cell.title, tags=tags(cell)))
    return joined(made)


TD, PLAIN = "records/_td.html", (("plain", True),)


def tags(cell):
    """What a cell has several of: tags, or links."""
    if cell.type == "links":
        return joined(filled("records/_link.html", text=text, url=url) for text, url in cell.items)
    return cell.items and joined(filled("records/_tag.html", tag=tag) for tag in cell.items)


@register.simple_tag
def value(cell):
    """A cell on a record's page."""
    return filled(
        "records/_value.html", (("type", cell.type),), text=cell.text, url=cell.url, tone=cell.tone, title=cell.title,
        tags=tags(cell),
    )  # fmt: skip


@register.simple_tag
def fact(shown):
    """A labelled value with its pencil; see `facts` in crm_site/core/pages.py."""
    return filled(
        "records/_fact.html", label=shown["label"], value=value(shown["cell"]), edit_url=shown["cell"].edit_url,
        edit_label=shown["edit_label"],
    )  # fmt: skip
