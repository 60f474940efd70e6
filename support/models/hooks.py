"""Webhooks: addresses of other systems that are told of an escalation, and what was delivered to them."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm_site.core.models import rule


class Webhook(models.Model):
    """An https address that escalation steps post to; an administrator sets it."""

    name = models.CharField(_("name"), max_length=100)
    url = models.CharField(_("address"), max_length=500)
    is_active = models.BooleanField(_("in use"), default=True)

    class Meta:
        verbose_name = _("webhook")
        verbose_name_plural = _("webhooks")
        ordering = ["name", "id"]
        constraints = [rule("webhook_is_https", models.Q(url__startswith="https://"))]

    def __str__(self):
        return self.name


class WebhookDelivery(models.Model):
    """One thing to tell a webhook, once per key: tried when `due`, which is empty when it arrived or was given up.

    `status` is what the other side answered last.
    """

    webhook = models.ForeignKey(Webhook, models.CASCADE, related_name="deliveries", verbose_name=_("webhook"))
    key = models.CharField(max_length=120)
    body = models.JSONField(_("what is told"))
    created_at = models.DateTimeField(_("made"), default=timezone.now)
    due = models.DateTimeField(_("next try"), null=True, default=timezone.now)
    tries = models.PositiveSmallIntegerField(_("tries"), default=0)
    status = models.PositiveSmallIntegerField(_("answer"), null=True)
    delivered_at = models.DateTimeField(_("arrived"), null=True)
    error = models.CharField(_("trouble"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("delivery to a webhook")
        verbose_name_plural = _("deliveries to webhooks")
        constraints = [models.UniqueConstraint(fields=["webhook", "key"], name="webhook_told_once")]
        indexes = [models.Index(fields=["due"], name="webhook_due_ix", condition=models.Q(due__isnull=False))]

    def __str__(self):
        return self.key
