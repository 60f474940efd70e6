from django.db import migrations

# code, name, what people agree to, whether it needs consent
PURPOSES = [
    ("service", "Service", "You may contact me about what I bought and how it is looked after.", False),
    ("survey", "Satisfaction surveys", "You may ask me by e-mail how satisfied I was with your help.", False),
    (
        "marketing_email",
        "News by e-mail",
        "You may send me news and offers by e-mail. I can stop that at any time.",
        True,
    ),
    ("marketing_phone", "Offers by phone", "You may call me about news and offers. I can stop that at any time.", True),
    ("profiling", "Profiling", "You may study what I buy and read, to show me what could suit me.", True),
    ("sharing", "Sharing with partners", "You may pass my name and address on to your partners near me.", True),
]


def ship(apps, _schema_editor):
    """The purposes that every company starts with; administrators change them as they need."""
    purpose = apps.get_model("customers", "Purpose")
    for number, (code, name, text, needs_consent) in enumerate(PURPOSES, 1):
        values = {"name": name, "text": text, "needs_consent": needs_consent, "order": number * 10}
        purpose.objects.get_or_create(code=code, defaults=values)


class Migration(migrations.Migration):
    dependencies = [("customers", "0007_consents")]
    operations = [migrations.RunPython(ship, migrations.RunPython.noop)]
