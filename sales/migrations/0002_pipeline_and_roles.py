from django.db import migrations

from crm_site.core import roles
from crm_site.core.roles import reaches

SELLING = {
    roles.REP: reaches("team", "own", "all", **{"export": "own", "import": "own"}),
    roles.MANAGER: reaches("subtree", "subtree", "all", **{"export": "subtree", "import": "subtree"}),
    roles.AGENT: reaches("all"),
    roles.LEAD: reaches("all"),
    roles.MARKETING: reaches("all", export="all"),
    roles.AUDITOR: reaches("all"),
    roles.ADMINISTRATOR: reaches("all", "all", "all", **{"export": "all", "import": "all"}),
}
INQUIRIES = SELLING | {
    roles.MARKETING: reaches("all", "own", "all", **{"export": "all", "import": "all", "assign": "all"}),
}
CATALOGUE = {
    roles.REP: reaches("all"),
    roles.MANAGER: reaches("all", "all", "all", **{"export": "all", "import": "all"}),
    roles.AGENT: reaches("all"),
    roles.LEAD: reaches("all"),
    roles.MARKETING: reaches("all", export="all"),
    roles.AUDITOR: reaches("all"),
    roles.ADMINISTRATOR: reaches("all", "all", "all", **{"export": "all", "import": "all"}),
}
QUOTAS = {
    roles.REP: reaches("own"),
    roles.MANAGER: reaches("subtree", "subtree", "all", **{"export": "subtree", "import": "subtree"}),
    roles.AUDITOR: reaches("all"),
    roles.ADMINISTRATOR: reaches("all", "all", "all", **{"export": "all", "import": "all"}),
}
STAGES = (
    ("Qualification", "open", 10, "pipeline", 14, "grey", "Is there a need, a budget and somebody who decides?"),
    ("Needs analysis", "open", 25, "pipeline", 21, "blue", "Write down what they want to achieve and by when."),
    ("Proposal", "open", 50, "best", 21, "azure", "Send a quote and agree when to talk about it."),
    ("Negotiation", "open", 75, "commit", 14, "orange", "Settle price, terms and the date of signing."),
    ("Won", "won", 100, "closed", None, "green", ""),
    ("Lost", "lost", 0, "lost", None, "red", ""),
)
REASONS = ("Price", "Competitor", "No budget", "No decision", "Missing feature", "Timing", "Other")


def ship(apps, _schema_editor):
    """Give the shipped roles their reach over what sales/ holds."""
    for kind in ("opportunity", "quote", "sale", "invoice"):
        roles.ship(apps, f"sales.{kind}", SELLING)
    roles.ship(apps, "sales.lead", INQUIRIES)
    for kind in ("product", "pricebook"):
        roles.ship(apps, f"sales.{kind}", CATALOGUE)
    roles.ship(apps, "sales.target", QUOTAS)


def arrange(apps, _schema_editor):
    """A pipeline to begin with; administrators change it."""
    pipeline = apps.get_model("sales", "Pipeline").objects.create(name="Sales", is_default=True)
    stage, reason = apps.get_model("sales", "Stage"), apps.get_model("sales", "LossReason")
    for order, (name, state, probability, category, days, colour, guidance) in enumerate(STAGES, 1):
        required = ["amount"] if name in ("Proposal", "Negotiation") else []
        stage.objects.create(
            pipeline=pipeline, name=name, order=order, state=state, probability=probability, category=category,
            expected_days=days, colour=colour, guidance=guidance, required=required,
        )  # fmt: skip
    for order, name in enumerate(REASONS, 1):
        reason.objects.create(name=name, order=order, needs_note=name == "Other")


class Migration(migrations.Migration):
    dependencies = [
        ("sales", "0001_from_lead_to_forecast"),
        ("auth", "0012_alter_user_first_name_max_length"),
    ]
    operations = [
        migrations.RunPython(ship, migrations.RunPython.noop),
        migrations.RunPython(arrange, migrations.RunPython.noop),
    ]
