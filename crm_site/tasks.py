"""Tasks of the site itself."""

from celery import shared_task
from django.utils import timezone

from crm_site.core.models import Heartbeat


@shared_task
def tick():
    """Note that beat sent and a worker carried out a task just now."""
    Heartbeat.objects.update_or_create(pk="beat", defaults={"at": timezone.now()})
