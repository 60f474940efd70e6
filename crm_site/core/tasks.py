"""Sweeps of the core: each looks up what is due and calls one function for it."""

from celery import shared_task

from crm_site.core import jobs


@shared_task
def run_jobs():
    """Go on with imports, exports and changes of many records."""
    jobs.run_due_jobs()


@shared_task
def drop_old_files():
    """Remove the files of jobs that ended a week ago."""
    jobs.drop_old_files()
