"""What is kept of a training while it runs, and how it goes on from there."""

import os
import signal
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gridcast.learning.training.config import Config
from gridcast.learning.training.dataset import read_sources
from gridcast.learning.training.folder import RunFolder, RunState, Status
from gridcast.learning.training.prepare import Prepared, prepare

learn = pytest.importorskip("gridcast.learning.training.learn", reason="needs gridcast[train]")

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
CONFIG = Config.model_validate(
    {
        "network": {"members": 2, "hidden": 4},
        "training": {
            "steps": 12,
            "batch": 16,
            "check_every": 4,
            "base_samples": 200,
            "validation_samples": 50,
            "calibration_samples": 60,
        },
        "features": {"recent": 4},
        "evaluation": {"levels": [0.05, 0.5, 0.95]},
    }
)


class Steps:
    """Shows nothing, remembers the steps, and does something at each."""

    def __init__(self, then: Callable[[int], None] | None = None) -> None:
        self.seen: list[int] = []
        self._then = then

    def stage(self, what: str) -> None:
        """Say nothing."""

    def step(self, step: int, *_: float) -> None:
        self.seen.append(step)
        if self._then is not None:
            self._then(step)

    def looked(self, *progress: float) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def data(make_shared_history: Callable[..., Any]) -> Prepared:
    made = make_shared_history(days=60)
    return prepare(read_sources([made.file], [made.mapping]), CONFIG)


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return _begin(tmp_path)


def _begin(runs: Path) -> RunFolder:
    folder = RunFolder.create(runs, "town", NOON)
    folder.begin(Status(run=folder.run, state=RunState.RUNNING, started=NOON))
    return folder


def _learn(
    data: Prepared, folder: RunFolder, show: Steps, config: Config = CONFIG
) -> dict[str, np.ndarray]:
    """Train, or go on, to the end; give all weights."""
    fitting = learn.make_fitting(data, config)
    learning = learn.Learning(folder, fitting, show)
    learning.resume()
    learning.run()
    state = fitting.forecaster.state_dict()
    return {name: weights.numpy().copy() for name, weights in state.items()}


@pytest.fixture(scope="module")
def whole(
    data: Prepared, tmp_path_factory: pytest.TempPathFactory
) -> tuple[RunFolder, dict[str, np.ndarray]]:
    """A training that nothing interrupted."""
    folder = _begin(tmp_path_factory.mktemp("whole"))
    return folder, _learn(data, folder, Steps())


def _losses(folder: RunFolder) -> list[str]:
    """Give all columns but the last: how long it took."""
    return [line.rpartition(",")[0] for line in folder.read("losses.csv").decode().splitlines()]


def _same(first: dict[str, np.ndarray], second: dict[str, np.ndarray]) -> bool:
    return first.keys() == second.keys() and all(
        first[name].tobytes() == second[name].tobytes() for name in first
    )


def test_each_look_is_a_row_of_the_losses(whole: tuple[RunFolder, Any]) -> None:
    rows = _losses(whole[0])
    assert rows[0] == "step,member,train,validation,best"
    assert [row.split(",")[0] for row in rows[1:]] == ["4", "8", "12", "16", "20", "24"]
    status = whole[0].status
    assert (status.step, status.steps) == (24, 24)
    assert status.best_loss == pytest.approx(float(rows[-1].split(",")[4]))


@pytest.mark.parametrize("step", [3, 12, 17])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_and_resumed_equals_uninterrupted(
    data: Prepared,
    folder: RunFolder,
    whole: tuple[RunFolder, dict[str, np.ndarray]],
    step: int,
    number: int,
) -> None:
    def interrupt(now: int) -> None:
        if now == step:
            os.kill(os.getpid(), number)

    with pytest.raises(KeyboardInterrupt):
        _learn(data, folder, Steps(interrupt))
    again = Steps()
    weights = _learn(data, folder, again)
    assert again.seen[0] == step + 1, "it goes on where it stopped"
    assert _same(weights, whole[1])
    assert _losses(folder) == _losses(whole[0])


def test_a_killed_training_goes_on_from_its_last_look(
    data: Prepared, folder: RunFolder, whole: tuple[RunFolder, dict[str, np.ndarray]]
) -> None:
    class Killed(BaseException):
        """As SIGKILL would: nothing is kept any more."""

    def kill(now: int) -> None:
        if now == 7:
            raise Killed

    with pytest.raises(Killed):
        _learn(data, folder, Steps(kill))
    again = Steps()
    weights = _learn(data, folder, again)
    assert again.seen[0] == 5
    assert _same(weights, whole[1])


def test_a_training_that_ended_is_not_trained_again(
    data: Prepared, whole: tuple[RunFolder, dict[str, np.ndarray]]
) -> None:
    again = Steps()
    weights = _learn(data, whole[0], again)
    assert again.seen == []
    assert _same(weights, whole[1])


def test_another_seed_gives_other_weights(
    data: Prepared, folder: RunFolder, whole: tuple[RunFolder, dict[str, np.ndarray]]
) -> None:
    training = CONFIG.training.model_copy(update={"seed": 2})
    other = _learn(data, folder, Steps(), CONFIG.model_copy(update={"training": training}))
    assert not _same(other, whole[1])
