"""Runs one command, and sees to it that it does not outlive the process that asked for it.

A process that is killed with `kill -9` can stop nobody. So between it and the command stands this,
small and run as a script: it asks twice a second whether its parent still lives. (A parent that
died is not waited for through a pipe: processes forked off the parent would keep that open. And
Linux's parent-death signal, asked for from the parent itself, would fire as soon as the thread that
started Java ends.)

    python -I -S keeper.py PARENT DIRECTORY COMMAND...

prints the command's process id, hands SIGTERM on to it, and ends with its exit code. If the parent
died, the DIRECTORY is removed in its stead; "" for none.
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
LOOK_EVERY_S = 0.5
GRACE_S = 5.0


def main() -> None:
    """Run the command that the arguments say."""
    parent, directory, command = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
    child = subprocess.Popen(  # noqa: S603 - a command of our parent's
        command,
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr,
        # Ours is one thread here, so that the fork is safe and the signal is the process's.
        preexec_fn=_die_with_keeper if sys.platform == "linux" else None,  # noqa: PLW1509
    )
    signal.signal(signal.SIGTERM, lambda *_: child.terminate())
    print(child.pid, flush=True)  # noqa: T201 - this is how the parent learns it
    threading.Thread(target=_end_with, args=(parent, child), daemon=True).start()
    code = child.wait()
    if directory and os.getppid() != parent:
        shutil.rmtree(directory, ignore_errors=True)
    sys.exit(code if code >= 0 else 128 - code)


def _die_with_keeper() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _end_with(parent: int, child: "subprocess.Popen[bytes]") -> None:
    while os.getppid() == parent:
        time.sleep(LOOK_EVERY_S)
    child.terminate()
    time.sleep(GRACE_S)
    child.kill()


if __name__ == "__main__":
    main()
