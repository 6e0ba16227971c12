"""Detectors at work: each fault is seen for what it is, and a quiet day says nothing."""

from copy import deepcopy
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from support.detection import standing

from gridcast.models.alarms import AlarmBoard, Condition, Sign
from gridcast.models.detection import DeclaredSeries
from gridcast.models.detection.condition_builder import (
    DETECTED,
    HOLIDAY,
    LINE,
    LOAD,
    MODEL,
    NEIGHBOURS,
    OWN,
    TARIFF,
    ConditionBuilder,
)
from gridcast.models.detection.holidays import on_holiday
from gridcast.models.detection.watch import ReadingWatch
from gridcast.schemas import AlarmChange, AlarmKind

LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
START = 1_767_225_600_000
MINUTE = 60_000
METERS = 200
NAMES = ["f-1", *(f"m-{number}" for number in range(METERS))]
ROWS = np.arange(len(NAMES))
KNOWN = DeclaredSeries(
    capacity=np.array([2_000.0] + [10.0] * METERS, np.float32),
    least=np.zeros(len(NAMES), np.float32),
    group=np.array([-1] + [0] * METERS),
    parent=np.array([0]),
    parents=["f-1"],
    above=[("z-1",)],
)


class Grid:
    """A feeder and its meters, a reading a minute."""

    def __init__(self, days: float = 1.1) -> None:
        self.watch = ReadingWatch()
        self.rng = np.random.default_rng(8)
        self.minute = 0
        self.found: list[Condition] = []
        for _ in range(round(days * 1440)):
            self.step()

    def readings(self) -> np.ndarray:
        value = (2 + self.rng.normal(0, 0.2, METERS)).round(3)
        return np.array([value.sum() * 1.02, *value])

    def step(
        self,
        value: np.ndarray | None = None,
        late_ms: np.ndarray | int = 0,
        declared: DeclaredSeries = KNOWN,
    ) -> None:
        """Advance by a minute."""
        self.minute += 1
        tick_ms = START + self.minute * MINUTE
        if (self.minute - 1) % 15 == 0:
            self.expect(tick_ms - MINUTE)
        value = self.readings() if value is None else value
        rows = np.flatnonzero(~np.isnan(value))
        time_ms = np.broadcast_to(tick_ms - MINUTE - late_ms, ROWS.shape)[rows]
        sent_ms = np.full(len(rows), tick_ms - MINUTE + 900)
        self.watch.take(rows, value[rows], time_ms, sent_ms)
        readings, result = self.watch.look(tick_ms, declared)
        self.found = ConditionBuilder(
            result, readings, declared, NAMES, "meter.readings/0"
        ).conditions()

    def expect(self, tick_ms: int, spoiled: int | None = None) -> None:
        """Make forecasts; that of the row `spoiled` from readings in the wrong unit."""
        around = np.array([-0.33, -0.13, 0.0, 0.13, 0.33])
        median = np.array([2.0 * METERS * 1.02] + [2.0] * METERS)
        spread = np.array([14.0] + [1.0] * METERS)
        if spoiled is not None:
            median[spoiled] *= 1_000
        quantiles = median[:, None] + spread[:, None] * around
        self.watch.expect(standing(NAMES, tick_ms, LEVELS, quantiles))

    def on(self) -> list[tuple[AlarmKind, str]]:
        return [condition.key for condition in self.found if condition.sign is Sign.ON]


@pytest.fixture(scope="module")
def settled() -> Grid:
    """A grid that was watched for a day."""
    return Grid()


@pytest.fixture
def grid(settled: Grid) -> Grid:
    return deepcopy(settled)


def spoiled(grid: Grid, series: str, kw: float) -> np.ndarray:
    value = grid.readings()
    value[NAMES.index(series)] = kw
    return value


def test_a_quiet_day_says_nothing(grid: Grid) -> None:
    for _ in range(600):
        grid.step()
        assert grid.on() == []


def test_a_reading_far_off_is_told_with_what_was_expected_and_the_likeliest_cause(
    grid: Grid,
) -> None:
    for kw in (9.0, 2.0):
        grid.step(spoiled(grid, "m-3", kw))
    (seen,) = [one for one in grid.found if one.key == (AlarmKind.SPIKE, "m-3")]
    assert seen.sign is Sign.ON
    assert (seen.measured, seen.expected) == (9.0, 2.0)
    assert (seen.expected_low, seen.expected_high) == (1.67, 2.33)
    assert seen.cause == OWN
    assert seen.text == "m-3: 9.0 kW where 2.0 were expected (1.67 to 2.33)"
    assert seen.evidence["position_share"] == pytest.approx(0.5)
    assert seen.evidence["neighbours_high_share"] < 0.1


def test_a_reading_is_not_held_against_a_forecast_that_was_made_from_faults(grid: Grid) -> None:
    while grid.minute % 15:
        grid.step()
    grid.step()
    grid.expect(START + grid.minute * MINUTE, spoiled=4)
    for _ in range(5):
        grid.step()
        assert grid.on() == []


def test_errors_that_move_with_the_load_are_for_the_load_and_else_for_the_forecast(
    grid: Grid,
) -> None:
    inputs, drift = grid.watch.detection.inputs, grid.watch.detection.drift
    inputs.usual.stands[3] = drift.hours.stands[[3, 4]] = 5
    grid.step()
    told = {one.key: one for one in grid.found}
    assert told[AlarmKind.DATA_DRIFT, NAMES[3]].cause == LOAD
    assert told[AlarmKind.DRIFT, NAMES[3]].cause == LOAD
    assert told[AlarmKind.DRIFT, NAMES[4]].cause == MODEL
    inputs.group_usual.stands[0] = 5
    grid.step()
    told = {one.key: one for one in grid.found}
    assert told[AlarmKind.DATA_DRIFT, "f-1"].text.startswith("the loads of f-1 have moved")
    assert (AlarmKind.DATA_DRIFT, "f-1") in told[AlarmKind.DATA_DRIFT, NAMES[3]].under
    assert told[AlarmKind.DRIFT, NAMES[4]].cause == LOAD


def test_what_all_neighbours_do_is_one_event_and_no_fault(grid: Grid) -> None:
    value = grid.readings()
    value[1:] = 8.0
    value[0] = value[1:].sum() * 1.02
    grid.step(value)
    told = {one.key: one for one in grid.found}
    assert told[AlarmKind.SPIKE, "f-1"].cause == NEIGHBOURS
    meter = told[AlarmKind.SPIKE, "m-5"]
    assert meter.cause == NEIGHBOURS
    assert (AlarmKind.SPIKE, "f-1") in meter.under, "so the feeder's alarm stands for it"


def test_what_all_neighbours_do_at_once_at_the_half_hour_is_a_tariff_or_timers(grid: Grid) -> None:
    while (grid.minute + 1) % 30:
        grid.step()
    value = grid.readings()
    value[1:] = 8.0
    value[0] = value[1:].sum() * 1.02
    grid.step(value)
    assert {one.key: one for one in grid.found}[AlarmKind.SPIKE, "m-5"].cause == TARIFF
    for _ in range(10):
        grid.step(value)
        told = {one.key: one for one in grid.found}
        assert told[AlarmKind.SPIKE, "f-1"].cause == TARIFF, "as long as it lasts"


def test_what_all_neighbours_do_on_a_holiday_is_for_the_holiday(grid: Grid) -> None:
    off: dict[str, Any] = {
        "calendar": np.zeros(len(NAMES), np.intp),
        "calendars": [("Pacific/Auckland", "NZ")],
    }
    known = replace(KNOWN, **off)
    noon = START + grid.minute * MINUTE
    assert on_holiday(known, noon).all(), "2 January, the day after New Year's Day"
    assert not on_holiday(known, noon + 24 * 60 * MINUTE).any()
    value = grid.readings()
    value[1:] = 8.0
    grid.step(value, declared=known)
    told = {one.key: one for one in grid.found}
    assert told[AlarmKind.SPIKE, "f-1"].cause == HOLIDAY
    assert told[AlarmKind.SPIKE, "m-5"].cause == HOLIDAY


def test_what_jumps_away_and_comes_back_at_once_is_told_when_it_is_back(grid: Grid) -> None:
    for kw in (9.0, 9.2, 2.1):
        grid.step(spoiled(grid, "m-4", kw))
    assert (AlarmKind.SPIKE, "m-4") in grid.on()


def test_a_thousand_times_too_much_is_a_unit_mistake_and_not_a_spike(grid: Grid) -> None:
    grid.step(spoiled(grid, "m-2", 2_050.0))
    assert (AlarmKind.UNIT, "m-2") in grid.on()
    assert not {(AlarmKind.SPIKE, "m-2"), (AlarmKind.OUT_OF_LIMITS, "m-2")} & set(grid.on())


def test_more_than_the_line_can_carry_is_out_of_limits(grid: Grid) -> None:
    grid.step(spoiled(grid, "m-2", 14.0))
    assert (AlarmKind.OUT_OF_LIMITS, "m-2") in grid.on()


def test_a_load_below_what_can_be_is_out_of_limits(grid: Grid) -> None:
    grid.step(spoiled(grid, "m-2", -1.5))
    assert (AlarmKind.OUT_OF_LIMITS, "m-2") in grid.on()


def test_a_value_that_stays_is_a_flatline_within_a_quarter_of_an_hour(grid: Grid) -> None:
    minutes = 0
    while (AlarmKind.FLATLINE, "m-7") not in grid.on():
        grid.step(spoiled(grid, "m-7", 2.034))
        minutes += 1
        assert minutes <= 15
    for _ in range(3):
        grid.step()
    assert grid.on() == []


def test_a_meter_that_falls_silent_is_a_gap_within_a_quarter_of_an_hour(grid: Grid) -> None:
    minutes = 0
    while (AlarmKind.GAP, "m-9") not in grid.on():
        grid.step(spoiled(grid, "m-9", np.nan))
        minutes += 1
        assert minutes <= 15
    (gap,) = [one for one in grid.found if one.key == (AlarmKind.GAP, "m-9")]
    assert gap.cause == LINE
    assert gap.text == f"{minutes - 1} readings of m-9 are missing", "the newest may be late"


def test_a_dead_feeder_is_told_before_its_meters_and_stands_for_them(grid: Grid) -> None:
    minutes, first = 0, None
    while first is None:
        grid.step(np.full(len(NAMES), np.nan))
        minutes += 1
        assert minutes <= 15
        first = next(iter(grid.on()), None)
    assert first == (AlarmKind.GAP, "f-1")
    for _ in range(10):
        grid.step(np.full(len(NAMES), np.nan))
    gaps = [one for one in grid.found if one.kind is AlarmKind.GAP]
    assert len(gaps) == len(NAMES)
    assert all((AlarmKind.GAP, "f-1") in one.under for one in gaps if one.series != "f-1")
    assert gaps[0].text == "200 of the 200 series of f-1 are silent"


def test_a_dead_feeder_of_200_meters_is_one_alarm_from_its_first_silent_minute_to_its_end(
    grid: Grid,
) -> None:
    board, told = AlarmBoard("meter.readings/0"), []
    for minute in range(90):
        grid.step(np.full(len(NAMES), np.nan) if minute < 45 else None)
        told += board.judge(START + grid.minute * MINUTE, grid.found, DETECTED)
    assert [(alarm.series, alarm.kind, alarm.change) for alarm in told] == [
        ("f-1", AlarmKind.GAP, AlarmChange.RAISED),
        ("f-1", AlarmKind.GAP, AlarmChange.CLEARED),
    ]
    assert told[0].cause == "communication gap, or the feeder is dead"
    assert (told[0].raised_at.timestamp() * 1000 - START) / MINUTE - (grid.minute - 90) <= 5


def test_a_feed_that_is_silent_as_a_whole_is_one_alarm_though_it_has_many_groups(
    grid: Grid,
) -> None:
    known = replace(KNOWN, group=np.append(-1, np.arange(METERS) % 4), parent=np.full(4, -1))
    known = replace(known, parents=["f-1", "f-2", "f-3", "f-4"], above=[("z-1",)] * 4)
    board, told = AlarmBoard("meter.readings/0"), []
    for minute in range(60):
        value = np.full(len(NAMES), np.nan) if minute < 30 else grid.readings()
        grid.step(value, declared=known)
        told += board.judge(START + grid.minute * MINUTE, grid.found, DETECTED)
    assert [(alarm.kind, alarm.series, alarm.change) for alarm in told] == [
        (AlarmKind.FEED_STALE, "meter.readings/0", AlarmChange.RAISED),
        (AlarmKind.FEED_STALE, "meter.readings/0", AlarmChange.CLEARED),
    ]
    assert told[0].text == "201 of the 201 series of meter.readings/0 are silent"


def test_a_clock_that_stands_still_is_told(grid: Grid) -> None:
    behind = np.zeros(len(NAMES), np.int64)
    for minutes in range(1, 9):
        behind[4] = minutes * MINUTE
        grid.step(late_ms=behind)
    assert (AlarmKind.CLOCK, NAMES[4]) in grid.on()


def test_a_history_that_is_read_at_once_and_live_readings_after_it_are_no_wrong_clocks(
    grid: Grid,
) -> None:
    for minutes in range(120, -30, -1):
        grid.step(late_ms=-max(minutes, 0) * 10 * MINUTE)
        assert not [kind for kind, _ in grid.on() if kind is AlarmKind.CLOCK]


def test_a_parent_that_is_not_the_sum_of_its_parts_is_told(grid: Grid) -> None:
    value = grid.readings()
    value[0] *= 0.7
    grid.step(value)
    assert (AlarmKind.DISAGREEMENT, "f-1") in grid.on()


def test_nothing_is_said_of_a_parent_and_its_parts_before_a_day_has_shown_how_they_lie() -> None:
    grid = Grid(days=0)
    for minute in range(300):
        value = grid.readings()
        value[0] *= 0.7 if minute % 60 == 1 else 1
        grid.step(value)
        assert grid.on() == []


def test_a_series_that_nothing_is_known_of_is_watched_all_the_same() -> None:
    watch = ReadingWatch()
    nothing = DeclaredSeries(
        np.full(1, np.nan, np.float32),
        np.zeros(1, np.float32),
        np.array([-1]),
        np.zeros(0, np.intp),
        [],
        [],
    )
    looked = None
    for minute in range(40):
        at = np.array([START + minute * MINUTE])
        if minute < 20:
            watch.take(np.array([0]), np.array([minute * 0.01]), at, at)
        looked = watch.look(int(at[0]) + MINUTE, nothing)
    assert looked is not None
    look, seen = looked
    assert [
        one.key
        for one in ConditionBuilder(seen, look, nothing, ["m"], "meter.readings/0").conditions()
    ] == [(AlarmKind.GAP, "m")]
