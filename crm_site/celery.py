"""Celery: the clock and the hands of the sweeps. The jobs themselves are rows in the database.

A task may be lost or run twice (a broker keeps no promise), so every task is a sweep that looks up
what is due. No result backend, no long countdown: the visibility timeout only covers a killed worker.
"""

import logging.config
import os

from celery import Celery
from celery.schedules import crontab
from celery.signals import setup_logging

from crm_site import environment, logs

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crm_site.settings")

NIGHT = crontab(hour="1", minute="20")
app = Celery("kith", amqp="crm_site.broker:AMQP")
app.conf.update(
    broker_url=environment.broker_url(environment.redis_url()),
    # One second is long for a broker on the same network, and short for the person who waits.
    broker_transport_options={
        "socket_timeout": 5,
        "socket_connect_timeout": 1,
        "max_retries": 0,
        "visibility_timeout": 600,
        "global_keyprefix": os.environ.get("KITH_BROKER_PREFIX", "kith:"),
    },
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    task_publish_retry_policy={"max_retries": 0},
    task_ignore_result=True,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_time_limit=300,
    task_soft_time_limit=270,
    task_serializer="json",
    accept_content=["json"],
    worker_prefetch_multiplier=1,
    worker_max_tasks_per_child=2000,
    worker_hijack_root_logger=False,
    worker_redirect_stdouts=False,
    worker_cancel_long_running_tasks_on_connection_loss=True,
    timezone="UTC",
    # The next turn comes anyway; one that waited longer than two turns is dropped. A reminder passes two of them, one
    # that finds it due and one that mails it, so both come often.
    beat_schedule={
        "tick": {"task": "crm_site.tasks.tick", "schedule": 5.0, "options": {"expires": 10}},
        "jobs": {"task": "crm_site.core.tasks.run_jobs", "schedule": 2.0, "options": {"expires": 4}},
        "old-files": {"task": "crm_site.core.tasks.drop_old_files", "schedule": 3600.0, "options": {"expires": 3600}},
        "kept-mails": {"task": "crm_site.core.tasks.drop_kept_mails", "schedule": 3600.0, "options": {"expires": 3600}},
        "bins": {"task": "crm_site.core.tasks.empty_bins", "schedule": NIGHT, "options": {"expires": 7200}},
        "reminders": {"task": "customers.tasks.send_reminders", "schedule": 5.0, "options": {"expires": 10}},
        "repeats": {"task": "customers.tasks.repeat_tasks", "schedule": 60.0, "options": {"expires": 120}},
        "invitations": {"task": "customers.tasks.send_invitations", "schedule": 10.0, "options": {"expires": 20}},
        "quote-mails": {"task": "sales.tasks.mail_quotes", "schedule": 10.0, "options": {"expires": 20}},
        "quote-ends": {"task": "sales.tasks.expire_quotes", "schedule": 600.0, "options": {"expires": 600}},
        "forecast": {"task": "sales.tasks.keep_forecast", "schedule": 60.0, "options": {"expires": 60}},
        "odds": {"task": "sales.tasks.learn_odds", "schedule": NIGHT, "options": {"expires": 7200}},
        "targets": {"task": "sales.tasks.tell_of_targets", "schedule": 300.0, "options": {"expires": 300}},
        "lead-clocks": {"task": "sales.tasks.run_escalations", "schedule": 60.0, "options": {"expires": 120}},
        "lead-scores": {"task": "sales.tasks.score_leads", "schedule": NIGHT, "options": {"expires": 7200}},
        "case-clocks": {"task": "support.tasks.run_clocks", "schedule": 60.0, "options": {"expires": 120}},
        "webhooks": {"task": "support.tasks.call_webhooks", "schedule": 10.0, "options": {"expires": 20}},
        "case-hours": {"task": "support.tasks.keep_policy_hours", "schedule": 60.0, "options": {"expires": 120}},
        "surveys": {"task": "support.tasks.ask_satisfaction", "schedule": 300.0, "options": {"expires": 600}},
        "presence": {"task": "support.tasks.drop_presence", "schedule": 3600.0, "options": {"expires": 3600}},
        "case-ends": {"task": "support.tasks.close_resolved_cases", "schedule": 600.0, "options": {"expires": 600}},
        "registrations": {
            "task": "support.tasks.expire_registrations",
            "schedule": 3600.0,
            "options": {"expires": 3600},
        },
        "notices": {"task": "crm_site.core.tasks.mail_notifications", "schedule": 5.0, "options": {"expires": 10}},
        "mail-fetch": {"task": "support.tasks.fetch_mail", "schedule": 30.0, "options": {"expires": 60}},
        "mail-read": {"task": "support.tasks.read_mail", "schedule": 5.0, "options": {"expires": 10}},
        "mail-send": {"task": "support.tasks.send_mail", "schedule": 5.0, "options": {"expires": 10}},
        "mail-count": {"task": "support.tasks.reconcile_mail", "schedule": NIGHT, "options": {"expires": 7200}},
    },
)
app.autodiscover_tasks(["crm_site"])
app.autodiscover_tasks()


@setup_logging.connect
def _keep_our_logs(**_options):
    """Celery would bring a format of its own; this is its documented way to keep ours."""
    logging.config.dictConfig(logs.LOGGING)
