"""What a release said is kept while it would say it again, and only so long."""

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("onnx", reason="needs gridcast[train]")

from support.answering import (
    FEATURES,
    HOUR,
    MINUTE,
    NOW,
    ONE,
    OTHER,
    PLAIN,
    daily,
    fed,
    forecaster,
    keeping,
    row,
    serving,
    sky,
    told,
)
from support.contracts import LEVELS, contract_of
from support.networks import lstm_graph
from support.plain_windows import Row, columns

from gridcast.models import tick_forecaster
from gridcast.models.calibration import corrected
from gridcast.models.features import Inputs
from gridcast.models.grid import Grid
from gridcast.models.network import Network
from gridcast.models.partition import Partition, Tick
from gridcast.models.seal import seal
from gridcast.models.serving import LoadedRelease, ServingModels, TickContext
from gridcast.models.tick import TickSetup, run_tick
from gridcast.schemas import GridSeries


class Counting(Network):
    """Counts for how many series it is asked."""

    asked = 0

    def forecast(self, inputs: Inputs, memory: np.ndarray | None = None) -> np.ndarray:
        self.asked += len(inputs)
        return super().forecast(inputs, memory)


def counting() -> tuple[LoadedRelease, Counting]:
    network = Counting.load(seal(lstm_graph(PLAIN), contract_of(PLAIN)))
    network.asked = 0
    return LoadedRelease("small", "counted", network), network


def test_between_two_slots_the_network_is_asked_for_nobody() -> None:
    one, network = counting()
    context, made = serving(one), forecaster()
    partition = fed(daily("a") + daily("b"))
    before = made.forecast(partition, Tick(NOW), context)
    assert network.asked == 2
    after = before
    for minute in range(1, 60):
        partition.windows.advance(NOW + minute * MINUTE)
        after = made.forecast(partition, Tick(NOW + minute * MINUTE), context)
    assert network.asked == 2
    np.testing.assert_array_equal(before.quantiles[:, :, 1:], after.quantiles[:, :, 1:])
    partition.windows.advance(NOW + HOUR)
    made.forecast(partition, Tick(NOW + HOUR), context)
    assert network.asked == 4


def test_a_late_reading_has_its_own_series_answered_anew() -> None:
    one, network = counting()
    context, made = serving(one), forecaster()
    partition = fed(daily("a") + daily("b"))
    before = made.forecast(partition, Tick(NOW), context)
    partition.windows.fold(columns([row(NOW - 5 * HOUR + MINUTE, "b", 99.0)]))
    partition.windows.advance(NOW + MINUTE)
    after = made.forecast(partition, Tick(NOW + MINUTE), context)
    assert network.asked == 3
    assert (before.quantiles[0] == after.quantiles[0]).all()
    assert (before.quantiles[1] != after.quantiles[1]).any()


def test_a_swap_has_all_answered_by_the_new_release() -> None:
    partition, made = fed(daily("a")), forecaster()
    first = made.forecast(partition, Tick(NOW), serving(ONE))
    second = made.forecast(partition, Tick(NOW), serving(OTHER))
    assert told(second)["a"].release == "other"
    assert (first.quantiles != second.quantiles).any()


@st.composite
def feeds(draw: st.DrawFn) -> Iterator[tuple[int, list[Row], list[GridSeries], TickContext]]:
    """Three hours and more: late readings, new series, declarations, weather, swaps."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    grid, duty, weather = Grid(), ServingModels({None: keeping(*FEATURES[1])}), sky(NOW - 3 * HOUR)
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
            duty = ServingModels({None: keeping(*FEATURES[int(rng.integers(2))])})
        if rng.random() < 0.1:
            weather = sky(NOW - int(rng.integers(1, 40)) * HOUR)
        steps.append(
            (
                tick_ms,
                rows,
                declared if rng.random() < 0.1 else [],
                TickContext(grid, duty, weather.at(tick_ms)),
            )
        )
    return steps  # type: ignore[return-value]


@given(feeds())
@settings(deadline=None, max_examples=15)
def test_a_forecaster_that_kept_answers_says_what_a_fresh_one_says(
    steps: list[tuple[int, list[Row], list[GridSeries], TickContext]],
) -> None:
    partition, living = fed(daily("a") + daily("b") + daily("c", 100)), forecaster()
    for tick_ms, rows, declared, context in steps:
        for one in declared:
            context.grid.declare(one)
        partition.windows.fold(columns(rows))
        partition.windows.advance(tick_ms)
        lived = run_tick(partition, Tick(tick_ms), context, TickSetup(living)).forecasts
        fresh = forecaster().forecast(partition, Tick(tick_ms), context)
        assert lived is not None
        assert list(lived.messages()) == list(fresh.messages())
    assert partition.checks.calibration.edition > 0  # something was learned on the way


FAN = np.arange(len(LEVELS), dtype=np.float32) + np.zeros((2, 1), np.float32)


def learn_that_it_is_too_low(partition: Partition) -> None:
    partition.checks.calibration.learn(np.arange(2), FAN, FAN, np.full(2, 1e3), rung=0, band=0)


def test_what_is_learned_shows_though_all_else_is_as_it_was() -> None:
    partition, living, context = fed(daily("a") + daily("b")), forecaster(), serving()
    made = run_tick(partition, Tick(NOW), context, TickSetup(living)).forecasts
    assert made is not None
    assert list(living.forecast(partition, Tick(NOW), context).messages()) == list(made.messages())
    learn_that_it_is_too_low(partition)
    lived = living.forecast(partition, Tick(NOW), context)
    fresh = forecaster().forecast(partition, Tick(NOW), context)
    assert list(lived.messages()) == list(fresh.messages()) != list(made.messages())


def test_what_was_finished_is_not_worked_out_again(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def counted(raw: np.ndarray, *rest: np.ndarray) -> np.ndarray:
        asked.append(len(raw))
        return corrected(raw, *rest)

    monkeypatch.setattr(tick_forecaster, "corrected", counted)
    partition, living, context = fed(daily("a") + daily("b")), forecaster(), serving()
    run_tick(partition, Tick(NOW), context, TickSetup(living))
    learn_that_it_is_too_low(partition)
    for minute in range(1, 4):
        if minute == 3:
            partition.windows.fold(columns([row(NOW - 3 * HOUR, "b", 12.0)]))
        partition.windows.advance(NOW + minute * MINUTE)
        run_tick(partition, Tick(NOW + minute * MINUTE), context, TickSetup(living))
    assert asked == [2, 1]  # as soon as something was learned; then the one that was mended
