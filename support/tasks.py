"""What support/ does by the clock."""

from celery import shared_task

from support import sweep
from support.operations.cases import close_resolved
from support.operations.policies import keep_hours
from support.operations.surveys import ask


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
