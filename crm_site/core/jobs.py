"""Jobs: long work in steps, done by whichever worker is free. The table is the queue, the broker only a clock.

A step does one bounded piece in one transaction in which the job's row is locked and its position moves on, so that a
worker killed at any moment loses and doubles nothing. Between two steps the job is held by a lease; the moment at which
it ends is also the fence: a worker whose lease is no longer the one in the row does nothing.
"""

import gc
import logging
import time
from contextlib import contextmanager
from datetime import timedelta

import pghistory
from django.core.files.storage import default_storage
from django.db import OperationalError, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from crm_site.core.models import Job, Notification
from crm_site.core.operations import Refused

log = logging.getLogger("kith.jobs")

STEPS = {}
# A step holds the row's lock, so the lease only has to outlive the moment between two steps.
LEASE = timedelta(seconds=15)
# After these seconds the next job has its turn: an import of an hour does not keep a small export waiting.
SLICE = 5
TRIES = 5
# Of the two worker processes one stays free for the other sweeps.
AT_ONCE = 1
KEEP = timedelta(days=7)
DUE = (Job.WAITING, Job.RUNNING)
OPEN = (Job.DRAFT, *DUE)
MOVING = [
    "state", "options", "file", "result_file", "total", "position", "counts", "error", "tries", "lease_until",
    "finished_at",
]  # fmt: skip


def step(kind):
    """Register the decorated `function(job) -> finished` as the step of this kind of job.

    It does one piece of at most a second or two, moves `job.position` and `job.counts` on, and returns True when
    nothing is left. It may set `job.state` itself, as to hand the job back as a draft. Refused ends the job at once.
    """

    def decorate(function):
        STEPS[kind] = function
        return function

    return decorate


def start_job(kind, record_kind, user, options, file=None, state=Job.WAITING):
    """Write a job and return it; a worker begins within seconds, unless it is a draft. KeyError: no such kind."""
    STEPS[kind]
    return Job.objects.create(
        kind=kind, record_kind=record_kind, user=user, options=options, file=file or "", state=state
    )


def queue_job(job, **changes):
    """Hand a draft over to the workers, with other fields changed; False when it was no draft any more."""
    return bool(Job.objects.filter(pk=job.pk, state=Job.DRAFT).update(**changes, state=Job.WAITING, lease_until=None))


def change_draft(job, options):
    """Give a draft other options; False when it was handed over meanwhile."""
    job.options = options
    return bool(Job.objects.filter(pk=job.pk, state=Job.DRAFT).update(options=options))


def cancel_job(job):
    """Stop a job before its next step; what was done stays. Returns whether it was still open.

    Raises Refused when the step at work does not end within the lock's time.
    """
    try:
        return bool(
            Job.objects.filter(pk=job.pk, state__in=OPEN).update(
                state=Job.CANCELLED, finished_at=timezone.now(), lease_until=None
            )
        )
    except OperationalError as error:
        raise Refused(_("A long step is at work just now. Try again in a moment.")) from error


def due(now):
    """Waiting jobs whose time has come, and running ones whose worker is gone."""
    return Q(state=Job.WAITING) & (Q(lease_until=None) | Q(lease_until__lte=now)) | Q(
        state=Job.RUNNING, lease_until__lt=now
    )


@transaction.atomic
def claim(at_once, pk=None):
    """The job that waited longest, now ours until its lease ends; None when there is none or enough are at work."""
    now = timezone.now()
    rows = Job.objects.filter(state__in=DUE)
    if pk is None and rows.filter(state=Job.RUNNING, lease_until__gte=now).count() >= at_once:
        return None
    rows = rows.filter(due(now), **({"pk": pk} if pk else {}))
    job = rows.select_for_update(skip_locked=True).order_by(F("lease_until").asc(nulls_first=True), "id").first()
    if job is None:
        return None
    job.tries += job.state == Job.RUNNING
    job.state, job.lease_until = Job.RUNNING, now + LEASE
    if job.tries >= TRIES:
        park(job, _("It was stopped because the worker died each time it was at this place."))
    job.save(update_fields=["state", "lease_until", "tries", "error", "finished_at"])
    return job


def park(job, sentence):
    """Give a job up, visibly; the caller saves it."""
    job.state, job.error, job.lease_until, job.finished_at = Job.FAILED, sentence, None, timezone.now()


@contextmanager
def uncollected():
    """A step makes tens of thousands of objects, none of them in a cycle: looking for some takes a fifth of it."""
    looking = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if looking:
            gc.enable()


def run_step(job):
    """Do the next piece of a claimed job in one transaction; the job as it is now, None when it is no longer ours."""
    with transaction.atomic():
        rows = Job.objects.select_for_update(of=("self",)).select_related("user")
        current = rows.filter(pk=job.pk, state=Job.RUNNING, lease_until=job.lease_until).first()
        if current is None:
            return None
        door = "import" if current.kind == "import" else "worker"
        operation = current.options.get("operation") or f"{current.kind}_records"
        with uncollected(), pghistory.context(user=current.user_id, door=door, operation=operation, job=current.pk):
            finished = STEPS[current.kind](current)
        settle(current, finished=finished)
        return current


def settle(job, *, finished):
    """Write where the job stands after a step, with the lease renewed."""
    now = timezone.now()
    if job.state == Job.RUNNING and finished:
        job.state = Job.DONE
    job.lease_until = now + LEASE if job.state == Job.RUNNING else None
    job.finished_at = now if job.state == Job.DONE else None
    job.tries = 0
    job.save(update_fields=MOVING)


def stumble(job, error):
    """After a step that failed and was rolled back: try again a little later, or park the job."""
    log.error("step of job %s (%s) failed", job.pk, job.kind, exc_info=error)
    with transaction.atomic():
        rows = Job.objects.select_for_update().filter(pk=job.pk, state=Job.RUNNING, lease_until=job.lease_until)
        current = rows.first()
        if current is None:
            return
        current.tries += 1
        if isinstance(error, Refused):
            park(current, str(error))
        elif current.tries >= TRIES:
            park(current, _("It was stopped after five tries, by an error of the program. The error is in the log."))
        else:
            current.state = Job.WAITING
            current.lease_until = timezone.now() + timedelta(seconds=2**current.tries - 1)
        current.save(update_fields=["state", "tries", "error", "lease_until", "finished_at"])
    tell(current)


def run_slice(job, until):
    """Do steps of a claimed job until it ends or `until` (monotonic seconds) has come; the number of steps done."""
    steps = 0
    while job is not None and job.state == Job.RUNNING:
        if steps and time.monotonic() >= until:
            let_go(job)
            break
        try:
            after = run_step(job)
        except Exception as error:  # noqa: BLE001 - whatever a step raises must not stop the queue
            stumble(job, error)
            break
        steps += after is not None
        job = after
    return steps


def let_go(job):
    """Put a job back behind the others that wait."""
    rows = Job.objects.filter(pk=job.pk, state=Job.RUNNING, lease_until=job.lease_until)
    rows.update(state=Job.WAITING, lease_until=timezone.now())


def run_due_jobs(seconds=20, at_once=AT_ONCE):
    """The sweep: jobs in turn, step by step, until none is due or the seconds are over; the number of steps done."""
    until, steps = time.monotonic() + seconds, 0
    while time.monotonic() < until and (job := claim(at_once)):
        steps += run_slice(job, min(until, time.monotonic() + SLICE))
        tell(Job.objects.get(pk=job.pk))
    return steps


def run_now(job, seconds=5):
    """Do a waiting job at once, for as long as a page may take; what is left then is done by a worker."""
    claimed = claim(AT_ONCE, pk=job.pk)
    if claimed:
        run_slice(claimed, time.monotonic() + seconds)
    job.refresh_from_db()
    return job


def tell(job):
    """Notify the user, once, that a job of theirs has ended."""
    words = {Job.DONE: _("Your %(what)s is ready."), Job.FAILED: _("Your %(what)s was stopped by an error.")}
    if job.state in words:
        text = words[job.state] % {"what": job.kind}
        Notification.objects.get_or_create(
            user_id=job.user_id, key=f"job-{job.pk}", defaults={"text": text, "url": f"/jobs/{job.pk}/"}
        )


def drop_old_files(limit=200):
    """Remove the files of jobs that ended a week ago; the number of jobs cleaned."""
    rows = Job.objects.filter(finished_at__lt=timezone.now() - KEEP)
    jobs = list(rows.exclude(Q(file="", result_file="") & ~Q(options__has_key="parts"))[:limit])
    for job in jobs:
        for part in job.options.pop("parts", ()):
            default_storage.delete(part)
        job.file.delete(save=False)
        job.result_file.delete(save=False)
        job.save(update_fields=["file", "result_file", "options"])
    return len(jobs)
