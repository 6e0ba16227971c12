"""Each label is checked against what a feed without faults says at the same time."""

from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray
from support.times import ms

from gridcast.models.simulator import (
    FAULTS,
    KINDS,
    Arrivals,
    FaultKind,
    Faults,
    Labels,
    SimulatedGrid,
    Simulation,
    build_grid,
)

STEP_MS = 60_000
START, END = ms("2024-02-01T00:00"), ms("2024-02-04T00:00")


@dataclass
class Seen:
    """A dirty feed of three days, and what it would have been without faults."""

    grid: SimulatedGrid
    labels: Labels
    by_series: list[Arrivals]
    clean: NDArray[np.float64]  # series by step

    def of(self, kind: FaultKind) -> Labels:
        labels = self.labels.take(self.labels.kind == KINDS.index(kind))
        assert len(labels) > 3, f"no {kind} to look at"
        return labels

    def readings(self, series: int, from_ms: int, to_ms: int) -> Arrivals:
        mine = self.by_series[series]
        return mine.take((mine.time_ms >= from_ms) & (mine.time_ms < to_ms))

    def expected(self, readings: Arrivals) -> NDArray[np.float64]:
        return self.clean[readings.series, (readings.time_ms - START) // STEP_MS]

    def on_time(self) -> set[int]:
        """The series that stamp every reading with the step it belongs to."""
        late = {int(one) for one in self.of(FaultKind.CLOCK).series}
        return {
            series
            for series, mine in enumerate(self.by_series)
            if series not in late and (mine.time_ms % STEP_MS == 0).all()
        }


@pytest.fixture(scope="module")
def seen() -> Seen:
    grid = build_grid(7, "DE", [[14] * 10])
    dirty = list(Simulation(grid, 7, 60, Faults(30.0)).chunks(START, END))
    clean = list(Simulation(grid, 7, 60, FAULTS["none"]).chunks(START, END))
    plain = Arrivals.join([chunk.arrivals for chunk in clean])
    table = np.full((grid.size, (END - START) // STEP_MS), np.nan)
    table[plain.series, (plain.time_ms - START) // STEP_MS] = plain.value
    assert not np.isnan(table).any()
    feed = Arrivals.join([chunk.arrivals for chunk in dirty])
    return Seen(
        grid,
        Labels.join([chunk.labels for chunk in dirty]),
        [feed.take(feed.series == series) for series in range(grid.size)],
        table,
    )


@pytest.fixture(scope="module")
def punctual(seen: Seen) -> set[int]:
    return seen.on_time()


def each(labels: Labels, among: set[int]) -> list[tuple[int, int, int, float]]:
    columns = (labels.series, labels.from_ms, labels.to_ms, labels.magnitude)
    rows = [tuple(row) for row in zip(*(column.tolist() for column in columns), strict=True)]
    chosen = [
        (series, max(low, START), min(high, END), size)
        for series, low, high, size in rows
        if series in among
    ]
    assert chosen
    return chosen


@pytest.mark.parametrize("kind", [FaultKind.GAP, FaultKind.DEAD_FEEDER])
def test_silence_is_silent(seen: Seen, punctual: set[int], kind: FaultKind) -> None:
    for series, low, high, _ in each(seen.of(kind), punctual):
        assert len(seen.readings(series, low, high)) == 0


def test_a_dead_feeder_takes_all_of_its_meters_along(seen: Seen) -> None:
    labels = seen.of(FaultKind.DEAD_FEEDER)
    zone = seen.grid.zones[0]
    for feeder in range(zone.feeders):
        family = zone.rows_of_feeder(feeder)
        spans = {
            tuple(zip(mine.from_ms.tolist(), mine.to_ms.tolist(), strict=True))
            for mine in (labels.take(labels.series == member) for member in family)
        }
        assert len(spans) == 1
    ids = seen.grid.ids
    parents = {one.series: one.parent for one in seen.grid.series}
    for member in zone.rows_of_feeder(2)[1:]:
        assert parents[ids[member]] == ids[zone.rows_of_feeder(2)[0]]


def test_a_flatline_does_not_move(seen: Seen, punctual: set[int]) -> None:
    for series, low, high, value in each(seen.of(FaultKind.FLATLINE), punctual):
        assert set(seen.readings(series, low, high).value.tolist()) <= {value}


def test_a_spike_adds_what_its_label_says(seen: Seen, punctual: set[int]) -> None:
    for series, low, high, size in each(seen.of(FaultKind.SPIKE), punctual):
        found = seen.readings(series, low, high)
        assert found.value - seen.expected(found) == pytest.approx(size, abs=2e-3)


def test_a_unit_mistake_is_a_thousand_times_too_much(seen: Seen, punctual: set[int]) -> None:
    for series, low, high, factor in each(seen.of(FaultKind.UNIT), punctual):
        found = seen.readings(series, low, high)
        assert factor == 1000
        assert found.value.tolist() == np.round(1000 * seen.expected(found), 3).tolist()


def test_a_level_changes_at_once_by_its_factor(seen: Seen, punctual: set[int]) -> None:
    for series, low, high, factor in each(seen.of(FaultKind.LEVEL), punctual):
        found = seen.readings(series, low, high)
        assert found.value == pytest.approx(factor * seen.expected(found), abs=2e-3)


def test_a_drift_grows_to_its_share(seen: Seen, punctual: set[int]) -> None:
    labels = seen.of(FaultKind.DRIFT)
    for one in range(len(labels)):
        series, low, high = (
            int(column[one]) for column in (labels.series, labels.from_ms, labels.to_ms)
        )
        if series not in punctual:
            continue
        found = seen.readings(series, max(low, START), min(high, END))
        share = labels.magnitude[one] * (found.time_ms - low) / (high - low)
        assert found.value == pytest.approx((1 + share) * seen.expected(found), abs=2e-3)


def test_a_wrong_clock_is_off_by_its_seconds(seen: Seen) -> None:
    labels = seen.of(FaultKind.CLOCK)
    checked = 0
    for one in range(len(labels)):
        mine = seen.by_series[labels.series[one]]
        off_ms = round(labels.magnitude[one] * 1000)
        true_ms = mine.time_ms - off_ms
        lies = (true_ms >= max(labels.from_ms[one], START)) & (true_ms < labels.to_ms[one])
        lies &= (mine.time_ms % STEP_MS != 0) & (true_ms % STEP_MS == 0) & (mine.revision == 0)
        expected = seen.clean[labels.series[one], (true_ms[lies] - START) // STEP_MS]
        assert mine.value[lies].tolist() == expected.tolist()
        checked += int(lies.sum())
    assert checked > 1_000


def test_a_backlog_comes_all_at_once_when_it_is_over(seen: Seen, punctual: set[int]) -> None:
    for series, low, high, _ in each(seen.of(FaultKind.BACKLOG), punctual):
        found = seen.readings(series, low, high)
        if high < END:
            assert (found.arrival_ms >= high).all()
            assert (found.arrival_ms < high + 10_000).all()


def test_late_readings_are_late_by_their_seconds(seen: Seen, punctual: set[int]) -> None:
    for series, low, high, late_s in each(seen.of(FaultKind.LATE), punctual):
        found = seen.readings(series, low, high)
        first = found.arrival_ms[found.revision == 0].min()
        assert 1000 * late_s <= first - low < 1000 * late_s + 10_000


def test_duplicates_say_the_same_again(seen: Seen, punctual: set[int]) -> None:
    for series, low, high, _ in each(seen.of(FaultKind.DUPLICATE), punctual):
        found = seen.readings(series, low, high)
        found = found.take(found.revision == 0)
        assert len(found) == 2
        assert len(set(found.value.tolist())) == 1
        assert len(set(found.time_ms.tolist())) == 1


def test_a_correction_comes_later_with_the_right_value(seen: Seen, punctual: set[int]) -> None:
    for series, low, high, off in each(seen.of(FaultKind.CORRECTION), punctual):
        found = seen.readings(series, low, high)
        right = found.take(found.revision == 1)
        wrong = found.take(found.revision == 0)
        assert len(right) == 1
        assert (wrong.arrival_ms.min() < right.arrival_ms).all()
        assert (wrong.quality != 0).all()
        assert right.quality.tolist() == [0]
        assert right.value.tolist() == seen.expected(right).tolist()
        assert (right.value - wrong.value) == pytest.approx(off, abs=2e-3)


def test_what_has_no_label_is_right(seen: Seen, punctual: set[int]) -> None:
    """Outside of all labels a series says what it says in a feed without faults, once a step."""
    labels = seen.labels
    labelled = np.zeros(seen.clean.shape, dtype=np.bool_)
    for one in range(len(labels)):
        low, high = (
            (max(ms, START) - START) // STEP_MS for ms in (labels.from_ms[one], labels.to_ms[one])
        )
        labelled[labels.series[one], low:high] = True
    for series in punctual:
        mine = seen.by_series[series]
        rest = mine.take(~labelled[series, (mine.time_ms - START) // STEP_MS])
        assert len(rest) == (~labelled[series]).sum()
        assert len(np.unique(rest.time_ms)) == len(rest)
        assert rest.value.tolist() == seen.expected(rest).tolist()
