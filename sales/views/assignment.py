"""The pages about who gets which lead: the rules with their dry run, and the panels of a lead that explain."""

from collections import Counter

from django.contrib import messages
from django.db import transaction
from django.db.models import Count
from django.http import Http404
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from crm_site.core import pages
from crm_site.core.converters import read_id
from crm_site.core.history import whole_entries
from crm_site.core.models import User
from crm_site.core.scope import found_or_404
from sales.conditions import said_all
from sales.forms.assignment import RuleSheet
from sales.kinds.lead import LEADS
from sales.models import AssignmentDecision, AssignmentRule, RuleMember
from sales.operations.assignment import counted, dry_run
from sales.operations.rules import move_rule, save_rule
from sales.rights import may_arrange

PERIODS = (7, 30, 90)
SHOWN = 200


def need_arranger(user):
    """The rules are the business of who hands out other people's leads; nobody else has the pages."""
    if not may_arrange(user):
        raise Http404


@require_GET
def assignment_rules(request):
    """The rules in order, and what they would have done with the leads of the last days that the user sees."""
    need_arranger(request.user)
    days = read_id(request.GET.get("days", "")) or 30
    days = days if days in PERIODS else 30
    found = dry_run(days, user=request.user)
    rules = AssignmentRule.objects.annotate(count=Count("members")).order_by("order", "id")
    context = {
        "title": _("Assignment of leads"), "rows": counted(found), "days": days, "periods": PERIODS,
        "rules": [{"rule": rule, "said": said_all(rule.conditions)} for rule in rules],
        "total": len(found), "chosen": drilled(request, found),
    }  # fmt: skip
    return TemplateResponse(request, "sales/assignment/rules.html", context)


@require_http_methods(["GET", "POST"])
def assignment_rule(request, pk=None):
    """One rule: what it asks, its members and clocks; its dry run as it stands on the page, before it is saved."""
    need_arranger(request.user)
    rule = found_or_404(AssignmentRule.objects.all(), pk=pk) if pk else AssignmentRule()
    form, tried = RuleSheet(request.POST or None, instance=rule), None
    if request.method == "POST" and form.is_valid():
        if request.POST.get("do") != "try":
            save_rule(form.instance, form.members, by=request.user)
            messages.success(request, _("Saved."))
            return redirect("sales:assignment_rules")
        tried = try_rule(form, request.user)
    context = {
        "title": (rule.name if pk else "") or _("New rule"), "form": form, "rule": rule, "tried": tried, "pk": pk,
        "changes": changes_of(rule, request.user) if pk else [],
    }  # fmt: skip
    return TemplateResponse(request, "sales/assignment/rule.html", context, status=422 if form.errors else 200)


def changes_of(rule, user):
    """What was changed of a rule and of its members."""
    return whole_entries(rule, user, RuleMember, "rule", lambda event, names: names.get((User, event.user_id), ""))


def try_rule(form, user):
    """What the rules would have done in the last month with this one as typed; nothing of it is kept."""
    with transaction.atomic():
        known = form.instance.pk
        save_rule(form.instance, form.members, by=user)
        found = counted(dry_run(30, user=user))
        transaction.set_rollback(True)
    form.instance.pk = known
    return found


@require_POST
def assignment_move(request, pk):
    """A rule one place up or down: the first that fits decides."""
    need_arranger(request.user)
    rule = found_or_404(AssignmentRule.objects.all(), pk=pk)
    move_rule(rule, -1 if request.POST.get("to") == "up" else 1, by=request.user)
    return redirect("sales:assignment_rules")


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


@require_GET
def lead_decisions(request, pk):
    """Who got the lead and why: the latest decisions in words."""
    lead = pages.get_visible_or_404(LEADS, request.user, pk)
    rows = AssignmentDecision.objects.filter(lead=lead).select_related("owner").order_by("-id")[:10]
    context = {"kind": LEADS, "record": lead, "title": _("Who got this lead, and why"), "rows": rows}
    return pages.fragment(request, "sales/assignment/_decisions.html", context)


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
