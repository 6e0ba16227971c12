"""Run a pytest command, and run once more, alone, what failed.

usage: python .ci/retry.py FLAKY-FILE COMMAND [ARGUMENT ...]

Two cores that run Kafka, workers and a browser at once sometimes keep a test waiting past its
limit. A test that passes on the second try is flaky: its name is printed and appended to
FLAKY-FILE. The exit code is that of the last run.
"""

import json
import subprocess
import sys
from pathlib import Path

LAST_FAILED = Path(".pytest_cache/v/cache/lastfailed")
TESTS_FAILED = 1
ONLY_FAILED = ("--last-failed", "--last-failed-no-failures", "none", "-n", "0")


def last_failed() -> set[str]:
    """Return the ids of the tests that failed when they last ran."""
    return set(json.loads(LAST_FAILED.read_text())) if LAST_FAILED.is_file() else set()


def main(flaky_file: Path, command: list[str]) -> int:
    """Run the command, at most twice; return the last exit code."""
    LAST_FAILED.unlink(missing_ok=True)  # of former runs
    code = subprocess.run(command, check=False).returncode  # noqa: S603
    failed = last_failed()
    if code != TESTS_FAILED or not failed:  # a run that broke off would break off again
        return code
    print(f"\n=== {len(failed)} failed: once more, on a quiet machine", flush=True)
    code = subprocess.run([*command, *ONLY_FAILED], check=False).returncode  # noqa: S603
    flaky = sorted(failed - last_failed()) if code in {0, TESTS_FAILED} else []
    with flaky_file.open("a") as file:
        file.writelines(f"{name}\n" for name in flaky)
    for name in flaky:
        print(f"FLAKY {name}", flush=True)
    return code


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
