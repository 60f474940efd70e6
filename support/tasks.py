"""What support/ does by the clock."""

from celery import shared_task

from support.operations.cases import close_resolved


@shared_task(ignore_result=True)
def close_resolved_cases():
    """Close the resolved cases whose time has come."""
    return close_resolved(by=None)
