from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gridcast.learning.training.config import Config, parse_config, write_config
from gridcast.learning.training.dataset import Source, read_sources
from gridcast.stream.errors import UserError

search = pytest.importorskip("gridcast.learning.training.search", reason="needs gridcast[train]")
pytestmark = pytest.mark.timeout(600)

CONFIG = Config.model_validate(
    {
        "network": {"members": 3},
        "training": {
            "steps": 6,
            "batch": 8,
            "check_every": 3,
            "base_samples": 100,
            "validation_samples": 30,
            "calibration_samples": 50,
        },
        "features": {"recent": 4, "lookback_hours": 48},
        "evaluation": {"levels": [0.1, 0.5, 0.9]},
        "search": {"hidden": [4, 8], "names": ["lstm", "gru"], "batch": [8, 16]},
    }
)


class Told:
    """Shows nothing; what was said is kept, and something done then."""

    def __init__(self, then: Callable[[str], None] | None = None) -> None:
        self.stages: list[str] = []
        self._then = then

    def stage(self, what: str) -> None:
        self.stages.append(what)
        if self._then is not None:
            self._then(what)

    def step(self, *progress: float) -> None:
        """Say nothing."""

    def looked(self, *progress: float) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def sources(make_shared_history: Callable[..., Any]) -> list[Source]:
    made = make_shared_history(days=45)
    return read_sources([made.file], [made.mapping])


def _search(
    sources: list[Source], study: Path, trials: int, show: Told | None = None, config: Any = CONFIG
) -> Any:
    with search.Searching(sources, config, study, show or Told()) as searching:
        told: list[Any] = []
        return searching.run(trials, told.append)


def test_the_winner_is_a_config_that_training_takes(sources: list[Source], tmp_path: Path) -> None:
    told = Told()
    found = _search(sources, tmp_path / "study.db", 3, told)
    assert found.trials == 3
    assert told.stages[0].startswith("trial 1 of 3: hidden ")
    assert parse_config(write_config(found.config), "winner") == found.config
    assert 4 <= found.config.network.hidden <= 8
    assert found.config.network.name in {"lstm", "gru"}
    assert found.config.network.members == 3, "only the trials train one member"
    assert found.config.features == CONFIG.features


def test_a_study_goes_on_where_it_was_interrupted(sources: list[Source], tmp_path: Path) -> None:
    study = tmp_path / "study.db"

    def interrupt(stage: str) -> None:
        if stage.startswith("trial 2"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _search(sources, study, 3, Told(interrupt))
    told = Told()
    assert _search(sources, study, 3, told).trials == 3
    assert [stage.partition(":")[0] for stage in told.stages] == ["trial 2 of 3", "trial 3 of 3"]
    told = Told()
    assert _search(sources, study, 3, told).trials == 3
    assert told.stages == [], "there are as many as were asked for"


def test_a_study_of_another_config_is_refused(sources: list[Source], tmp_path: Path) -> None:
    study = tmp_path / "study.db"
    _search(sources, study, 1)
    training = CONFIG.training.model_copy(update={"steps": 7})
    other = CONFIG.model_copy(update={"training": training})
    with pytest.raises(UserError, match="other data or another config"):
        _search(sources, study, 2, config=other)


def test_a_study_belongs_to_one_process_at_a_time(sources: list[Source], tmp_path: Path) -> None:
    study = tmp_path / "study.db"
    with (
        search.Searching(sources, CONFIG, study, Told()),
        pytest.raises(UserError, match="another process works on"),
    ):
        search.Searching(sources, CONFIG, study, Told()).__enter__()


def test_a_file_that_is_no_study_is_one_line(sources: list[Source], tmp_path: Path) -> None:
    study = tmp_path / "study.db"
    study.write_text("not a database at all, but long enough to be taken for one" * 20)
    with pytest.raises(UserError, match="is no study"):
        _search(sources, study, 1)


def test_a_poor_trial_is_given_up_early(
    sources: list[Source], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("optuna.trial.Trial.should_prune", lambda trial: trial.number == 1)
    told = Told()
    found = _search(sources, tmp_path / "study.db", 2, told)
    assert found.pruned == 1
    assert found.trial == 1
    assert "given up: others were better by then" in told.stages
