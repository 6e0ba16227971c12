"""A run that must show the system tests, and does not, fails."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]


def run(**environment: str) -> tuple[int, str]:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-m", "not system"),
            *(str(TESTS / "stream/broker/test_config.py"), str(TESTS / "system/broker")),
        ],
        cwd=TESTS.parent,
        env={k: v for k, v in os.environ.items() if k != "GRIDCAST_REQUIRE_SYSTEM"} | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, done.stdout


def test_a_run_without_system_tests_says_so() -> None:
    code, said = run()
    assert code == 0
    assert "0 system tests, real Kafka" in said


def test_a_run_without_system_tests_fails_where_they_are_asked_for() -> None:
    code, said = run(GRIDCAST_REQUIRE_SYSTEM="1")
    assert code == pytest.ExitCode.TESTS_FAILED
    assert "0 system tests" in said
    assert "GRIDCAST_REQUIRE_SYSTEM=1 asks for them" in said
