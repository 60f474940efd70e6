"""The pages about who gets which lead: the rules with their dry run, and the panels of a lead that explain."""

from collections import Counter

from django.contrib.auth.decorators import login_required
from django.http import Http404
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from crm_site.core import pages
from crm_site.core.converters import read_id
from sales.conditions import said_all
from sales.kinds.lead import LEADS
from sales.models import AssignmentDecision
from sales.operations.assignment import active_rules, counted, dry_run
from sales.rights import may_arrange

PERIODS = (7, 30, 90)
SHOWN = 200


@login_required
@require_GET
def assignment_rules(request):
    """The rules in order, and what they would have done with the leads of the last days that the user sees."""
    if not may_arrange(request.user):
        raise Http404
    days = read_id(request.GET.get("days", "")) or 30
    days = days if days in PERIODS else 30
    found = dry_run(days, user=request.user)
    rows = [row | {"said": said_all(row["rule"].conditions) if row["rule"] else ""} for row in counted(found)]
    seen = {row["rule"].pk for row in rows if row["rule"]}
    idle = [{"rule": rule, "said": said_all(rule.conditions)} for rule in active_rules() if rule.pk not in seen]
    context = {
        "title": _("Assignment of leads"), "rows": rows, "idle": idle, "days": days, "periods": PERIODS,
        "total": len(found), "chosen": drilled(request, found), "may_edit": request.user.is_superuser,
    }  # fmt: skip
    return TemplateResponse(request, "sales/assignment/rules.html", context)


def drilled(request, found):
    """The leads behind one number of the table, as ?rule= and ?owner= say ("none" for none); None when not asked."""
    if "rule" not in request.GET:
        return None
    rule, owner = request.GET.get("rule", ""), request.GET.get("owner")
    rows = [
        {"lead": lead, "owner": user}
        for lead, by_rule, user in found
        if (str(by_rule.pk) if by_rule else "none") == rule
        and owner in (None, "", str(user.pk) if user else "none")
    ]  # fmt: skip
    return {"rows": rows[:SHOWN], "count": len(rows), "more": len(rows) > SHOWN}


@login_required
@require_GET
def lead_decisions(request, pk):
    """Who got the lead and why: the latest decisions in words."""
    lead = pages.get_visible_or_404(LEADS, request.user, pk)
    rows = AssignmentDecision.objects.filter(lead=lead).select_related("owner").order_by("-id")[:10]
    context = {"kind": LEADS, "record": lead, "title": _("Who got this lead, and why"), "rows": rows}
    return pages.fragment(request, "sales/assignment/_decisions.html", context)


@login_required
@require_GET
def lead_score(request, pk):
    """The parts of a lead's score."""
    lead = pages.get_visible_or_404(LEADS, request.user, pk)
    said = Counter(part.get("why") for part in lead.score_parts)
    context = {
        "kind": LEADS, "record": lead, "title": _("Why this score"), "parts": lead.score_parts,
        "often": [why for why, times in said.items() if why and times > 1],
    }  # fmt: skip
    return pages.fragment(request, "sales/assignment/_score.html", context)
