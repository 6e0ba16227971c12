"""A run that must show the system tests, and does not, fails; in several processes as in one."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
NO_KAFKA_NEEDED = "system/test_topics.py::test_no_kafka_is_one_line"


def run(*arguments: str, **environment: str) -> tuple[int, str]:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments),
            *(str(TESTS / "stream/kafka/broker/test_config.py"), str(TESTS / NO_KAFKA_NEEDED)),
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
    code, said = run("-m", "not system")
    assert code == 0
    assert "0 system tests, real Kafka" in said


@pytest.mark.parametrize("processes", ["-n0", "-n2"])
def test_a_run_without_system_tests_fails_where_they_are_asked_for(processes: str) -> None:
    code, said = run(processes, "-m", "not system", GRIDCAST_REQUIRE_SYSTEM="1")
    assert code == pytest.ExitCode.TESTS_FAILED
    assert "0 system tests" in said
    assert "GRIDCAST_REQUIRE_SYSTEM=1 asks for them" in said


def test_what_several_processes_have_run_is_counted() -> None:
    code, said = run("-n2", GRIDCAST_REQUIRE_SYSTEM="1")
    assert code == 0, said
    assert "1 system tests, real Kafka" in said
    assert "asks for them" not in said
