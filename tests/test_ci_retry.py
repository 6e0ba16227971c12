"""A test that passes only on the second try is reported by name; one that is broken fails."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

RETRY = Path(__file__).parents[1] / ".ci/retry.py"
PASSES_AT_SECOND_TRY = """
from pathlib import Path

def test_impatient():
    tried = Path("tried")
    is_first = not tried.exists()
    tried.touch()
    assert not is_first
"""
PASSES = "def test_sound(): pass\n"
BROKEN = "def test_broken(): raise ValueError\n"


def run(folder: Path, tests: str, *options: str) -> tuple[int, str, list[str]]:
    """Return the exit code, the output, and the names in the file."""
    (folder / "test_some.py").write_text(tests)
    (folder / "pytest.ini").write_text("[pytest]\n")
    flaky = folder / "flaky-tests.txt"
    pytest_command = (sys.executable, "-m", "pytest", "-p", "xdist.plugin", *options)
    done = subprocess.run(
        [sys.executable, str(RETRY), str(flaky), *pytest_command],
        cwd=folder,
        # The other plugins take seconds.
        env=os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, done.stdout, flaky.read_text().split() if flaky.exists() else []


def test_a_sound_run_runs_once(tmp_path: Path) -> None:
    code, output, flaky = run(tmp_path, PASSES)
    assert code == 0
    assert flaky == []
    assert output.count("test session starts") == 1


def test_a_flaky_test_is_named(tmp_path: Path) -> None:
    code, output, flaky = run(tmp_path, PASSES + PASSES_AT_SECOND_TRY)
    assert code == 0
    assert flaky == ["test_some.py::test_impatient"]
    assert "FLAKY test_some.py::test_impatient" in output


def test_a_broken_test_fails_the_run_and_is_not_flaky(tmp_path: Path) -> None:
    code, output, flaky = run(tmp_path, BROKEN + PASSES_AT_SECOND_TRY)
    assert code == pytest.ExitCode.TESTS_FAILED
    assert flaky == ["test_some.py::test_impatient"]
    assert "FLAKY test_some.py::test_broken" not in output


def test_a_run_that_breaks_off_is_not_repeated(tmp_path: Path) -> None:
    code, _, flaky = run(tmp_path, PASSES, "--no-such-option")
    assert code == pytest.ExitCode.USAGE_ERROR
    assert flaky == []


def test_a_file_that_cannot_be_imported_is_not_flaky(tmp_path: Path) -> None:
    (tmp_path / "test_other.py").write_text("import no_such_module\n")
    code, output, flaky = run(tmp_path, PASSES_AT_SECOND_TRY)
    assert code == pytest.ExitCode.INTERRUPTED
    assert flaky == []
    assert output.count("test session starts") == 1
