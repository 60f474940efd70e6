"""Operations on what hangs on a deal: its people, competitors, shares of the credit, and lines."""

from decimal import Decimal

from django.utils import timezone
from django.utils.translation import gettext as _

from crm_site.core.operations import lock, operation, refuse
from customers.models import Account, Contact
from customers.operations.linking import known
from sales.models import Competition, ContactRole, OpportunityLine, Split
from sales.operations.opportunities import store
from sales.operations.totals import line_values

WHOLE = Decimal(100)


def touch(deal, by):
    """Count a change of what hangs on a deal as a change of the deal, so that a stale form is noticed."""
    deal.version += 1
    deal.changed_at, deal.changed_by = timezone.now(), by
    deal.save(update_fields=["version", "changed_at", "changed_by"])
    return deal


@operation
def set_contact_roles(deal, rows, *, by):
    """Say who has to do with a deal: `rows` are dicts of contact and role. Nobody is named twice."""
    current = lock(deal, by)
    kept = {row["contact"].pk: row for row in rows}
    had = dict(current.contact_roles.values_list("contact_id", "role"))
    known(Contact, kept.keys() - had.keys(), by)
    current.contact_roles.exclude(contact__in=kept).delete()
    made = [
        ContactRole(opportunity=current, contact_id=pk, role=row.get("role") or "other") for pk, row in kept.items()
    ]
    ContactRole.objects.bulk_create(
        made, update_conflicts=True, unique_fields=["opportunity", "contact"], update_fields=["role"]
    )
    return touch(current, by)


@operation
def set_competitors(deal, rows, *, by):
    """Say who is after the same deal: `rows` are dicts of account and note."""
    current = lock(deal, by)
    kept = {row["account"].pk: row for row in rows}
    had = set(current.competitors.values_list("account_id", flat=True))
    known(Account, kept.keys() - had, by)
    current.competitors.exclude(account__in=kept).delete()
    made = [Competition(opportunity=current, account_id=pk, note=row.get("note") or "") for pk, row in kept.items()]
    Competition.objects.bulk_create(
        made, update_conflicts=True, unique_fields=["opportunity", "account"], update_fields=["note"]
    )
    return touch(current, by)


@operation
def set_splits(deal, rows, *, by):
    """Share out the credit: `rows` are dicts of user, percent and kind (revenue or overlay).

    Revenue shares add up to 100 %, or there are none and the owner has it all; overlay shares come on top.
    """
    current = lock(deal, by)
    made = [
        Split(opportunity=current, user=row["user"], kind=row.get("kind") or "revenue", percent=Decimal(row["percent"]))
        for row in rows
    ]
    check_splits(made)
    current.splits.all().delete()
    Split.objects.bulk_create(made)
    return touch(current, by)


def check_splits(splits):
    """Refuse shares that are not positive, name somebody twice, or do not add up."""
    if any(split.percent <= 0 for split in splits):
        refuse(_("A share has to be more than 0 %."))
    if len({(split.user_id, split.kind) for split in splits}) < len(splits):
        refuse(_("Somebody is named twice."))
    total = sum((split.percent for split in splits if split.kind == "revenue"), Decimal(0))
    if total not in (0, WHOLE):
        said = {"total": total.normalize().to_eng_string(), "rest": abs(WHOLE - total).normalize().to_eng_string()}
        refuse(
            _("The revenue shares add up to %(total)s %%: %(rest)s %% are missing.") % said if total < WHOLE
            else _("The revenue shares add up to %(total)s %%: %(rest)s %% too much.") % said
        )  # fmt: skip


@operation
def set_lines(deal, rows, *, by):
    """Replace a deal's lines; `rows` are dicts of OpportunityLine fields, in order. The amount becomes their net sum.

    Without lines the amount stays as it is and may be typed again.
    """
    current = lock(deal, by)
    if current.state != "open":
        refuse(_("This deal is closed; its lines stay as they are."))
    made = [
        OpportunityLine(opportunity=current, position=n, **row | line_values(row, current.currency))
        for n, row in enumerate(rows, 1)
    ]
    current.lines.all().delete()
    OpportunityLine.objects.bulk_create(made)
    if not made:
        return store(touch(current, by), {"amount_from_lines": False}, by)
    amount = sum(line.net for line in made)
    return store(touch(current, by), {"amount": amount, "amount_from_lines": True}, by)
