"""Sweeps of customers/: reminders, invitations and questions for consent."""

import logging
import smtplib

from celery import shared_task

from customers import outbox

log = logging.getLogger("kith.mail")


@shared_task
def send_reminders():
    """Make the notifications of all reminders that are due; returns how many."""
    return outbox.remind_due()


@shared_task
def repeat_tasks():
    """Make the next ones of tasks that come again by date; returns how many."""
    return outbox.repeat_all()


@shared_task
def send_invitations():
    """Mail the invitations and the questions for consent that are due; a mail server that is away is asked again."""
    try:
        return outbox.invite_due() + outbox.ask_due()
    except (OSError, smtplib.SMTPException) as error:
        log.warning("mail server unavailable: %s", type(error).__name__)
        return 0
