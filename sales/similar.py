"""Likely repeats of a lead that is being typed: people, companies and open leads like it, each with the reasons."""

from django.db.models import F, Value
from django.utils.translation import gettext as _

from crm_site.core.converters import read_id
from crm_site.core.models import Fold
from customers.models import Account
from customers.similar import contact_names, found_by, name_queries, told, typed, way_queries
from sales.models import Lead


def similar_leads(data, user):
    """([{label, url, reasons}] best first, how many out of reach): four statements.

    A known person or customer is no mistake here, but worth knowing; an open lead with the same address mostly is one.
    """
    company = typed(data, "company")
    queries = [*way_queries(data, "contact"), *contact_names(data), *name_queries(Account, company, company)]
    found, hidden = told(found_by(queries, {}, "contact"), user, customers=True)
    own, unseen = open_leads(data, user)
    return [*own, *found], hidden + unseen


def open_leads(data, user):
    """Open leads with the same e-mail address, and how many more there are that the user may not see."""
    email = typed(data, "email")
    if not email:
        return [], 0
    rows = Lead.objects.unscoped("those out of reach are counted").alias(folded=Fold(F("email")))
    rows = rows.filter(folded=Fold(Value(email)), status__in=Lead.OPEN, deleted_at__isnull=True).exclude(email="")
    ids = list(rows.exclude(pk=read_id(data.get("itself") or "") or 0).values_list("pk", flat=True)[:6])
    seen = list(Lead.objects.visible_to(user).filter(pk__in=ids))
    shown = [
        {"label": str(lead), "url": f"/leads/{lead.pk}/", "reasons": [_("open lead, same e-mail")]} for lead in seen
    ]
    return shown, len(ids) - len(seen)
