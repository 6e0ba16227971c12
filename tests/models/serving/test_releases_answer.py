"""Releases answer where they can, and what they said is kept while they would say it again."""

from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("onnx", reason="needs gridcast[train]")

from support.contracts import LEVELS, contract_of
from support.networks import lstm_graph
from support.plain_windows import Row, columns
from support.training import untrained

from gridcast.models import shadows, tick
from gridcast.models.calibration import corrected
from gridcast.models.features import FeatureSpec, Inputs
from gridcast.models.grid import Grid
from gridcast.models.nearest import Stations
from gridcast.models.network import Network
from gridcast.models.partition import Partition, Tick
from gridcast.models.seal import seal
from gridcast.models.serving import Beside, Duty, InUse, Shadow
from gridcast.models.serving.answering import Answering
from gridcast.models.serving.facts import Facts
from gridcast.models.serving.seen import see
from gridcast.models.tick import TickForecaster
from gridcast.models.weather import Weather
from gridcast.models.windows import WindowSpec
from gridcast.models.windows.minute import Rows
from gridcast.schemas import Forecast, GridSeries, Rung, Score, WeatherForecast, WeatherObservation
from gridcast.schemas.forecast_columns import ForecastColumns

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
START = 20_000 * DAY
NOW = START + 8 * DAY
SPEC = WindowSpec(step_minutes=60, days=8, hold_minutes=60)
PLAIN = FeatureSpec(holidays=False)
SEES_WEATHER = FeatureSpec(
    holidays=False, weather=("temperature_c",), weather_ahead=("temperature_c",)
)


def release(name: str, features: FeatureSpec = PLAIN, seed: int = 0) -> InUse:
    data = seal(lstm_graph(features, seed=seed), contract_of(features))
    return InUse("small", name, Network.load(data))


def keeping(name: str, features: FeatureSpec) -> InUse:
    """Give one that keeps what it has read."""
    return InUse("small", name, _keeping(features))


@cache
def _keeping(features: FeatureSpec) -> Network:
    return Network.load(untrained(features))


FEATURES = (("blind", PLAIN), ("sees", SEES_WEATHER))
ONE, OTHER = release("one"), release("other", seed=1)
BLIND_OR_NOT = release("sees", SEES_WEATHER)


def row(time_ms: int, series: str = "a", value: float = 1.0, quality: int = 0) -> Row:
    return (series, time_ms, value, quality, 0)


def daily(series: str, hours: int = 8 * 24) -> list[Row]:
    times = range(NOW - hours * HOUR, NOW, HOUR)
    return [row(t, series, 10 + 5 * np.sin(t / DAY * 2 * np.pi)) for t in times]


def fed(rows: list[Row], until_ms: int = NOW) -> Partition:
    partition = Partition(SPEC, lateness_ms=0)
    partition.windows.fold(columns(rows))
    partition.windows.advance(until_ms)
    return partition


def forecaster(threads: int = 1) -> TickForecaster:
    return TickForecaster(SPEC, 24, LEVELS, threads=threads)


def told(made: ForecastColumns) -> dict[str, Forecast]:
    return {key.decode(): Forecast.from_bytes(value) for key, value in made.messages()}


def serving(one: InUse = ONE, **more: object) -> Beside:
    return Beside(duty=Duty({None: one}), **more)  # type: ignore[arg-type]


class Counting(Network):
    """Counts for how many series it is asked."""

    asked = 0

    def forecast(self, inputs: Inputs, memory: np.ndarray | None = None) -> np.ndarray:
        self.asked += len(inputs)
        return super().forecast(inputs, memory)


def counting() -> tuple[InUse, Counting]:
    network = Counting.load(seal(lstm_graph(PLAIN), contract_of(PLAIN)))
    network.asked = 0
    return InUse("small", "counted", network), network


def test_the_model_answers_for_who_has_a_window_and_a_rung_under_it_for_the_rest():
    found = told(forecaster().forecast(fed(daily("a") + daily("new", 5)), Tick(NOW), serving()))
    known, new = found["a"], found["new"]
    assert (known.rung, known.reason) == (Rung.MODEL, None)
    assert (known.model, known.release) == ("small", "one")
    assert (new.rung, new.model, new.release) == (Rung.LAST_LEVEL, None, None)
    assert new.reason == "less than a day measured"


def test_where_no_model_is_served_the_forecast_says_what_the_duty_says():
    beside = Beside(duty=Duty(reason="release one is refused: cut short"))
    found = told(forecaster().forecast(fed(daily("a")), Tick(NOW), beside))["a"]
    assert (found.rung, found.reason) == (
        Rung.SEASONAL_PROFILE,
        "release one is refused: cut short",
    )


def test_each_kind_of_series_has_its_own_model():
    grid = Grid()
    grid.declare(GridSeries(series="f", kind="feeder"))
    beside = Beside(grid, Duty({"feeder": OTHER, None: ONE}))
    found = told(forecaster().forecast(fed(daily("a") + daily("f")), Tick(NOW), beside))
    assert (found["a"].release, found["f"].release) == ("one", "other")


def test_a_kind_without_a_model_is_answered_by_a_rung_under_it():
    beside = Beside(duty=Duty({"feeder": OTHER}))
    found = told(forecaster().forecast(fed(daily("a")), Tick(NOW), beside))["a"]
    assert (found.rung, found.reason) == (Rung.SEASONAL_PROFILE, "no model is served")


def test_between_two_slots_the_network_is_asked_for_nobody():
    one, network = counting()
    beside, made = serving(one), forecaster()
    partition = fed(daily("a") + daily("b"))
    before = made.forecast(partition, Tick(NOW), beside)
    assert network.asked == 2
    for minute in range(1, 60):
        partition.windows.advance(NOW + minute * MINUTE)
        after = made.forecast(partition, Tick(NOW + minute * MINUTE), beside)
    assert network.asked == 2
    np.testing.assert_array_equal(before.quantiles[:, :, 1:], after.quantiles[:, :, 1:])
    partition.windows.advance(NOW + HOUR)
    made.forecast(partition, Tick(NOW + HOUR), beside)
    assert network.asked == 4


def test_a_late_reading_has_its_own_series_answered_anew():
    one, network = counting()
    beside, made = serving(one), forecaster()
    partition = fed(daily("a") + daily("b"))
    before = made.forecast(partition, Tick(NOW), beside)
    partition.windows.fold(columns([row(NOW - 5 * HOUR + MINUTE, "b", 99.0)]))
    partition.windows.advance(NOW + MINUTE)
    after = made.forecast(partition, Tick(NOW + MINUTE), beside)
    assert network.asked == 3
    assert (before.quantiles[0] == after.quantiles[0]).all()
    assert (before.quantiles[1] != after.quantiles[1]).any()


def test_a_swap_has_all_answered_by_the_new_release():
    partition, made = fed(daily("a")), forecaster()
    first = made.forecast(partition, Tick(NOW), serving(ONE))
    second = made.forecast(partition, Tick(NOW), serving(OTHER))
    assert told(second)["a"].release == "other"
    assert (first.quantiles != second.quantiles).any()


def test_how_many_threads_work_changes_nothing():
    rows = [reading for n in range(300) for reading in daily(f"s{n}", 8 * 24 - n % 7)]
    partition = fed(rows)
    alone = forecaster(1).forecast(partition, Tick(NOW), serving())
    together = forecaster(3).forecast(partition, Tick(NOW), serving())
    assert list(alone.messages()) == list(together.messages())


def test_a_network_that_gives_no_number_is_not_believed():
    class Broken(Network):
        def forecast(self, inputs: Inputs, memory: np.ndarray | None = None) -> np.ndarray:
            return np.full_like(super().forecast(inputs, memory), np.nan)

    network = Network.load(seal(lstm_graph(PLAIN), contract_of(PLAIN)))
    network.__class__ = Broken
    found = told(
        forecaster().forecast(fed(daily("a")), Tick(NOW), serving(InUse("m", "1", network)))
    )
    assert found["a"].rung is Rung.SEASONAL_PROFILE
    assert found["a"].reason == "the model cannot use its window"


# --- weather --------------------------------------------------------------------------------------


def sky(issued_ms: int | None) -> Weather:
    weather = Weather(HOUR, 8 * DAY)
    for hour in range(8 * 24):
        weather.observe(
            WeatherObservation.model_validate(
                {
                    "station": "st",
                    "time": _time(START + hour * HOUR),
                    "available_at": _time(START + hour * HOUR),
                    "temperature_c": hour % 24,
                }
            )
        )
    if issued_ms is not None:
        weather.forecast(
            WeatherForecast.model_validate(
                {
                    "station": "st",
                    "issued_at": _time(issued_ms),
                    "available_at": _time(issued_ms),
                    "valid_at": [_time(issued_ms + hour * HOUR) for hour in range(72)],
                    "temperature_c": [float(hour % 24) for hour in range(72)],
                }
            )
        )
    return weather


def _time(ms: int) -> str:
    return f"{np.datetime64(ms, 'ms')}Z"


def test_the_run_of_the_weather_forecast_is_named():
    beside = serving(BLIND_OR_NOT, weather=sky(NOW - 3 * HOUR).as_of)
    found = told(forecaster().forecast(fed(daily("a")), Tick(NOW), beside))["a"]
    assert (found.rung, found.reason) == (Rung.MODEL, None)
    assert found.weather_issued_at is not None
    assert found.weather_issued_at.timestamp() * 1000 == NOW - 3 * HOUR


@pytest.mark.parametrize(
    ("weather", "reason"),
    [
        (None, "no weather is served"),
        (Weather(HOUR, 8 * DAY), "no weather station"),
        (sky(None), "no weather forecast known"),
        (sky(NOW - 31 * HOUR), "the weather forecast is 31 h old"),
    ],
)
def test_without_its_weather_the_model_answers_and_says_what_failed(
    weather: Weather | None, reason: str
):
    beside = serving(BLIND_OR_NOT, weather=None if weather is None else weather.as_of)
    found = told(forecaster().forecast(fed(daily("a")), Tick(NOW), beside))["a"]
    assert (found.rung, found.reason) == (Rung.MODEL_WITHOUT_WEATHER, reason)
    assert (found.model, found.weather_issued_at) == ("small", None)


@pytest.mark.parametrize(("hours", "is_seen"), [(3, True), (24, True), (25, False)])
def test_an_old_weather_forecast_is_not_looked_at(hours: int, is_seen: bool):
    weather, stations = sky(NOW - hours * HOUR).as_of, Stations(Grid())
    seen = see(SEES_WEATHER, weather, stations, ["a"], tick_ms=NOW, origin_ms=NOW, old_ms=24 * HOUR)
    past, ahead = np.split(seen.slots.values[0, :, 0], [SEES_WEATHER.slots])
    assert not np.isnan(past).all()
    assert np.isnan(ahead).all() != is_seen


# --- what is kept is what would be said again -----------------------------------------------------


@st.composite
def feeds(draw: st.DrawFn) -> Iterator[tuple[int, list[Row], list[GridSeries], Beside]]:
    """Three hours and more: late readings, new series, declarations, weather, swaps."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    grid, duty, weather = Grid(), Duty({None: keeping(*FEATURES[1])}), sky(NOW - 3 * HOUR)
    steps = []
    for minute in range(1, 200, draw(st.sampled_from([5, 11]))):
        tick_ms = NOW + minute * MINUTE
        rows = [row(tick_ms - MINUTE, name, rng.normal(9)) for name in "ab" if rng.random() < 0.8]
        if rng.random() < 0.2:
            rows.append(row(tick_ms - int(rng.integers(2, 150)) * HOUR, "a", rng.normal(9)))
        if rng.random() < 0.1:
            rows.append(row(tick_ms - 2 * MINUTE, f"new{minute}", 3.0))
        declared = [GridSeries(series="a", can_be_negative=bool(rng.random() < 0.5))]
        if rng.random() < 0.1:
            duty = Duty({None: keeping(*FEATURES[int(rng.integers(2))])})
        if rng.random() < 0.1:
            weather = sky(NOW - int(rng.integers(1, 40)) * HOUR)
        steps.append(
            (
                tick_ms,
                rows,
                declared if rng.random() < 0.1 else [],
                Beside(grid, duty, weather.as_of),
            )
        )
    return steps  # type: ignore[return-value]


@given(feeds())
@settings(deadline=None, max_examples=15)
def test_a_forecaster_that_kept_answers_says_what_a_fresh_one_says(
    steps: list[tuple[int, list[Row], list[GridSeries], Beside]],
):
    partition, living = fed(daily("a") + daily("b") + daily("c", 100)), forecaster()
    for tick_ms, rows, declared, beside in steps:
        for one in declared:
            beside.grid.declare(one)
        partition.windows.fold(columns(rows))
        partition.windows.advance(tick_ms)
        lived = living.answer(partition, Tick(tick_ms), beside).forecasts
        fresh = forecaster().forecast(partition, Tick(tick_ms), beside)
        assert list(lived.messages()) == list(fresh.messages())
    assert partition.checks.calibration.edition > 0  # something was learned on the way


FAN = np.arange(len(LEVELS), dtype=np.float32) + np.zeros((2, 1), np.float32)


def learn_that_it_is_too_low(partition: Partition) -> None:
    partition.checks.calibration.learn(np.arange(2), FAN, FAN, np.full(2, 1e3), rung=0, band=0)


def test_what_is_learned_shows_though_all_else_is_as_it_was():
    partition, living, beside = fed(daily("a") + daily("b")), forecaster(), serving()
    made = living.answer(partition, Tick(NOW), beside).forecasts
    assert list(living.forecast(partition, Tick(NOW), beside).messages()) == list(made.messages())
    learn_that_it_is_too_low(partition)
    lived = living.forecast(partition, Tick(NOW), beside)
    fresh = forecaster().forecast(partition, Tick(NOW), beside)
    assert list(lived.messages()) == list(fresh.messages()) != list(made.messages())


def test_what_was_finished_is_not_worked_out_again(monkeypatch: pytest.MonkeyPatch):
    asked: list[int] = []

    def counted(raw: np.ndarray, *rest: np.ndarray) -> np.ndarray:
        asked.append(len(raw))
        return corrected(raw, *rest)

    monkeypatch.setattr(tick, "corrected", counted)
    partition, living, beside = fed(daily("a") + daily("b")), forecaster(), serving()
    living.answer(partition, Tick(NOW), beside)
    learn_that_it_is_too_low(partition)
    for minute in range(1, 4):
        if minute == 3:
            partition.windows.fold(columns([row(NOW - 3 * HOUR, "b", 12.0)]))
        partition.windows.advance(NOW + minute * MINUTE)
        living.answer(partition, Tick(NOW + minute * MINUTE), beside)
    assert asked == [2, 1]  # as soon as something was learned; then the one that was mended


# --- read ahead -----------------------------------------------------------------------------------


class Reading(Network):
    """Counts what it reads, and for how many series it was told what it had read."""

    def __init__(self, *given: object) -> None:
        super().__init__(*given)  # type: ignore[arg-type]
        self.read, self.told = [], 0

    def encode(self, inputs: Inputs) -> np.ndarray:
        self.read.append(len(inputs))
        return super().encode(inputs)

    def forecast(self, inputs: Inputs, memory: np.ndarray | None = None) -> np.ndarray:
        self.told += 0 if memory is None else len(memory)
        return super().forecast(inputs, memory)


def reading(features: FeatureSpec) -> tuple[InUse, Reading]:
    network = Reading.load(untrained(features))
    network.read, network.told = [], 0
    return InUse("small", "reads", network), network


@pytest.mark.parametrize("features", [PLAIN, SEES_WEATHER])
def test_hours_are_read_in_the_minutes_before_and_not_where_a_slot_begins(features: FeatureSpec):
    one, network = reading(features)
    beside = serving(one, weather=sky(NOW - 3 * HOUR).as_of)
    names = [f"s{n}" for n in range(100)]
    partition, made = fed([row for name in names for row in daily(name)]), forecaster()
    for minute in range(60):
        partition.windows.fold(columns([row(NOW + minute * MINUTE, name) for name in names]))
        partition.windows.advance(NOW + minute * MINUTE)
        made.forecast(partition, Tick(NOW + minute * MINUTE), beside)
    assert sum(network.read) == 100
    assert max(network.read) == 2
    partition.windows.advance(NOW + HOUR)
    lived = made.forecast(partition, Tick(NOW + HOUR), beside)
    assert network.told == 100
    assert sum(network.read) == 100
    fresh = forecaster().forecast(partition, Tick(NOW + HOUR), beside)
    assert list(lived.messages()) == list(fresh.messages())


def test_what_a_late_reading_has_changed_is_read_anew():
    one, network = reading(PLAIN)
    beside = serving(one)
    partition, made = fed(daily("a") + daily("b")), forecaster()
    for minute in range(60):
        partition.windows.advance(NOW + minute * MINUTE)
        made.forecast(partition, Tick(NOW + minute * MINUTE), beside)
    assert network.read == [1, 1]
    partition.windows.fold(columns([row(NOW - 5 * HOUR + MINUTE, "b", 99.0)]))
    partition.windows.advance(NOW + HOUR)
    lived = made.forecast(partition, Tick(NOW + HOUR), beside)
    assert network.read == [1, 1, 1]
    fresh = forecaster().forecast(partition, Tick(NOW + HOUR), beside)
    assert list(lived.messages()) == list(fresh.messages())


# --- challengers ----------------------------------------------------------------------------------


def test_a_challenger_answers_for_its_share_is_not_published_and_is_scored():
    grid, names = Grid(), [f"s{n}" for n in range(40)]
    beside = Beside(grid, Duty({None: ONE}, {None: Shadow(OTHER, 0.5)}))
    partition, made = fed([reading for name in names for reading in daily(name)]), forecaster()
    scores = []
    for hour in range(6):
        answer = made.answer(partition, Tick(NOW + hour * HOUR), beside)
        assert {one.release for one in answer.forecasts.makers if one.model} == {"one"}
        scores += [Score.from_bytes(value) for one in answer.scores for _, value in one.messages()]
        readings = [row(NOW + hour * HOUR, name, 10.0) for name in names]
        partition.windows.fold(columns(readings))
        partition.windows.advance(NOW + (hour + 1) * HOUR)
    judged = {
        is_one: {one.series for one in scores for band in one.bands if band.challenger is is_one}
        for is_one in (False, True)
    }
    assert judged[False] == set(names)
    assert 10 < len(judged[True]) < 30
    releases = {band.release for one in scores for band in one.bands if band.challenger}
    assert releases == {"other"}


def test_no_part_is_looked_at_of_which_a_challenger_has_no_rows(monkeypatch: pytest.MonkeyPatch):
    names = [f"s{n}" for n in range(40)]
    partition = fed([reading for name in names for reading in daily(name)])
    asked, ask = [], Answering.ask

    def counted(self: Answering, rows: Rows, *more: Any) -> Any:
        if self.answers.in_use is OTHER:
            asked.append(len(rows))
        return ask(self, rows, *more)

    monkeypatch.setattr(shadows, "AT_ONCE", 5)
    monkeypatch.setattr(Answering, "ask", counted)
    for share in (0.1, 1e-9):
        beside = Beside(Grid(), Duty({None: ONE}, {None: Shadow(OTHER, share)}))
        forecaster().answer(partition, Tick(NOW), beside)
    facts = Facts(Grid())
    facts.look(names)
    assert sum(asked) == (facts.lot < 0.1).sum() > 0
    assert 0 < len(asked) < len(names) / 5
    assert min(asked) > 0


def test_whose_series_a_challenger_answers_for_follows_from_their_names():
    """So that every worker, and a replay, chooses the same."""
    facts = Facts(Grid())
    facts.look(["a", "b"])
    first = facts.lot.copy()
    facts.look(["b", "c", "a"])
    assert (facts.lot[[2, 0]] == first).all()
    assert ((facts.lot >= 0) & (facts.lot < 1)).all()
