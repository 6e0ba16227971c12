"""A script that runs one command, and stops it when the parent process is gone.

A process that is killed with `kill -9` cannot stop its children. So this script runs between it and
the command, and checks twice a second whether the parent is alive. A pipe would not do: processes
forked off the parent keep it open. Neither would Linux's parent-death signal set by the parent: it
fires as soon as the thread that started the child ends.

    python -I -S supervisor.py PARENT DIRECTORY COMMAND...

It prints the command's process id, passes SIGTERM on to it, and exits with its exit code. If the
parent died, it removes the DIRECTORY ("" for none).
"""

import ctypes
import os
import shutil
import signal
import subprocess
import sys
import threading
import time

PR_SET_PDEATHSIG = 1
CHECK_EVERY_S = 0.5
GRACE_S = 5.0


def main() -> None:
    """Run the command of the arguments."""
    parent, directory, command = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
    child = subprocess.Popen(  # noqa: S603 - a command of our parent's
        command,
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr,
        # This process has one thread, so the fork is safe and the signal is the process's.
        preexec_fn=_die_with_supervisor if sys.platform == "linux" else None,  # noqa: PLW1509
    )
    signal.signal(signal.SIGTERM, lambda *_: child.terminate())
    print(child.pid, flush=True)  # noqa: T201 - the parent reads it
    threading.Thread(target=_end_with, args=(parent, child), daemon=True).start()
    code = child.wait()
    if directory and os.getppid() != parent:
        shutil.rmtree(directory, ignore_errors=True)
    sys.exit(code if code >= 0 else 128 - code)


def _die_with_supervisor() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _end_with(parent: int, child: "subprocess.Popen[bytes]") -> None:
    while os.getppid() == parent:
        time.sleep(CHECK_EVERY_S)
    child.terminate()
    time.sleep(GRACE_S)
    child.kill()


if __name__ == "__main__":
    main()
