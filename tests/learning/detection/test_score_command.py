"""`gridcast detect score` on small sets of its own."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gridcast.cli.detect import score
from gridcast.learning.detection.labelled_sets import read_set
from gridcast.models.evaluation.detection.simulation_run import SimulationRun
from gridcast.stream.errors import UserError
from gridcast.units import DAY_MS

START = datetime(2025, 1, 1, tzinfo=UTC)


def write(path: Path, series: dict[str, tuple[np.ndarray, np.ndarray]]) -> None:
    columns: dict[str, list[Any]] = {"ts": [], "entity": [], "value": [], "label": []}
    for name, (value, label) in series.items():
        columns["ts"] += [START + timedelta(minutes=5 * place) for place in range(len(value))]
        columns["entity"] += [name] * len(value)
        columns["value"] += value.tolist()
        columns["label"] += label.tolist()
    pq.write_table(pa.table(columns), path)


def test_a_labelled_set_is_scored_by_nabs_rules(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = np.random.default_rng(1)
    value, label = rng.normal(10, 1, 2_000), np.zeros(2_000, int)
    value[1_500:1_505], label[1_490:1_530] = 60, 1
    write(tmp_path / "nab.parquet", {"a": (value, label), "b": (value[:1_400], label[:1_400])})
    score(series=0, data=tmp_path, json=True)
    found = json.loads(capsys.readouterr().out)["nab"]
    assert (found["series"], found["windows"], found["recall"]) == (2, 1, 1.0)
    assert found["nab_standard"] > 80
    assert found["delay_minutes"] == 50


def test_a_simulated_grid_is_watched_and_its_faults_are_counted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    score(series=12, days=1, learn_days=0, faults=30, seed=5, json=True)
    found = json.loads(capsys.readouterr().out)["simulated"]
    assert found["faults"] > 10
    assert found["kinds"]["gap"]["recall"] > 0.5
    assert 0 < found["recall"] <= 1
    assert found["false_alarms_a_week_and_series"] == pytest.approx(7 * found["false_alarms"] / 12)


def test_a_run_that_is_stopped_tells_of_the_days_it_watched(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    watched = SimulationRun.run

    def stopped_in_the_first_day(trial: SimulationRun, start_ms: int, end_ms: int) -> Iterator[int]:
        for at_ms in watched(trial, start_ms, end_ms):
            yield at_ms
            if at_ms - start_ms > 0.25 * DAY_MS:
                raise KeyboardInterrupt

    monkeypatch.setattr(SimulationRun, "run", stopped_in_the_first_day)
    score(series=12, days=300, learn_days=0, faults=40_000, seed=5, json=True)
    printed = capsys.readouterr()
    found = json.loads(printed.out)["simulated"]
    assert found["days"] == pytest.approx(0.3, abs=0.1)
    assert found["faults"] > 10
    assert "stopped: these are the figures of 0.3 days" in printed.err


def test_a_run_that_is_stopped_while_it_learns_has_no_figures(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def stopped_at_once(trial: SimulationRun, start_ms: int, end_ms: int) -> Iterator[int]:
        yield start_ms
        raise KeyboardInterrupt

    monkeypatch.setattr(SimulationRun, "run", stopped_at_once)
    with pytest.raises(KeyboardInterrupt):
        score(series=5, days=2, learn_days=1, json=True)


def test_figures_are_printed_for_people_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "appliances.parquet", {"oven/day1": (np.arange(50.0), np.zeros(50, int))})
    score(series=0, data=tmp_path)
    printed = capsys.readouterr().out
    assert "appliances" in printed
    assert "false alarms a week and series" in printed


def test_days_of_one_device_are_laid_end_to_end_the_normal_ones_first(tmp_path: Path) -> None:
    normal, odd = (np.zeros(3), np.zeros(3, int)), (np.ones(2), np.array([0, 1]))
    write(tmp_path / "a.parquet", {"oven/odd": odd, "oven/day": normal, "iron/day": normal})
    oven, iron = read_set(tmp_path / "a.parquet", joined=True)
    assert (oven.name, oven.value.tolist()) == ("oven", [0, 0, 0, 1, 1])
    assert (np.diff(oven.time_ms) >= 0).all()
    assert len(iron.value) == 3


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"series": 0}, "nothing to score"),
        ({"series": 0, "data": Path("/nowhere")}, "--data /nowhere: there is no such folder"),
        ({"series": 5, "country": "XX", "days": 1}, "--country XX"),
    ],
)
def test_what_cannot_be_scored_is_said_in_a_line(asked: dict[str, Any], says: str) -> None:
    with pytest.raises(UserError, match=says):
        score(**asked)


def test_a_file_without_labels_is_refused_by_name(tmp_path: Path) -> None:
    pq.write_table(pa.table({"ts": [START], "value": [1.0]}), tmp_path / "nab.parquet")
    with pytest.raises(UserError, match=r"nab\.parquet: no column entity, label"):
        score(series=0, data=tmp_path)
