"""Processes: started without root's rights, told apart from strangers by their start time, ended politely."""

import ctypes
import os
import signal
import subprocess
import time
from pathlib import Path

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


def start(place, command, *, log, env=None, cwd="/", dies_with_us=None):
    """Start a process under the account of the place, its words in a log file.

    `dies_with_us` is the signal that the kernel sends it when this launcher dies; without one it lives on.
    """

    def before_it_runs():
        # Runs after the change of account, which would clear it.
        if dies_with_us is not None and hasattr(_libc, "prctl"):
            _libc.prctl(PR_SET_PDEATHSIG, int(dies_with_us))

    with log.open("ab") as words:
        return subprocess.Popen(
            [str(part) for part in command],
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=words,
            stderr=words,
            start_new_session=True,
            preexec_fn=before_it_runs,
            **place.account,
        )


def start_time(pid):
    """When a running process began (in ticks since boot), or None when there is none or it is a zombie."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in {"Z", "X"} else int(fields[19])


def works_in(pid, folder):
    """Whether a running process has this folder as its working directory (a server's data directory)."""
    try:
        return start_time(pid) is not None and Path(f"/proc/{pid}/cwd").readlink() == folder
    except OSError:
        return False


def anybody_in(folder):
    """Whether any process still works in this folder."""
    return any(works_in(entry.name, folder) for entry in Path("/proc").iterdir() if entry.name.isdigit())


def end(pid, *, politely, patience=20.0):
    """Ask a process to end, wait, and kill its group when it does not; harmless when it is gone."""
    began = start_time(pid)
    _send(pid, politely)
    deadline = time.monotonic() + patience
    while began is not None and start_time(pid) == began:
        if time.monotonic() > deadline:
            _send(pid, signal.SIGKILL, group=True)
            deadline = float("inf")
        time.sleep(0.02)


def end_orphans(pid):
    """Ask what a dead process of ours left in its group to end: orphans of a web server would keep its address."""
    _send(pid, signal.SIGTERM, group=True)


def _send(pid, number, group=False):
    try:
        if group:
            os.killpg(pid, number)
        else:
            os.kill(pid, number)
    except ProcessLookupError:
        pass
