"""Mails without a mail server: kept as files, one a letter, for a while and not for ever."""

import os
import time
from datetime import timedelta

import pytest

from crm_site.core import notifications, outbox
from crm_site.core.tasks import drop_kept_mails


@pytest.fixture
def kept(settings, tmp_path):
    """The folder that mails are kept in."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = str(tmp_path)
    settings.KEPT_MAIL = tmp_path
    return tmp_path


def test_a_sweep_calls_no_mail_server_before_it_has_a_mail(cast, kept):
    """Sweeps come every few seconds: one that opens what it does not need makes a sign-in, or an empty file, each."""
    assert notifications.mail_due() == 0
    assert list(kept.iterdir()) == []
    notifications.notify(
        [{"user_id": cast.alice.pk, "text": "Ring", "url": "", "key": f"k{number}"} for number in "12"]
    )
    assert notifications.mail_due() == 2
    (file,) = kept.iterdir()
    assert file.read_text().count("Subject: Ring") == 2


def test_kept_mails_are_dropped_when_old_or_many(kept, monkeypatch):
    """The newest stay; what is no mail is left alone, as is a folder that was never made."""
    monkeypatch.setattr(outbox, "MOST_KEPT", 3)
    for age in range(5):
        mail = kept / f"{age}.log"
        mail.touch()
        os.utime(mail, (time.time() - age, time.time() - age))
    long_ago = time.time() - (outbox.KEPT + timedelta(hours=1)).total_seconds()
    (kept / "note.txt").touch()
    for name in ("1.log", "note.txt"):
        os.utime(kept / name, (long_ago, long_ago))
    assert drop_kept_mails() == 2
    assert sorted(file.name for file in kept.iterdir()) == ["0.log", "2.log", "3.log", "note.txt"]
    assert outbox.drop_kept_mails(kept / "missing") == 0
