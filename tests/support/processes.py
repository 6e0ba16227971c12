"""Processes that tests start, and how they end."""

import sys
import time
from contextlib import suppress

import psutil

# A run of the tests in the background of a shell has Ctrl-C ignored, and hands that on.
_MAIN = """
import signal
from gridcast.cli.main import main
signal.signal(signal.SIGINT, signal.default_int_handler)
main()
"""
GRIDCAST = [sys.executable, "-c", _MAIN]
"""The console script, as one runs it in a terminal: it heeds Ctrl-C."""


def is_gone(pid: int, within_s: float) -> bool:
    """Tell whether a process has ended by then, whoever was to take note of its end."""
    end = time.monotonic() + within_s
    with suppress(psutil.NoSuchProcess):
        while psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
            if time.monotonic() > end:
                return False
            time.sleep(0.02)
    return True
