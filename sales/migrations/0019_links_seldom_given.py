from django.db import migrations, models
from django.db.models import PROTECT, SET_NULL, F, Q

from crm_site.core.migrating import AtOnce

ALIVE = Q(("deleted_at__isnull", True), ("campaign__isnull", False))
# Of each link: what it points at, what becomes of it then, what the other side calls it, and its label.
LEAD = {
    "campaign": ("marketing.campaign", PROTECT, "leads", "campaign"),
    "contact_list": ("marketing.contactlist", PROTECT, "leads", "contact list"),
    "customer": ("customers.customer", SET_NULL, "leads", "customer"),
    "partner": ("customers.account", PROTECT, "+", "partner"),
    "product": ("sales.product", PROTECT, "+", "product"),
}
BY_PROGRAM = {
    "web_form": ("sales.webform", SET_NULL, "leads", "web form"),
    "converted_account": ("customers.account", SET_NULL, "+", "became account"),
    "converted_customer": ("customers.customer", SET_NULL, "+", "became customer"),
    "converted_opportunity": ("sales.opportunity", SET_NULL, "+", "became opportunity"),
}
DEAL = {
    "lead": ("sales.lead", SET_NULL, "opportunities", "lead"),
    "campaign": ("marketing.campaign", PROTECT, "opportunities", "campaign"),
    "partner": ("customers.account", PROTECT, "partner_opportunities", "sourced by partner"),
    "serviced_by": ("customers.account", PROTECT, "serviced_opportunities", "serviced by partner"),
    "loss_reason": ("sales.lossreason", PROTECT, "+", "loss reason"),
    "lost_to": ("customers.account", PROTECT, "+", "lost to"),
}
STAGE = {"stage": ("sales.stage", PROTECT, "opportunities", "stage")}


def changed(model, links, **options):
    """The links without an index over all rows."""
    for name, (to, on_delete, *back) in links.items():
        named = {"related_name": back[0] if back else "+"} | ({"verbose_name": back[1]} if back[1:] else {})
        yield migrations.AlterField(model, name, models.ForeignKey(to, on_delete, db_index=False, **named, **options))


def indexes(model, prefix, links):
    """An index of each link over the rows that have one."""
    for name in links:
        there = Q((f"{name}__isnull", False))
        yield migrations.AddIndex(model, models.Index(fields=[name], name=f"{prefix}_{name}_fk", condition=there))


class Migration(AtOnce):
    dependencies = [
        ("core", "0009_likeness_is_guessed"),
        ("customers", "0010_activities_by_sms"),
        ("marketing", "0002_shipped_roles"),
        ("sales", "0018_web_forms_say_what_for"),
    ]
    operations = [
        migrations.RemoveIndex("lead", "lead_campaign_ix"),
        migrations.RemoveIndex("opportunity", "deal_campaign_ix"),
        *changed("lead", LEAD, null=True, blank=True),
        *changed("lead", BY_PROGRAM, null=True, editable=False),
        *changed("opportunity", DEAL, null=True, blank=True),
        *changed("opportunity", STAGE),
        migrations.AddIndex(
            "lead", models.Index(F("campaign"), F("id").desc(), condition=ALIVE, name="lead_campaign_ix")
        ),
        migrations.AddIndex(
            "opportunity", models.Index(fields=["campaign", "-id"], condition=ALIVE, name="deal_campaign_ix")
        ),
        *indexes("lead", "lead", LEAD | BY_PROGRAM),
        *indexes("opportunity", "deal", DEAL),
    ]
