"""What partners bring and what they cause, as numbers; each equals the list that it leads to."""

from django.db.models import Avg, Count, DurationField, ExpressionWrapper, F, Q, Sum

from customers.models import Account
from sales.models import Opportunity, Stage
from support.models import Case, DealRegistration, Status

MOST = 200


def figures(user, partners):
    """{partner id: {name of a figure: number}} as far as the user sees it; four statements however many partners.

    Registered and approved are registrations (approved: now); won, amount (in the company's currency) and days (from
    the making of a deal to its closing) are of the deals that the partner sourced, serviced of those it serves.
    """
    found = {pk: {} for pk in partners}
    cycle = ExpressionWrapper(F("closed_at") - F("created_at"), output_field=DurationField())
    won = Opportunity.objects.visible_to(user).filter(state=Stage.WON)
    asked = (
        (DealRegistration.objects.visible_to(user), "partner",
         {"registered": Count("pk"), "approved": Count("pk", Q(state=DealRegistration.APPROVED))}),
        (won, "partner", {"won": Count("pk"), "amount": Sum("amount_base"), "cycle": Avg(cycle)}),
        (won, "serviced_by", {"serviced": Count("pk")}),
        (Case.objects.visible_to(user).filter(category__in=Status.UNRESOLVED), "partner", {"cases": Count("pk")}),
    )  # fmt: skip
    for rows, field, sums in asked:
        counted = rows.filter(**{f"{field}__in": list(found)}).order_by().values(field).annotate(**sums)
        for row in counted:
            found[row.pop(field)] |= row
    for row in found.values():
        row["days"] = row["cycle"].days if row.get("cycle") else None
    return found


def report(user):
    """[(partner, its figures)] of the partners whom the user sees, those who won most first."""
    partners = list(Account.objects.visible_to(user).filter(is_partner=True).order_by("name_sort", "pk")[:MOST])
    numbers = figures(user, [partner.pk for partner in partners])
    rows = [(partner, numbers[partner.pk]) for partner in partners]
    return sorted(rows, key=lambda row: (-(row[1].get("amount") or 0), -row[1].get("registered", 0)))
