"""Template tags of the desk."""

from django import template

from crm_site.core.shapes import filled
from crm_site.core.templatetags.kith import when

register = template.Library()


@register.simple_tag
def desk_case(item, listing):
    """One of the cases of support.desk.list_items in the list beside the conversation."""
    badge = item["badge"] or {"text": "", "title": "", "tone": "", "icon": ""}
    fixed = (
        ("tone", item["tone"]), ("priority_tone", item["priority_tone"]), ("due_tone", badge["tone"]),
        ("image", badge["icon"]), ("open", item["pk"] == listing["open"]),
    )  # fmt: skip
    return filled(
        "support/desk/_item.html", fixed, pk=item["pk"], query=listing["query"], who=item["who"], at=item["at"],
        ago=item["ago"], subject=item["subject"], due=badge["text"], due_title=badge["title"], urgent=item["urgent"],
        status=item["status"], owner=item["owner"],
    )  # fmt: skip


@register.simple_tag
def folded(message, case):
    """A message of the conversation as one line, which is read when it is opened."""
    fixed = (("look", message.look), ("has_files", bool(message.shown_files)))
    return filled(
        "support/desk/_line.html", fixed, pk=message.pk, case=case.pk, author=message.author, line=message.line,
        iso=message.iso, when=when(message.at),
    )  # fmt: skip


@register.simple_tag
def happened(message):
    """An event of the conversation."""
    return filled(
        "support/desk/_event.html", pk=message.pk, text=message.body, who=message.user, iso=message.iso,
        when=when(message.at),
    )  # fmt: skip
