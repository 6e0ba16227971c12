"""The future is planted behind every origin, and no forecast moves."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from support.recordings import DAY, HOUR, START, make_recording

pytest.importorskip("onnx", reason="needs gridcast[train]")

from support.contracts import contract_of
from support.networks import lstm_graph

from gridcast.learning.backtest.baselines import walk_baselines
from gridcast.learning.backtest.judge import BacktestJudge, archive_of
from gridcast.learning.backtest.plan import BacktestPlan, make_plan
from gridcast.learning.backtest.run import (
    TRAIN,
    BacktestRequest,
    NamedForecaster,
    evaluate,
    partition_tasks,
)
from gridcast.learning.backtest.walk import SuccessorModel, forecasts, walk
from gridcast.models.evaluation.baselines import BASELINES
from gridcast.models.features import FeatureSpec
from gridcast.models.seal import seal
from gridcast.models.simulator import Arrivals
from gridcast.schemas import WeatherForecast, WeatherObservation
from gridcast.stream.errors import UserError
from gridcast.stream.recording import Recording
from gridcast.stream.recording.recording import WeatherMessage, available_ms
from gridcast.stream.settings import Settings

SETTINGS = Settings(step_minutes=60, partitions=2, levels=(0.05, 0.25, 0.5, 0.75, 0.95))
FIRST, HOURS = START + 20 * DAY, 30
SPIKE = 1e6
Made = dict[int, list[bytes]]
TINY = """
[features]
lookback_hours = 48
[network]
members = 1
hidden = 4
[training]
steps = 4
batch = 16
check_every = 2
base_samples = 200
calibration_samples = 50
validation_samples = 20
"""


class NoShow:
    """Nobody looks."""

    def stage(self, what: str) -> None:
        """Say what is done now."""

    def tell(self, passed_ms: int, total_ms: int) -> None:
        """Say how much was passed."""

    def step(self, done: int, total: int) -> None:
        """Say how far a training is."""


@pytest.fixture(scope="module")
def sees_weather(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A network that is shown the weather measured and forecast."""
    ahead = ("temperature_c",)
    features = FeatureSpec(holidays=False, weather=ahead, weather_ahead=ahead)
    path = tmp_path_factory.mktemp("model") / "sees.onnx"
    path.write_bytes(seal(lstm_graph(features), contract_of(features)))
    return str(path)


def plan_of(recording: Recording, from_ms: int = FIRST, hours: int = HOURS) -> BacktestPlan:
    to_ms = from_ms + hours * HOUR
    return make_plan(
        recording, SETTINGS, from_ms=from_ms, to_ms=to_ms, every_minutes=60, most_judged=10**6
    )


def made(recording: Recording, model: str, plan: BacktestPlan) -> Made:
    """All forecasts by tick, as the bytes that a worker would send."""
    found: Made = {}
    for way in partition_tasks(recording, plan, [NamedForecaster("m", model)], None):
        for tick, columns in forecasts(way):
            found.setdefault(tick.time_ms, []).extend(value for _, value in columns.messages())
    return found


def spiked(recording: Recording, origin_ms: int) -> Recording:
    """All that arrives after an origin is a million kW, in a heat of 60 degrees."""
    arrivals = recording.arrivals
    # The reading whose arrival closes the tick is of the slot that begins there: it is the future.
    value = np.where(arrivals.time_ms >= origin_ms, SPIKE, arrivals.value)
    weather = tuple(
        _hot(one) if available_ms(one) > origin_ms else one for one in recording.weather
    )
    return replace(recording, arrivals=replace(arrivals, value=value), weather=weather)


def _hot(message: WeatherMessage) -> WeatherMessage:
    if isinstance(message, WeatherForecast):
        hot = [60.0] * len(message.valid_at)
        return message.model_copy(update={"temperature_c": hot})
    assert isinstance(message, WeatherObservation)
    return message.model_copy(update={"temperature_c": 60.0})


@pytest.mark.parametrize("model", ["none", "box", "sees"])
def test_a_spike_after_each_origin_moves_no_forecast_of_it_or_before(
    model: str, sees_weather: str
) -> None:
    recording = make_recording()
    plan = plan_of(recording)
    model = sees_weather if model == "sees" else model
    calm = made(recording, model, plan)
    assert len(calm) == HOURS
    for origin_ms in sorted(calm)[::3]:
        planted = made(spiked(recording, origin_ms), model, plan)
        upto = [tick for tick in calm if tick <= origin_ms]
        assert all(planted[tick] == calm[tick] for tick in upto)
        later = [tick for tick in calm if tick > origin_ms]
        assert all(planted[tick] != calm[tick] for tick in later), "the spike is really there"


def test_weather_that_became_available_is_seen_and_no_sooner(sees_weather: str) -> None:
    recording = make_recording()
    plan = plan_of(recording)
    run = next(
        one
        for one in recording.weather
        if isinstance(one, WeatherForecast) and available_ms(one) >= FIRST + 5 * HOUR
    )
    others = [_hot(one) if one is run else one for one in recording.weather]
    calm, hot = (
        made(recording, sees_weather, plan),
        made(replace(recording, weather=tuple(others)), sees_weather, plan),
    )
    moved = [tick for tick in calm if calm[tick] != hot[tick]]
    assert moved
    assert min(moved) == available_ms(run)


@pytest.mark.parametrize("moments", [(), (FIRST + DAY,)], ids=["once", "anew"])
def test_no_baseline_sees_or_learns_what_came_after(moments: tuple[int, ...]) -> None:
    recording = make_recording()
    names = [name for name in BASELINES if name != "lightgbm"]  # its trees are fitted the same way

    def answers(one: Recording, from_ms: int, hours: int) -> dict[tuple[str, int, int], bytes]:
        plan = plan_of(one, from_ms, hours)
        way = partition_tasks(one, plan, [NamedForecaster("none", "none")], None)
        like = [walk(each) for each in way]
        judge = BacktestJudge(one, plan)
        found = walk_baselines(judge, one, names, like, moments)
        return {
            (walked.forecaster, row, origin): quantiles.tobytes()
            for walked in found
            for row, origin, quantiles in zip(
                walked.row.tolist(), walked.origin_ms.tolist(), walked.quantiles, strict=True
            )
        }

    calm = answers(recording, FIRST, HOURS)
    origin_ms = FIRST + 26 * HOUR  # after a second fit, where there is one
    planted = answers(spiked(recording, origin_ms), FIRST, HOURS)
    upto = {key for key in calm if key[2] <= origin_ms}
    assert {key[0] for key in upto} == set(names)
    assert all(planted[key] == calm[key] for key in upto)
    assert any(planted[key] != calm[key] for key in calm.keys() - upto)


def test_a_correction_that_came_later_was_not_learned_from() -> None:
    recording = make_recording()
    plan = plan_of(recording, FIRST, 4)
    arrivals, late = recording.arrivals, len(recording.arrivals) // 4
    corrected = replace(
        arrivals.take(slice(0, late)),
        arrival_ms=np.full(late, FIRST + 1),
        value=np.full(late, SPIKE),
        revision=np.ones(late, np.int32),
        time_ms=arrivals.time_ms[-late:] - 5 * DAY,
    )
    every = Arrivals.join([arrivals, corrected])
    order = np.argsort(every.arrival_ms, kind="stable")
    planted = replace(recording, arrivals=every.take(order))
    calm, then = (archive_of(one.known_by(FIRST), plan) for one in (recording, planted))
    assert np.array_equal(calm.mean, then.mean, equal_nan=True)
    assert not np.array_equal(calm.mean, archive_of(planted, plan).mean[: len(calm)])


@pytest.mark.timeout(1_200)  # torch takes long to write a graph, and longer on a busy machine
def test_no_network_that_is_trained_on_the_way_learns_what_came_after(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="needs gridcast[train]")
    config = tmp_path / "tiny.toml"
    config.write_text(TINY, "utf-8")
    recording, folder = make_recording(), tmp_path / "report"
    plan, moment_ms = plan_of(recording), FIRST + 12 * HOUR
    learner = NamedForecaster("trained", TRAIN)
    asked = BacktestRequest(
        *("test", recording, plan, [learner], [], (moment_ms,)), *(config, 1, folder, True)
    )
    evaluate(asked, NoShow())
    files = sorted((folder / "models").iterdir())
    names = ["trained-20260113T0000", "trained-20260121T1200"]
    assert [one.stem for one in files] == names
    releases = {FIRST + hour * HOUR: names[hour >= 12] for hour in range(HOURS)}
    table = pq.read_table(folder / "forecasts", columns=["tick", "release"])
    assert {
        round(row["tick"].timestamp() * 1000): row["release"] for row in table.to_pylist()
    } == releases

    # The same archive is the same network, bit for bit: of what came later it knows nothing.
    calm, planted, earlier = (
        one.known_by(moment_ms)
        for one in (recording, spiked(recording, moment_ms), spiked(recording, moment_ms - DAY))
    )
    assert calm.weather == planted.weather
    assert archive_of(calm, plan).mean.tobytes() == archive_of(planted, plan).mean.tobytes()
    assert archive_of(calm, plan).mean.tobytes() != archive_of(earlier, plan).mean.tobytes()


def test_who_takes_over_answers_from_that_tick_on(sees_weather: str) -> None:
    recording = make_recording()
    plan, moment_ms = plan_of(recording), FIRST + 12 * HOUR
    both = NamedForecaster("both", "none", (SuccessorModel(moment_ms, sees_weather),))
    found: dict[int, set[str]] = {}
    for way in partition_tasks(recording, plan, [both], None):
        for tick, columns in forecasts(way):
            found.setdefault(tick.time_ms, set()).update(
                str(columns.makers[one].rung) for one in columns.made_by.tolist()
            )
    assert len(found) == HOURS
    assert {tick for tick, rungs in found.items() if rungs == {"model"}} == {
        tick for tick in found if tick >= moment_ms
    }


def test_what_errors_are_measured_by_is_known_before_the_first_tick() -> None:
    recording = make_recording()
    plan = plan_of(recording)
    calm, planted = BacktestJudge(recording, plan), BacktestJudge(spiked(recording, FIRST), plan)
    assert np.array_equal(calm.scales.size, planted.scales.size)
    assert np.array_equal(calm.scales.naive, planted.scales.naive)


def test_a_tick_within_a_slot_whose_mean_nobody_knew_is_refused() -> None:
    recording = make_recording()
    with pytest.raises(UserError, match="means of 60 min"):
        make_plan(recording, SETTINGS, from_ms=None, to_ms=None, every_minutes=15, most_judged=1000)


def test_a_model_file_that_cannot_serve_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "broken.onnx").write_bytes(b"no model")
    recording = make_recording()
    with pytest.raises(UserError, match="cannot serve here"):
        made(recording, str(tmp_path / "broken.onnx"), plan_of(recording))
