from collections.abc import Iterable

import numpy as np
import pytest
from support.times import ms

from gridcast.models.simulator import (
    FAULTS,
    KINDS,
    Arrivals,
    FaultKind,
    Labels,
    SimulatedGrid,
    Simulation,
    SimulationChunk,
)
from gridcast.models.simulator.columns import Columns
from gridcast.models.simulator.feed import longest_delay_ms

START, END = ms("2024-03-30T10:20"), ms("2024-03-31T04:50")


def fresh(grid: SimulatedGrid, seed: int = 7, step_s: int = 60) -> Simulation:
    return Simulation(grid, seed, step_s, FAULTS["storm"])


def joined(chunks: Iterable[SimulationChunk]) -> tuple[Arrivals, Labels]:
    kept = list(chunks)
    return Arrivals.join([c.arrivals for c in kept]), Labels.join([c.labels for c in kept])


def as_bytes(columns: Columns) -> bytes:
    return b"".join(getattr(columns, name).tobytes() for name in columns.__dataclass_fields__)


@pytest.mark.parametrize("step_s", [10, 60, 900, 3600])
def test_the_same_seed_is_the_same_bytes(grid: SimulatedGrid, step_s: int) -> None:
    end = START + 200 * step_s * 1000
    first = joined(fresh(grid, step_s=step_s).chunks(START, end))
    second = joined(fresh(grid, step_s=step_s).chunks(START, end))
    assert len(first[0]) > 30_000
    for one, other in zip(first, second, strict=True):
        assert as_bytes(one) == as_bytes(other)


def test_another_seed_is_another_feed(grid: SimulatedGrid) -> None:
    one, _ = joined(fresh(grid).chunks(START, START + 3_600_000))
    other, _ = joined(fresh(grid, seed=8).chunks(START, START + 3_600_000))
    assert as_bytes(one) != as_bytes(other)


@pytest.mark.parametrize(
    "cut", [ms("2024-03-30T10:21"), ms("2024-03-30T13:37"), ms("2024-03-31T01:00")]
)
def test_two_spans_are_the_same_readings_as_one(grid: SimulatedGrid, cut: int) -> None:
    whole, _ = joined(fresh(grid).chunks(START, END))
    before, _ = joined(fresh(grid).chunks(START, cut))
    after, _ = joined(fresh(grid).chunks(cut, END))
    halves = Arrivals.join([before, after])
    assert as_bytes(in_full_order(halves)) == as_bytes(in_full_order(whole))


@pytest.mark.parametrize(
    "cut", [ms("2024-03-30T10:21"), ms("2024-03-30T19:30:31"), ms("2024-03-31T02:00")]
)
def test_a_feed_goes_on_where_it_was_left(grid: SimulatedGrid, cut: int) -> None:
    whole, labels = joined(fresh(grid).chunks(START, END))
    rest, rest_labels = joined(fresh(grid).chunks(START, END, arriving_from_ms=cut))
    assert as_bytes(rest) == as_bytes(whole.take(whole.arrival_ms >= cut))
    assert as_bytes(rest_labels) == as_bytes(labels.take(labels.from_ms >= cut))


def test_truth_of_a_span_is_a_part_of_the_truth_of_a_longer_one(grid: SimulatedGrid) -> None:
    whole = fresh(grid).truth(START, END)
    part = fresh(grid).truth(ms("2024-03-30T23:10"), ms("2024-03-31T01:30"))
    first = int(np.searchsorted(whole.time_ms, part.time_ms[0]))
    assert np.array_equal(part.value, whole.value[:, first : first + len(part.time_ms)])
    assert part.value.shape == (grid.size, 140)


def test_weather_of_a_span_is_a_part_of_the_weather_of_a_longer_one(grid: SimulatedGrid) -> None:
    whole = fresh(grid).observations(START, END)[0]
    part = fresh(grid).observations(START + 7_200_000, END - 3_600_000)[0]
    first = int(np.searchsorted(whole.time_ms, part.time_ms[0]))
    expected = whole.values[:, first : first + len(part.time_ms)]
    assert np.array_equal(part.values, expected, equal_nan=True)
    runs = fresh(grid).weather_forecasts(START, END)
    again = fresh(grid).weather_forecasts(runs[-1].issued_ms, END)
    assert np.array_equal(again[-1].values, runs[-1].values)


def test_readings_come_in_the_order_of_their_arrival(grid: SimulatedGrid) -> None:
    arrivals, _ = joined(fresh(grid).chunks(START, END))
    assert (np.diff(arrivals.arrival_ms) >= 0).all()
    assert (np.diff(arrivals.time_ms) < 0).any()


@pytest.mark.parametrize("step_s", [60, 900, 3600])
def test_nothing_arrives_before_its_time_or_after_the_longest_delay(
    grid: SimulatedGrid, step_s: int
) -> None:
    end = START + 300 * step_s * 1000
    simulation = fresh(grid, step_s=step_s)
    arrivals, labels = joined(simulation.chunks(START, end))
    clocks = labels.series[labels.kind == KINDS.index(FaultKind.CLOCK)]
    honest = arrivals.take(~np.isin(arrivals.series, clocks))
    delay_ms = honest.arrival_ms - honest.time_ms
    assert delay_ms.min() > -10_000  # ordinary clocks are off by seconds
    assert 600_000 < delay_ms.max() < longest_delay_ms(simulation.step_ms)


def in_full_order(arrivals: Arrivals) -> Arrivals:
    keys = (
        arrivals.value,
        arrivals.revision,
        arrivals.arrival_ms,
        arrivals.time_ms,
        arrivals.series,
    )
    return arrivals.take(np.lexsort(keys))
