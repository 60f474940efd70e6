#!/usr/bin/env python3
"""The one door: `up`, `test`, `prepare`, `backup FILE`, `restore FILE`, `psql`, and every Django command."""

import sys
from pathlib import Path

if sys.version_info < (3, 11):
    sys.exit("Kith needs Python 3.11 or newer; this is Python {}.{}.".format(*sys.version_info[:2]))

from crm_site.launcher.commands import main

if __name__ == "__main__":
    sys.exit(main(Path(__file__).resolve().parent, sys.argv[1:]))
