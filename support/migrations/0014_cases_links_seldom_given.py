from django.db import migrations, models
from django.db.models import PROTECT, SET_NULL, Q

from crm_site.core.migrating import AtOnce

# Of each link: what it points at, what becomes of it then, what the other side calls it, its label, and options.
# The customer, the account and the reporter have an index of their own in the order of the numbers.
ORDERED = {
    "customer": ("customers.customer", PROTECT, "cases", "customer"),
    "account": ("customers.account", PROTECT, "cases", "account"),
    "contact": ("customers.contact", PROTECT, "cases", "reporter"),
}
SELDOM = {
    "product": ("sales.product", PROTECT, "cases", "product"),
    "installed": ("support.installedproduct", SET_NULL, "cases", "installed product"),
    "entitlement": ("support.entitlement", SET_NULL, "cases", "entitlement"),
    "sale": ("sales.sale", SET_NULL, "cases", "sale"),
    "partner": ("customers.account", PROTECT, "partner_cases", "partner"),
    "parent": ("support.case", PROTECT, "children", "part of"),
    "follows": ("support.case", SET_NULL, "followers", "follows", {"editable": False}),
    "merged_into": ("support.case", PROTECT, "merged", "merged into", {"editable": False}),
    "issue": ("support.knownissue", SET_NULL, "cases", "known issue"),
    "policy": ("support.policy", PROTECT, "+", "service level", {"help_text": "Empty: chosen by the rules"}),
}


def changed(name, to, on_delete, back, label, options=None):
    """A link without an index over all rows."""
    link = models.ForeignKey(
        to, on_delete, null=True, blank=True, db_index=False, related_name=back, verbose_name=label, **options or {}
    )
    return migrations.AlterField("case", name, link)


def index(name):
    """The index of a link over the rows that have one."""
    there = Q((f"{name}__isnull", False))
    return migrations.AddIndex("case", models.Index(fields=[name], name=f"case_{name}_fk", condition=there))


class Migration(AtOnce):
    dependencies = [
        ("core", "0009_likeness_is_guessed"),
        ("customers", "0010_activities_by_sms"),
        ("sales", "0019_links_seldom_given"),
        ("support", "0013_replies_know_what_was_before"),
    ]
    operations = [*(changed(name, *of) for name, of in (ORDERED | SELDOM).items()), *map(index, SELDOM)]
