"""What the launcher says."""

import os
import sys
import time

_began = float(os.environ.setdefault("KITH_BEGAN", str(time.time())))


class Trouble(Exception):
    """Something the person at the terminal can mend; its text is the whole message."""


def say(text):
    """Print one step with the seconds since the command began."""
    sys.stdout.write(f"[{time.time() - _began:5.1f} s] {text}\n")
    sys.stdout.flush()


def whisper(text):
    """Print to standard error, so that the output of a command stays its own."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def tail(path, lines=15):
    """The last lines of a log file, or nothing when there is none."""
    try:
        return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])
    except OSError:
        return ""
