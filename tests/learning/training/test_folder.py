import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gridcast.learning.training.folder import RunFolder, RunRecorder, RunState, Status, all_runs
from gridcast.stream.errors import UserError

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def _begin(runs: Path) -> RunFolder:
    folder = RunFolder.create(runs, "town", NOON)
    folder.begin(Status(run=folder.run, state=RunState.RUNNING, started=NOON))
    return folder


def _at_noon() -> datetime:
    return NOON


def test_two_runs_of_one_second_get_folders_of_their_own(tmp_path: Path) -> None:
    first, second = _begin(tmp_path), _begin(tmp_path)
    assert first.run == "20260101-120000-town"
    assert second.run == "20260101-120000-town-2"
    assert [one.run for one in all_runs(tmp_path)] == [first.run, second.run]


def test_a_run_that_ends_well_is_done(tmp_path: Path) -> None:
    folder = _begin(tmp_path)
    with RunRecorder(folder, _at_noon):
        assert folder.is_held
        state = folder.status.state
        assert state is RunState.RUNNING
    assert folder.status.state is RunState.DONE
    assert folder.status.ended == NOON


def test_a_run_that_fails_says_why_and_where(tmp_path: Path) -> None:
    folder = _begin(tmp_path)
    with pytest.raises(ZeroDivisionError), RunRecorder(folder, _at_noon):
        _ = 1 / 0
    status = folder.status
    assert status.state is RunState.FAILED
    assert status.why == "ZeroDivisionError: division by zero"
    assert "test_folder.py" in (status.traceback or "")


def test_an_interrupted_run_says_so(tmp_path: Path) -> None:
    folder = _begin(tmp_path)
    with pytest.raises(KeyboardInterrupt), RunRecorder(folder, _at_noon):
        raise KeyboardInterrupt
    assert folder.status.state is RunState.INTERRUPTED


def test_a_run_whose_process_was_killed_is_not_taken_for_running(tmp_path: Path) -> None:
    folder = _begin(tmp_path)
    status = folder.status
    assert status.state is RunState.INTERRUPTED
    assert "killed" in (status.why or "")


HOLDER = """
import sys
from pathlib import Path
from gridcast.learning.training.folder import RunFolder
folder = RunFolder(Path(sys.argv[1]))
folder.hold()
print("held", flush=True)
sys.stdin.read()
"""


def test_a_run_belongs_to_one_process_at_a_time(tmp_path: Path) -> None:
    folder = _begin(tmp_path)
    command = [sys.executable, "-c", HOLDER, str(folder.path)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        state = folder.status.state
        assert state is RunState.RUNNING
        with pytest.raises(UserError, match="another process holds"):
            folder.hold()
        holder.communicate()
    assert folder.status.state is RunState.INTERRUPTED


def test_a_file_is_written_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = _begin(tmp_path)
    folder.write("checkpoints/last.pt", b"old")

    def fail(_: int) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(OSError, match="disk full"):
        folder.write("checkpoints/last.pt", b"new")
    assert folder.read("checkpoints/last.pt") == b"old"
    assert [one.name for one in (folder.path / "checkpoints").iterdir()] == ["last.pt"]


def test_a_run_is_found_by_its_id_its_folder_or_as_the_last(tmp_path: Path) -> None:
    first, second = _begin(tmp_path), _begin(tmp_path)
    assert RunFolder.find(tmp_path, first.run).run == first.run
    assert RunFolder.find(tmp_path / "elsewhere", str(first.path)).run == first.run
    assert RunFolder.find(tmp_path, "last").run == second.run
    with pytest.raises(UserError, match="there is no run 'other'"):
        RunFolder.find(tmp_path, "other")
    with pytest.raises(UserError, match="there is no run in"):
        RunFolder.find(tmp_path / "elsewhere", "last")


@pytest.mark.parametrize("name", ["", "../up", "a b", ".hidden", "x" * 65])
def test_a_name_that_is_no_name_of_a_folder_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError, match="a run's name"):
        RunFolder.create(tmp_path, name, NOON)
