from django.db import migrations

from crm_site.core import roles
from crm_site.core.roles import reaches

EVERYTHING = reaches("all", "all", "all", **{"export": "all", "import": "all"})
CASES = {
    roles.REP: reaches("all", "none", "all"),
    roles.MANAGER: reaches("all", "none", "all", export="all"),
    roles.AGENT: reaches("all", "all", "all", delete="none"),
    roles.LEAD: EVERYTHING,
    roles.MARKETING: reaches("all"),
    roles.PARTNER: reaches("own", "own", "all", delete="none", assign="none", bulk="none", merge="none"),
    roles.AUDITOR: reaches("all"),
    roles.ADMINISTRATOR: EVERYTHING,
}
KNOWLEDGE = {
    roles.REP: reaches("all"),
    roles.MANAGER: reaches("all"),
    roles.AGENT: reaches("all", "own", "all"),
    roles.LEAD: EVERYTHING,
    roles.MARKETING: reaches("all", "own", "all"),
    roles.AUDITOR: reaches("all"),
    roles.ADMINISTRATOR: EVERYTHING,
}
PRODUCTS = {
    roles.REP: reaches("all", "own", "all"),
    roles.MANAGER: reaches("all", "subtree", "all", **{"export": "all", "import": "all"}),
    roles.AGENT: reaches("all", "all", "all", delete="none"),
    roles.LEAD: EVERYTHING,
    roles.AUDITOR: reaches("all"),
    roles.ADMINISTRATOR: EVERYTHING,
}
REGISTRATIONS = {
    roles.REP: reaches("own", "own", "all"),
    roles.MANAGER: reaches("subtree", "subtree", "all", **{"export": "subtree", "import": "subtree"}),
    roles.PARTNER: reaches("own", "own", "all", assign="none", bulk="none", merge="none"),
    roles.AUDITOR: reaches("all"),
    roles.ADMINISTRATOR: EVERYTHING,
}
STILL = ["next", "resolution"]
STATUSES = (
    ("New", "new", "We have received it", [], True),
    ("Open", "open", "We are working on it", [], True),
    ("Waiting for customer", "waiting", "We are waiting for your answer", STILL, True),
    ("On hold", "waiting", "We are waiting for somebody else", STILL, False),
    ("Resolved", "resolved", "We think that it is solved", [], True),
    ("Closed", "closed", "Closed", [], True),
)
MINUTES = {
    "first": {"1": 60, "2": 120, "3": 480, "4": 960},
    "next": {"1": 60, "2": 120, "3": 480, "4": 960},
    "resolution": {"1": 480, "2": 960, "3": 2400, "4": 4800},
}
OFFICE = {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}


def ship(apps, _schema_editor):
    """Give the shipped roles their reach over what support/ holds."""
    roles.ship(apps, "support.case", CASES)
    roles.ship(apps, "support.article", KNOWLEDGE)
    for kind in ("installedproduct", "entitlement", "knownissue"):
        roles.ship(apps, f"support.{kind}", PRODUCTS)
    roles.ship(apps, "support.dealregistration", REGISTRATIONS)


def arrange(apps, _schema_editor):
    """Statuses, a queue and a service level to begin with; administrators change them."""
    status, queue = apps.get_model("support", "Status"), apps.get_model("support", "Queue")
    for order, (name, category, words, pauses, default) in enumerate(STATUSES, 1):
        status.objects.create(
            name=name, category=category, portal_name=words, pauses=pauses, is_default=default, order=order
        )
    queue.objects.create(name="Support", is_default=True)
    calendar = apps.get_model("core", "Calendar").objects.filter(is_default=True).first()
    hours = {"zone": calendar.zone if calendar else "UTC", "week": calendar.hours if calendar else OFFICE, "days": {}}
    policy = apps.get_model("support", "Policy").objects.create(name="Standard", order=1000, is_default=True)
    policy.current = apps.get_model("support", "PolicyVersion").objects.create(
        policy=policy, number=1, calendar=calendar, hours=hours, targets=MINUTES
    )
    policy.save()


class Migration(migrations.Migration):
    dependencies = [
        ("support", "0001_cases_clocks_mail_and_portal"),
        ("core", "0006_default_hours"),
        ("auth", "0012_alter_user_first_name_max_length"),
    ]
    operations = [
        migrations.RunPython(ship, migrations.RunPython.noop),
        migrations.RunPython(arrange, migrations.RunPython.noop),
    ]
