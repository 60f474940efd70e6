"""What people outside the company see of it."""

import json

from crm_site.core.kept import kept
from crm_site.core.models import Setting


def company():
    """What the administrators say of the company for its papers: a dict, empty where nobody did; one statement."""
    said = [json.loads(value) for (value,) in said_of_it()]
    return said[0] if said and isinstance(said[0], dict) else {}


@kept
def said_of_it():
    """What is kept of the company, as JSON."""
    return Setting.objects.filter(pk="company").values_list("value")


def company_name():
    """The company's name, empty where nobody gave it; one statement."""
    return company().get("name", "")
