"""What people outside the company see of it."""

from crm_site.core.models import Setting


def company():
    """What the administrators say of the company for its papers: a dict, empty where nobody did; one statement."""
    value = Setting.objects.filter(pk="company").values_list("value", flat=True).first()
    return value if isinstance(value, dict) else {}


def company_name():
    """The company's name, empty where nobody gave it; one statement."""
    return company().get("name", "")
