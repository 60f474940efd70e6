"""Jobs: claimed once, done in steps, resumed, parked, cancelled; their pages are their owner's only (R27, R28)."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from crm_site.core import jobs
from crm_site.core.models import Job, JobProblem, Notification
from crm_site.core.operations import Refused
from tests.conftest import ROOT


@pytest.fixture
def counting(monkeypatch):
    """A kind of job whose step writes one problem row per piece, ten in all."""

    def piece(job):
        JobProblem.objects.create(job=job, line=job.position, text="piece", outcome="done")
        job.position += 1
        job.counts = {"seen": job.position}
        return job.position == 10

    monkeypatch.setitem(jobs.STEPS, "counting", piece)


def start(user, **fields):
    job = jobs.start_job("counting", "customers.account", user, {})
    Job.objects.filter(pk=job.pk).update(**fields)
    return Job.objects.get(pk=job.pk)


def lines(job):
    return list(job.problems.order_by("pk").values_list("line", flat=True))


@pytest.mark.usefixtures("counting")
def test_a_job_runs_to_its_end_and_tells_its_owner(cast):
    job = start(cast.alice)
    assert jobs.run_due_jobs(5) == 10
    job.refresh_from_db()
    assert (job.state, job.position, job.lease_until) == (Job.DONE, 10, None)
    assert lines(job) == list(range(10))
    assert Notification.objects.get(user=cast.alice).url == f"/jobs/{job.pk}/"
    assert jobs.run_due_jobs(5) == 0


@pytest.mark.usefixtures("counting")
def test_nothing_due_costs_little(cast):
    start(cast.alice, state=Job.DRAFT)
    with CaptureQueriesContext(
        connection,
    ) as seen:
        assert jobs.run_due_jobs(5) == 0
    assert len([q for q in seen if "core_job" in q["sql"]]) <= 2


@pytest.mark.usefixtures("counting")
def test_a_job_with_a_living_worker_is_left_alone_and_one_whose_worker_died_goes_on(cast):
    job = start(cast.alice, state=Job.RUNNING, position=4, lease_until=timezone.now() + timedelta(seconds=9))
    assert jobs.run_due_jobs(5) == 0
    Job.objects.filter(pk=job.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    assert jobs.run_due_jobs(5) == 6
    assert lines(job) == list(range(4, 10))


@pytest.mark.usefixtures("counting")
def test_a_worker_that_lost_its_lease_does_nothing(cast):
    start(cast.alice)
    late = jobs.claim(1)
    Job.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    second = jobs.claim(1)
    assert jobs.run_step(late) is None
    assert jobs.run_step(second).position == 1


@pytest.mark.usefixtures("counting")
def test_a_step_that_fails_leaves_nothing_and_is_parked_after_five_tries(cast, monkeypatch):
    def broken(job):
        JobProblem.objects.create(job=job, line=1, text="half done", outcome="done")
        raise RuntimeError("alice@kith.test")

    monkeypatch.setitem(jobs.STEPS, "counting", broken)
    job, other = start(cast.alice), start(cast.bob)
    for _try in range(5):
        jobs.run_due_jobs(2)
        Job.objects.filter(state=Job.WAITING).update(lease_until=None)
    job.refresh_from_db()
    assert (job.state, job.tries) == (Job.FAILED, 5)
    assert "alice" not in job.error
    assert not lines(job)
    other.refresh_from_db()
    assert other.state == Job.FAILED
    assert Notification.objects.filter(user=cast.alice).count() == 1


def test_a_refusal_ends_the_job_with_its_sentence(cast, monkeypatch):
    def refuse(job):
        raise Refused("The file is no table.")

    monkeypatch.setitem(jobs.STEPS, "counting", refuse)
    job = start(cast.alice)
    jobs.run_due_jobs(2)
    job.refresh_from_db()
    assert (job.state, job.error) == (Job.FAILED, "The file is no table.")


@pytest.mark.usefixtures("counting")
def test_a_job_that_kills_its_worker_is_parked(cast):
    job = start(cast.alice)
    for _death in range(5):
        jobs.claim(1)
        Job.objects.filter(state=Job.RUNNING).update(lease_until=timezone.now() - timedelta(seconds=1))
    jobs.run_due_jobs(2)
    job.refresh_from_db()
    assert job.state == Job.FAILED
    assert job.error


def test_a_step_may_hand_the_job_back_as_a_draft_and_be_queued_again(cast, monkeypatch):
    def check(job):
        job.state = Job.DRAFT
        return True

    monkeypatch.setitem(jobs.STEPS, "counting", check)
    job = start(cast.alice)
    jobs.run_due_jobs(2)
    job.refresh_from_db()
    assert job.state == Job.DRAFT
    assert jobs.queue_job(job, position=0)
    assert not jobs.queue_job(job)


@pytest.mark.usefixtures("counting")
def test_a_cancelled_job_does_no_further_step(cast):
    job = start(cast.alice)
    claimed = jobs.claim(1)
    jobs.run_step(claimed)
    assert jobs.cancel_job(job)
    assert jobs.run_step(Job.objects.get(pk=job.pk)) is None
    assert jobs.run_due_jobs(2) == 0
    assert not jobs.cancel_job(job)
    assert lines(job) == [0]


def test_a_long_job_gives_way_to_the_next(cast, monkeypatch):
    order = []

    def piece(job):
        order.append(job.pk)
        job.position += 1
        return job.position == 3

    monkeypatch.setitem(jobs.STEPS, "counting", piece)
    monkeypatch.setattr(jobs, "SLICE", 0)
    first, second = start(cast.alice), start(cast.alice)
    jobs.run_due_jobs(5)
    assert order[:2] == [first.pk, second.pk]
    assert len(order) == 6


WORKER = """
    import os, sys, time
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    import django
    django.setup()
    from django.conf import settings
    from django.db import connection
    settings.DATABASES["default"]["NAME"] = connection.settings_dict["NAME"] = sys.argv[1]
    from datetime import timedelta
    from crm_site.core import jobs
    from crm_site.core.models import JobProblem
    jobs.LEASE = timedelta(seconds=1)

    @jobs.step("counting")
    def piece(job):
        JobProblem.objects.create(job=job, line=job.position, text="piece", outcome="done")
        job.position += 1
        print("step", flush=True)
        time.sleep(0.05)
        return job.position == 40

    until = time.monotonic() + 20
    while time.monotonic() < until:
        jobs.run_due_jobs(5, at_once=int(sys.argv[2]))
        time.sleep(0.1)
"""


def worker(at_once=1):
    """A worker of its own as a process."""
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(WORKER), connection.settings_dict["NAME"], str(at_once)],
        cwd=ROOT, stdout=subprocess.PIPE, env=os.environ, text=True,
    )  # fmt: skip


def wait_for(condition, seconds=25):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.1)
    return False


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_in_the_middle_loses_and_doubles_nothing(request, monkeypatch):
    cast = request.getfixturevalue("cast")
    monkeypatch.setitem(jobs.STEPS, "counting", None)
    job = start(cast.alice)
    first = worker()
    for _step in range(7):
        first.stdout.readline()
    first.send_signal(signal.SIGKILL)
    first.wait()
    before = len(lines(job))
    assert 0 < before < 40
    second, third = worker(2), worker(2)
    try:
        assert wait_for(lambda: Job.objects.get(pk=job.pk).state == Job.DONE)
    finally:
        for process in (second, third):
            process.kill()
            process.wait()
            process.stdout.close()
        first.stdout.close()
        connections.close_all()
    assert lines(job) == list(range(40))


@pytest.mark.usefixtures("counting")
def test_the_pages_of_a_job_are_its_owners_only(cast, client_of):
    job = start(cast.alice)
    JobProblem.objects.create(job=job, line=3, column="name", text="=1+1", outcome="left", row=["=cmd()", "x"])
    result = ContentFile(b"made", name="made.xlsx")
    job.result_file.save("test.xlsx", result)
    pages = ["", "progress/", "result/", "problems/"]
    for tail in pages:
        assert client_of(cast.bob).get(f"/jobs/{job.pk}/{tail}").status_code == 404
    for verb in ("cancel", "undo"):
        assert client_of(cast.bob).post(f"/jobs/{job.pk}/{verb}/").status_code == 404
    alice = client_of(cast.alice)
    assert b"=1+1" in alice.get(f"/jobs/{job.pk}/").content
    assert alice.get(f"/jobs/{job.pk}/progress/", headers={"hx-request": "true"}).status_code == 200
    assert alice.get("/jobs/").status_code == 200
    answer = alice.get(f"/jobs/{job.pk}/result/")
    assert answer["Content-Disposition"].startswith("attachment")
    assert b"".join(answer) == b"made"
    text = b"".join(alice.get(f"/jobs/{job.pk}/problems/")).decode()
    assert "'=cmd()" in text
    alice.post(f"/jobs/{job.pk}/cancel/")
    assert Job.objects.get(pk=job.pk).state == Job.CANCELLED
    assert client_of(None).get(f"/jobs/{job.pk}/").status_code == 302


def test_files_go_after_a_week(cast, client_of):
    job = Job.objects.create(kind="export", record_kind="customers.account", user=cast.alice, state=Job.DONE,
                             finished_at=timezone.now() - timedelta(days=6))  # fmt: skip
    job.result_file.save("old.xlsx", ContentFile(b"made"))
    assert jobs.drop_old_files() == 0
    Job.objects.update(finished_at=timezone.now() - timedelta(days=8))
    assert jobs.drop_old_files() == 1
    assert jobs.drop_old_files() == 0
    assert client_of(cast.alice).get(f"/jobs/{job.pk}/result/").status_code == 404
