"""Whole runs on a made-up town, seconds each; the tests share two of them."""

import json
import tomllib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gridcast.learning.training.config import Config
from gridcast.learning.training.folder import RunFolder, RunState
from gridcast.learning.training.results import MODEL, Results
from gridcast.learning.training.summary import summaries
from gridcast.models.network import Network
from gridcast.stream.errors import UserError

run = pytest.importorskip("gridcast.learning.training.run", reason="needs gridcast[train]")
pytestmark = pytest.mark.timeout(600)  # torch writes a graph: seconds, on a busy machine minutes

Make = Callable[..., Any]
TINY = {
    "network": {"members": 1, "hidden": 4},
    "training": {
        "steps": 8,
        "batch": 16,
        "check_every": 4,
        "base_samples": 200,
        "validation_samples": 50,
        "calibration_samples": 60,
    },
    "features": {"recent": 4, "static": ["is_meter"], "lam": 1.0},
    "evaluation": {
        "levels": [0.05, 0.5, 0.95],
        "baselines": ["seasonal_naive_week", "ridge"],
        "most_samples": 100,
        "effect_of_lam": False,
    },
}


class Quiet:
    """Shows nothing."""

    def stage(self, what: str) -> None:
        """Say nothing."""

    def step(self, *progress: float) -> None:
        """Say nothing."""

    def looked(self, *progress: float) -> None:
        """Say nothing."""


def _train(made: list[Any], runs: Path, config: Config | None = None) -> RunFolder:
    folder: RunFolder = run.begin(config or Config.model_validate(TINY), runs, "towns")
    files, mappings = [one.file for one in made], [one.mapping for one in made]
    run.train(folder, files, mappings, "towns", Quiet())
    return folder


@pytest.fixture(scope="module")
def made(make_shared_history: Make) -> list[Any]:
    """Two files of one step and another, of one series and of two."""
    return [
        make_shared_history("town", days=45, step=30),
        make_shared_history("village", days=60, series=2),
    ]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def folder(made: list[Any], runs: Path) -> RunFolder:
    return _train(made, runs)


def test_one_command_leaves_all_that_explains_a_model(folder: RunFolder) -> None:
    assert folder.status.state is RunState.DONE
    names = {str(one.relative_to(folder.path)) for one in folder.path.rglob("*") if one.is_file()}
    assert names >= {
        "status.json",
        "config.toml",
        "data.json",
        "losses.csv",
        "scores.json",
        "edge.json",
        "report.md",
        "report.html",
        "model-card.md",
        "model.onnx",
        "checkpoints/best.pt",
        "checkpoints/last.pt",
    }
    forms = json.loads(folder.read("edge.json"))["forms"]
    assert [one["name"] for one in forms] == ["fp32", "int8"]
    assert forms[1]["size_bytes"] < forms[0]["size_bytes"]


def test_the_model_file_serves_and_says_what_it_is(folder: RunFolder) -> None:
    network = Network.load(folder.read("model.onnx"), step_minutes=60, horizon=24)
    contract = network.contract
    assert (contract.run, contract.model) == (folder.run, "towns")
    assert contract.levels == (0.05, 0.5, 0.95)
    assert contract.features.lam == 1.0
    assert contract.static == ("is_meter",)
    assert [(one.title, one.series) for one in contract.trained_on] == [("town", 1), ("village", 2)]
    results = Results.model_validate_json(folder.read("scores.json"))
    for data in results.data:
        told = contract.scores[data.title]["mape"]
        assert told == pytest.approx(data.test[MODEL]["mape"], abs=1e-5)


def test_what_a_run_was_made_of_is_kept(folder: RunFolder) -> None:
    data = json.loads(folder.read("data.json"))
    file = data["files"][1]
    assert file["licence"] == "none"
    assert len(file["digest"]) == len(file["mapping_digest"]) == 64
    train, validation, test = (file["split"][part] for part in ("train", "validation", "test"))
    assert (train["first_slot"], test["end_slot"]) == (0, 60 * 24)
    assert train["end"] == validation["first"]
    assert data["features"]["weather"] == ["temperature_c"]
    assert len(data["provenance"]["lock_digest"]) == 64
    assert data["provenance"]["commit"]
    assert tomllib.loads(folder.read("config.toml").decode())["training"]["steps"] == 8


def test_the_card_says_where_it_is_from_and_who_should_leave_it_alone(folder: RunFolder) -> None:
    card = folder.read("model-card.md").decode()
    for part in (folder.run, "made up", "## Limits", "## Who should not use it", "is_meter"):
        assert part in card


def test_the_same_config_twice_gives_identical_scores(
    folder: RunFolder, made: list[Any], runs: Path
) -> None:
    again = _train(made, runs)
    assert again.run != folder.run
    assert again.read("scores.json") == folder.read("scores.json")


def test_a_failed_run_is_kept_with_why(
    make_history: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> bytes:
        raise RuntimeError("no more memory")

    monkeypatch.setattr(run, "whole_graph", fail)
    with pytest.raises(RuntimeError):
        _train([make_history(days=60)], tmp_path / "runs")
    (summary,) = summaries([RunFolder.find(tmp_path / "runs", "last")])
    assert summary.status.state is RunState.FAILED
    assert summary.status.why == "RuntimeError: no more memory"
    assert summary.status.stage == "writing the model as ONNX"
    assert "test_run.py" in (summary.status.traceback or "")


def test_data_that_is_refused_leaves_a_run_that_says_why(
    make_history: Make, tmp_path: Path
) -> None:
    made = make_history(days=60)
    made.file.write_text(made.file.read_text().replace(",s-0,1", ",s-0,-1", 1))
    with pytest.raises(UserError, match="negative"):
        _train([made], tmp_path / "runs")
    status = RunFolder.find(tmp_path / "runs", "last").status
    assert status.state is RunState.FAILED
    assert "negative" in (status.why or "")


def test_a_run_does_not_go_on_with_other_data(
    make_history: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> bytes:
        raise RuntimeError("no more memory")

    made = make_history(days=60)
    monkeypatch.setattr(run, "whole_graph", fail)
    with pytest.raises(RuntimeError):
        _train([made], tmp_path / "runs")
    made.file.write_text(made.file.read_text().replace(",s-0,1", ",s-0,2", 1))
    failed = RunFolder.find(tmp_path / "runs", "last")
    for _ in range(2):  # being refused must not make it another run
        with pytest.raises(UserError, match="is not what"):
            run.resume(failed, Quiet())


def test_a_done_run_has_nothing_to_go_on_with(folder: RunFolder) -> None:
    with pytest.raises(UserError, match="is done"):
        run.resume(folder, Quiet())


def test_too_little_to_learn_from_is_one_line(make_history: Make, tmp_path: Path) -> None:
    config = Config.model_validate(TINY | {"split": {"train": 0.2, "validation": 0.4}})
    with pytest.raises(UserError, match="training part"):
        _train([make_history(days=30)], tmp_path / "runs", config)


def test_the_time_of_a_run_is_its_own(tmp_path: Path) -> None:
    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    begun = run.begin(Config(), tmp_path, "town", clock=lambda: noon)
    assert begun.run == "20260101-120000-town"
    assert begun.status.started == noon
