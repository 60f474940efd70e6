"""Template tags of activities."""

from django import template

from crm_site.core.shapes import filled, joined
from customers.models import Activity

register = template.Library()


@register.simple_tag(takes_context=True)
def activity(context, item, compact=False):
    """One of `customers.timeline.items`, with its buttons; `compact` leaves out what a list of tasks does not need."""
    row = item["activity"]
    fixed = (
        ("image", item["icon"]), ("open", item["open"]), ("overdue", item["overdue"]), ("compact", bool(compact)),
        ("may_change", item["may_change"]), ("pinned", row.is_pinned), ("private", row.is_private),
        ("snoozes", row.kind != Activity.MEETING), ("cancelled", row.status == Activity.CANCELLED),
    )  # fmt: skip
    links = (filled("customers/activities/_item_link.html", text=text, url=url) for text, url in item["links"])
    return filled(
        "customers/activities/_item.html", fixed, pk=row.pk, url=item["url"], subject=row.subject, said=item["said"],
        iso=item["iso"], when=item["when"], more=item["more"], body=item["body"], links=joined(links),
        owner=not compact and row.owner_id and row.owner, csrf_token=context["csrf_token"],
    )  # fmt: skip
