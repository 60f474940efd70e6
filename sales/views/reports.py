"""The page of the sales reports."""

from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from crm_site.core.views.reports import report_page
from sales.reports import sales_reports


@require_GET
def sales_report(request):
    """The reports of the kinds that the user's roles show."""
    seen = [report for report in sales_reports() if request.user.reach(report.model, "view") != "none"]
    return report_page(request, seen, _("Sales reports"))
