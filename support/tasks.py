"""What support/ does by the clock."""

import logging
import smtplib
from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from support import hooks, sweep
from support.mail import fetching, intake, reconciling, sending
from support.operations import registrations
from support.operations.cases import close_resolved
from support.operations.desk import forget_presence
from support.operations.policies import keep_hours
from support.operations.surveys import ask

log = logging.getLogger("kith.mail")


@shared_task(ignore_result=True)
def close_resolved_cases():
    """Close the resolved cases whose time has come."""
    return close_resolved(by=None)


@shared_task(ignore_result=True)
def run_clocks():
    """Tell of promises that are about to break or broke, and escalate; returns the number of events."""
    return sweep.sweep()


@shared_task(ignore_result=True)
def keep_policy_hours():
    """Let new clocks go by working hours as they are now; returns the number of levels that got a version."""
    return keep_hours(by=None)


@shared_task(ignore_result=True)
def ask_satisfaction():
    """Ask how satisfied customers were with what was resolved."""
    return ask(by=None)


@shared_task
def fetch_mail():
    """Read the mailboxes; returns how many mails came."""
    return fetching.fetch_due()


@shared_task
def read_mail():
    """Put the mails that came on their cases; returns how many were tried."""
    return intake.process_due()


@shared_task
def send_mail():
    """Send the mails about cases; a mail server that is away is asked again next time."""
    try:
        return sending.mail_due()
    except (OSError, smtplib.SMTPException) as error:
        log.warning("mail server unavailable: %s", type(error).__name__)
        return 0


@shared_task
def reconcile_mail():
    """Count the mailboxes against what is stored; returns how many folders."""
    return len(reconciling.reconcile_all())


@shared_task(ignore_result=True)
def call_webhooks():
    """Post to webhooks what they are to be told; returns how many messages arrived."""
    return hooks.deliver_due()


@shared_task(ignore_result=True)
def expire_registrations():
    """End the protection of deal registrations whose last day is over; returns how many."""
    count = 0
    while done := registrations.expire_registrations(by=None):
        count += done
    return count


@shared_task(ignore_result=True)
def drop_presence():
    """Remove what browsers that went away without a word left behind."""
    return forget_presence(timezone.now() - timedelta(hours=1), by=None)
