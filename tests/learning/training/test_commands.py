import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from gridcast.cli import main
from gridcast.cli import train as command
from gridcast.learning.training.config import Config, parse_config
from gridcast.learning.training.folder import RunFolder, RunState
from gridcast.stream.errors import UserError

Make = Callable[..., Any]
needs_extra = pytest.mark.skipif(
    any(find_spec(one) is None for one in command.EXTRA),
    reason="needs gridcast[train]",
)
SMALL = """
[network]
members = 1
hidden = 4
[training]
steps = 400
batch = 16
check_every = 4
base_samples = 200
validation_samples = 50
patience = 0
"""


def _gridcast(*words: object) -> Any:
    return CliRunner().invoke(main.app, [*map(str, words)])


def test_the_config_is_shown_whole_and_reads_back() -> None:
    shown = _gridcast("train", "--show-config")
    assert shown.exit_code == 0
    assert parse_config(shown.output, "shown") == Config()


def test_a_bad_key_of_the_config_is_one_clear_line(tmp_path: Path) -> None:
    file = tmp_path / "my.toml"
    file.write_text("[network]\nhiden = 3\n")
    done = subprocess.run(
        [sys.executable, "-m", "gridcast", "train", "x.csv", "--config", str(file)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "my.toml: there is no 'network.hiden'" in line


def test_without_the_extra_one_line_says_what_to_install(
    make_history: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "EXTRA", ("no_such_library",))
    made = make_history()
    done = _gridcast("train", made.file, "--mapping", made.mapping, "--runs", tmp_path / "runs")
    assert isinstance(done.exception, UserError)
    assert str(done.exception) == 'this needs gridcast[train]: pip install "gridcast[train]"'
    done = _gridcast("tune", made.file, "--mapping", made.mapping)
    assert 'pip install "gridcast[train]"' in str(done.exception)
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("name", ["worker", "train", "tune", "config"])
def test_no_command_imports_torch_before_it_trains(name: str) -> None:
    look = (
        "import sys; from gridcast.cli import main; from typer.main import get_command;"
        f"get_command(main.app).get_command(None, {name!r});"
        "print({'torch', 'optuna', 'lightgbm', 'onnx', 'matplotlib'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["train"], "DATA and --mapping are required"),
        (["train", "x.csv"], "DATA and --mapping are required"),
        (["train", "x.csv", "--resume", "last"], "--resume RUN uses the run's own data and config"),
    ],
)
def test_what_is_left_out_is_said(words: list[str], line: str) -> None:
    assert line in str(_gridcast(*words).exception)


def test_no_runs_are_told_as_none(tmp_path: Path) -> None:
    listed = _gridcast("train", "--list", "--runs", tmp_path / "runs")
    assert listed.exit_code == 0
    assert "no runs in" in listed.output
    listed = _gridcast("train", "--list", "--json", "--runs", tmp_path / "runs")
    assert json.loads(listed.output) == []


@needs_extra
@pytest.mark.timeout(600)
def test_ctrl_c_keeps_the_run_and_says_how_to_go_on(make_history: Make, tmp_path: Path) -> None:
    made, runs = make_history(days=60), tmp_path / "runs"
    config = tmp_path / "small.toml"
    config.write_text(SMALL)
    words = ["train", made.file, "--mapping", made.mapping, "--config", config, "--runs", runs]
    with subprocess.Popen(
        [sys.executable, "-m", "gridcast", *map(str, words)],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    ) as process:
        assert process.stderr is not None
        told = []
        for line in process.stderr:
            told.append(line)
            if line.startswith("step 4/400"):
                process.send_signal(signal.SIGINT)
    assert process.returncode == 130, "".join(told)
    folder = RunFolder.find(runs, "last")
    assert told[-1].startswith("gridcast: interrupted at step ")
    assert f"gridcast train --resume {folder.run} --runs {runs}" in told[-1]
    assert folder.status.state is RunState.INTERRUPTED
    assert folder.has("checkpoints/last.pt")
    listed = _gridcast("train", "--list", "--runs", runs)
    assert folder.run in listed.output
    assert "interrupted" in listed.output
    (told_json,) = json.loads(_gridcast("train", "--list", "--json", "--runs", runs).output)
    assert told_json["status"]["state"] == "interrupted"
