"""Sweeps of sales/: quotes and their mails, leads that nobody answered, scores."""

import logging
import smtplib

from celery import shared_task

from sales import attainment, clocks, forecasting, outbox, scoring
from sales.operations import correcting_rates, quotes  # noqa: F401 - the first one's job must be known to the worker

log = logging.getLogger("kith.mail")


@shared_task
def mail_quotes():
    """Mail the quotes in the outbox; a mail server that is away is asked again next time."""
    try:
        return outbox.mail_due()
    except (OSError, smtplib.SMTPException) as error:
        log.warning("mail server unavailable: %s", type(error).__name__)
        return 0


@shared_task
def expire_quotes():
    """Mark the sent quotes whose last day is over; returns how many."""
    count = 0
    while done := quotes.expire_quotes(by=None):
        count += done
    return count


@shared_task
def keep_forecast():
    """Take the changes of deals into the forecast's sums and odds; returns how many changes."""
    return forecasting.keep_up()


@shared_task
def learn_odds():
    """Learn the odds anew, give them to all open deals, and compare past forecasts with what closed."""
    return forecasting.learn_anew()


@shared_task
def tell_of_targets():
    """Tell who reached half, nine tenths or all of a target; returns how many notifications were made."""
    attainment.learn_sizes(new=True)
    return attainment.tell()


@shared_task
def run_escalations():
    """Tell of leads that nobody answered, and give them to somebody else; returns how many were due."""
    return clocks.run_escalations()


@shared_task
def score_leads():
    """Learn what converts, and score the open leads anew; returns how many."""
    return scoring.score_nightly()
