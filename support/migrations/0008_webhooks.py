"""Webhooks that escalation steps call, and what was delivered to them."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("support", "0007_more_ways_to_look"),
    ]

    operations = [
        migrations.CreateModel(
            name="Webhook",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=100, verbose_name="name")),
                ("url", models.CharField(max_length=500, verbose_name="address")),
                ("is_active", models.BooleanField(default=True, verbose_name="in use")),
            ],
            options={
                "verbose_name": "webhook",
                "verbose_name_plural": "webhooks",
                "ordering": ["name", "id"],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("url__startswith", "https://")), name="webhook_is_https")
                ],
            },
        ),
        migrations.CreateModel(
            name="WebhookDelivery",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=120)),
                ("body", models.JSONField(verbose_name="what is told")),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="made")),
                ("due", models.DateTimeField(default=django.utils.timezone.now, null=True, verbose_name="next try")),
                ("tries", models.PositiveSmallIntegerField(default=0, verbose_name="tries")),
                ("status", models.PositiveSmallIntegerField(null=True, verbose_name="answer")),
                ("delivered_at", models.DateTimeField(null=True, verbose_name="arrived")),
                ("error", models.CharField(blank=True, max_length=200, verbose_name="trouble")),
                (
                    "webhook",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="deliveries",
                        to="support.webhook",
                        verbose_name="webhook",
                    ),
                ),
            ],
            options={
                "verbose_name": "delivery to a webhook",
                "verbose_name_plural": "deliveries to webhooks",
                "indexes": [
                    models.Index(condition=models.Q(("due__isnull", False)), fields=["due"], name="webhook_due_ix")
                ],
                "constraints": [models.UniqueConstraint(fields=("webhook", "key"), name="webhook_told_once")],
            },
        ),
    ]
