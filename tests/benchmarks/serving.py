"""Starts the servers to be measured, all with the site's own gunicorn settings, and reads what they use."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
ROOT = Path(__file__).resolve().parents[2]


class Server:
    """A gunicorn of two processes on a free port."""

    def __init__(self, application, env):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        command = [
            sys.executable,
            "-m",
            "gunicorn",
            application,
            "-c",
            "python:crm_site.web",
            "-b",
            f"127.0.0.1:{self.port}",
        ]
        # As the site starts it: the code is compiled once and kept.
        env = (
            os.environ
            | env
            | {"PYTHONPYCACHEPREFIX": str(ROOT / ".pytest_cache" / "code"), "PYTHONDONTWRITEBYTECODE": ""}
        )
        began = time.monotonic()
        self.process = subprocess.Popen(command, cwd=ROOT, env=env, stderr=subprocess.DEVNULL)
        self.wait()
        self.seconds = time.monotonic() - began

    def wait(self):
        """Until it answers anything at all."""
        for _attempt in range(600):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/auth/login/", timeout=5)
            except urllib.error.HTTPError:
                return
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise RuntimeError("the server does not answer")

    def children(self):
        """The numbers of its processes."""
        text = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [self.process.pid, *map(int, text.split())]

    def cpu(self):
        """The processor time that its processes used so far, in milliseconds."""
        total = 0
        for pid in self.children():
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            total += int(fields[11]) + int(fields[12])
        return total * 1000 / TICKS

    def memory(self):
        """The largest resident size of a worker, in MB."""
        sizes = []
        for pid in self.children()[1:]:
            line = next(x for x in Path(f"/proc/{pid}/status").read_text().splitlines() if x.startswith("VmRSS"))
            sizes.append(int(line.split()[1]) / 1024)
        return max(sizes)

    def stop(self):
        """End it and its processes."""
        self.process.terminate()
        self.process.wait(30)
