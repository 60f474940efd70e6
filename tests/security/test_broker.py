"""R27: the broker refused, frozen or emptied: pages do not notice, and what waits is done once when it is back."""

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from datetime import timedelta
from urllib.parse import quote

import kombu
import pytest
import redis
from django.db import connection
from django.utils import timezone

from crm_site.celery import app
from crm_site.core import notifications
from crm_site.core.bulk import start_bulk_change
from crm_site.core.models import BulkChange, Heartbeat, Job, Notification
from crm_site.environment import broker_url
from crm_site.launcher import services
from crm_site.tasks import tick
from customers.kinds import ACCOUNTS
from customers.models import Account, Activity
from tests.architecture.samples import filled
from tests.conftest import APPS, ROOT, signed_in
from tests.factories import AccountFactory, ContactFactory
from tests.platform.conftest import PACKAGES, place, state  # noqa: F401 - fixtures

BACK_WITHIN = 30
WAITING = 12


@contextmanager
def counted(monkeypatch):
    """Every attempt of this process to reach a broker, as a list."""
    tries, connect = [], redis.connection.AbstractConnection.connect

    def counting(self, *given, **more):
        tries.append(self)
        return connect(self, *given, **more)

    with monkeypatch.context() as patch:
        patch.setattr(redis.connection.AbstractConnection, "connect", counting)
        yield tries


@pytest.fixture
def valkey(place):  # noqa: F811
    """A broker of this test alone; returns its place."""
    services.start(place, services.programs(place, PACKAGES), "valkey")
    yield place
    pid = services.running_pid(place, "valkey")
    if pid:
        os.kill(pid, signal.SIGCONT)


def address(place):  # noqa: F811
    """Where that broker listens."""
    return f"unix://{place.state}/run/valkey.sock?db=0"


def writes(cast):
    """Each sort of write through the pages: (name, answer)."""
    client = signed_in(cast.alice)
    account, contact = AccountFactory(owner=cast.alice), ContactFactory(owner=cast.alice)
    yield "create", client.post("/accounts/new/", filled(ACCOUNTS, cast.alice))
    yield (
        "cell",
        client.post(f"/accounts/{account.pk}/cell/industry/", {"industry": "Mining", "version": account.version}),
    )
    yield "delete", client.post(f"/accounts/{account.pk}/delete/", {"confirm": "on"})
    yield "restore", client.post(f"/accounts/{account.pk}/restore/")
    yield "theme", client.post("/me/theme/", {"theme": "dark"})
    yield "watch the bell", client.get("/notifications/")
    task = {
        "kind": "task",
        "subject": "Ring",
        "status": "open",
        "at": timezone.now().isoformat(),
        "regarding": f"contact-{contact.pk}",
    }
    yield "activity", client.post("/activities/new/", task)
    yield "export", signed_in(cast.rita).post("/accounts/export/", {"format": "csv", "columns": "name"})
    bulk = {"action": "edit", "row": [account.pk], "query": ""}
    yield "bulk", signed_in(cast.rita).post("/accounts/bulk/", bulk)
    yield "test mail", signed_in(cast.rita).post("/start/", {"step": "mail"})
    yield "sign out", client.post("/auth/logout/")


@pytest.mark.django_db
@pytest.mark.parametrize("trouble", ["refused", "frozen", "emptied"])
def test_r27_no_page_speaks_to_the_broker(cast, settings, monkeypatch, valkey, trouble):
    """Every sort of write is answered, and no request so much as opens a connection: nothing can be added to its time."""
    settings.REDIS_URL = address(valkey)
    pid = services.running_pid(valkey, "valkey")
    if trouble == "refused":
        services.stop(valkey, "valkey")
    elif trouble == "frozen":
        os.kill(pid, signal.SIGSTOP)
    else:
        redis.Redis.from_url(address(valkey)).flushall()
    with counted(monkeypatch) as tries:
        answers = dict(writes(cast))
    assert not tries
    assert {name: answer.status_code for name, answer in answers.items() if answer.status_code >= 400} == {}


@pytest.mark.django_db
def test_r27_control_a_task_sent_from_a_page_is_counted(cast, monkeypatch, valkey):
    """Were a task sent while a page is made, the count would show it, and a frozen broker would hold the page up."""
    os.kill(services.running_pid(valkey, "valkey"), signal.SIGSTOP)
    unread = notifications.unread_count

    def sends_a_task(user):
        with app.connection_for_write(broker_url(address(valkey))) as broker, suppress(Exception):
            tick.apply_async(connection=broker, retry=False)
        return unread(user)

    monkeypatch.setattr(notifications, "unread_count", sends_a_task)
    with counted(monkeypatch) as tries:
        began = time.monotonic()
        signed_in(cast.alice).get("/notifications/")
    assert tries
    assert time.monotonic() - began > 1


def test_r27_only_the_clock_sends_tasks():
    """No code of ours hands a task over: the rows in the database are the queue."""
    sending = [
        f"{path.relative_to(ROOT)}:{number}"
        for folder in APPS
        for path in sorted((ROOT / folder).rglob("*.py"))
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if any(word in line for word in (".delay(", "apply_async(", "send_task("))
    ]
    assert not sending


def test_r27_what_the_broker_cannot_be_told_of_holds_no_place(valkey):
    """A task that ended while the broker was away makes room for the next, or a worker would one day take none."""
    with app.connection_for_read(broker_url(address(valkey))) as connected:
        channel = connected.default_channel
        channel.basic_qos(0, 1, False)
        queue = kombu.Queue("places", channel=channel)
        queue.declare()
        connected.Producer().publish("a task", routing_key=queue.name)
        task = queue.get()
        assert not channel.qos.can_consume()
        services.stop(valkey, "valkey")
        with pytest.raises(connected.recoverable_connection_errors):
            task.ack()
        assert channel.qos.can_consume()


def test_r27_a_broker_is_asked_for_every_second(valkey, monkeypatch):
    """However long it is away: what waited longer each time would be half a minute late at last."""
    services.stop(valkey, "valkey")
    waits = []
    monkeypatch.setattr("kombu.utils.functional.sleep", waits.append)
    with (
        app.connection_for_write(broker_url(address(valkey))) as connected,
        pytest.raises(kombu.exceptions.OperationalError),
    ):
        connected.ensure_connection(max_retries=40)
    assert len(list(filter(None, waits))) == 40
    assert max(waits) == 1


@pytest.fixture
def workers(valkey):
    """A worker and a clock on that broker and on the database of this test; mails become files in the folder returned."""
    mails = valkey.state.parent / "mails"
    mails.mkdir()
    own = connection.settings_dict
    host = quote(own["HOST"], safe="")
    env = os.environ | {
        "DATABASE_URL": f"postgresql:///{own['NAME']}?host={host}&user={own['USER']}" + (f"&port={own['PORT']}" if own["PORT"] else ""),
        "REDIS_URL": address(valkey), "EMAIL_URL": f"file://{mails}", "DJANGO_SETTINGS_MODULE": "crm_site.settings",
        "KITH_BASE_URL": "http://localhost", "KITH_BROKER_PREFIX": "kith:", "KITH_MEDIA_ROOT": str(mails.parent / "media"),
    }  # fmt: skip
    celery = [sys.executable, "-m", "celery", "--quiet", "-A", "crm_site.celery"]
    log = (valkey.state.parent / "workers.log").open("ab")
    started = [
        subprocess.Popen([*celery, *more], cwd=ROOT, env=env, stdout=log, stderr=log)
        for more in (["worker", "-c", "2", "-l", "INFO", "--without-gossip", "--without-mingle"],
                     ["beat", "-l", "INFO", "--pidfile=", "-S", "celery.beat:Scheduler"])
    ]  # fmt: skip
    yield mails
    for process in started:
        process.kill()
    for process in started:
        process.wait()
    log.close()


def until(answer, seconds, what):
    """Wait for something to hold; returns after how many seconds it did."""
    began = time.monotonic()
    while not answer():
        assert time.monotonic() - began < seconds, f"{what}: not within {seconds} s"
        time.sleep(0.2)
    return time.monotonic() - began


def leave_work(cast, turn):
    """Jobs and notifications as pages leave them; returns the jobs."""
    made = []
    for n in range(WAITING):
        account = AccountFactory(owner=cast.alice, name=f"Turn {turn} account {n}")
        options = {"action": "edit", "query": "", "ids": [account.pk], "values": {"industry": f"turn {turn}"}}
        made.append(start_bulk_change(ACCOUNTS, options, by=cast.rita))
    rows = [
        {"user_id": cast.alice.pk, "text": f"Turn {turn} news {n}", "url": "/", "key": f"{turn}-{n}"}
        for n in range(WAITING)
    ]
    notifications.notify(rows)
    Activity.objects.unscoped("a reminder").create(
        kind="task",
        status="open",
        subject=f"Turn {turn} reminder",
        at=timezone.now(),
        owner=cast.alice,
        remind_at=timezone.now(),
    )
    return made


def still_waiting():
    """How much is not done yet, of all the turns so far.

    Reminders are counted first: one that is told of meanwhile is then still found among the mails not sent.
    """
    reminders = Activity.objects.unscoped("reminders").filter(reminded_at=None, remind_at__isnull=False).count()
    unsent = Notification.objects.filter(text__contains="Turn", mailed_at=None).count()
    open_jobs = Job.objects.exclude(state=Job.DONE).count()
    return open_jobs + unsent + reminders


def check_once(mails, turns):
    """Nothing of what was left is lost or done twice."""
    sent = [line for path in mails.iterdir() for line in path.read_text().splitlines() if line.startswith("Message-ID")]
    assert len(sent) == len(set(sent))
    texts = "".join(path.read_text() for path in mails.iterdir())
    for turn in turns:
        for n in range(WAITING):
            assert texts.count(f"Subject: Turn {turn} news {n}\n") == 1, (turn, n)
        assert sum(f"Turn {turn} reminder" in line for line in texts.splitlines() if line.startswith("Subject")) == 1
        changed = Account.objects.unscoped("all").filter(name__startswith=f"Turn {turn} ")
        assert [account.version for account in changed] == [2] * WAITING
        assert {account.industry for account in changed} == {f"turn {turn}"}
    assert BulkChange.objects.count() == WAITING * len(turns)
    assert all(job.tries == 0 and job.counts.get("changed") == 1 for job in Job.objects.all())


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_r27_what_waits_is_done_once_when_the_broker_is_back(cast, valkey, workers, record_property):
    """Frozen, killed and emptied while work is left: all of it is done within half a minute of the return."""
    until(lambda: Heartbeat.objects.filter(at__gt=timezone.now() - timedelta(seconds=30)).exists(), 60, "no tick")
    took = {}
    os.kill(services.running_pid(valkey, "valkey"), signal.SIGSTOP)
    leave_work(cast, "frozen")
    time.sleep(8)
    os.kill(services.running_pid(valkey, "valkey"), signal.SIGCONT)
    took["frozen"] = until(lambda: not still_waiting(), BACK_WITHIN, "after the freeze")
    services.stop(valkey, "valkey")
    leave_work(cast, "refused")
    time.sleep(8)
    services.start(valkey, services.programs(valkey, PACKAGES), "valkey")
    took["refused"] = until(lambda: not still_waiting(), BACK_WITHIN, "after the stop")
    leave_work(cast, "emptied")
    for _turn in range(10):
        redis.Redis.from_url(address(valkey)).flushall()
        time.sleep(0.2)
    took["emptied"] = until(lambda: not still_waiting(), BACK_WITHIN, "after the flush")
    check_once(workers, ["frozen", "refused", "emptied"])
    record_property("seconds until all was done", took)


def test_r27_control_a_queue_in_the_broker_is_lost(valkey):
    """What stands only in the broker is gone after it was emptied: the reason why rows in the database are the queue."""
    broker = redis.Redis.from_url(address(valkey))
    broker.lpush("celery", *range(100))
    broker.flushall()
    assert broker.llen("celery") == 0
