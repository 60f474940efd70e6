"""Sweeps of the core: each looks up what is due and calls one function for it."""

import logging
import smtplib

from celery import shared_task
from django.conf import settings

from crm_site.core import bins, jobs, notifications, outbox

log = logging.getLogger("kith.mail")


@shared_task
def run_jobs():
    """Go on with imports, exports and changes of many records."""
    jobs.run_due_jobs()


@shared_task
def drop_old_files():
    """Remove the files of jobs that ended a week ago."""
    jobs.drop_old_files()


@shared_task
def drop_kept_mails():
    """Remove mails that are kept because no server takes them, once they are old or many."""
    return outbox.drop_kept_mails(settings.KEPT_MAIL)


@shared_task
def empty_bins():
    """Let go for good what was deleted long ago."""
    return bins.empty_bins()


@shared_task
def mail_notifications():
    """Mail the notifications that are due; a mail server that is away is asked again next time."""
    try:
        return notifications.mail_due()
    except (OSError, smtplib.SMTPException) as error:
        log.warning("mail server unavailable: %s", type(error).__name__)
        return 0
