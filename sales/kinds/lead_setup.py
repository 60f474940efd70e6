"""What is set up around leads: assignment, scores, and the panels that explain both."""

from django.utils.translation import gettext_lazy as _

from crm_site.core.kinds import Panel, add_panel
from sales.operations.assignment import assign_leads
from sales.operations.leads import ASSIGNERS

ASSIGNERS.append(assign_leads)
add_panel("sales.lead", Panel(_("Why this score"), "sales:lead_score"))
add_panel("sales.lead", Panel(_("Who got this lead, and why"), "sales:lead_decisions"))
