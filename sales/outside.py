"""What people outside the company see of it."""

from crm_site.core.models import Setting


def company_name():
    """The company's name as the administrators wrote it, empty where nobody did; one statement."""
    return (Setting.objects.filter(pk="company").values_list("value", flat=True).first() or {}).get("name", "")
