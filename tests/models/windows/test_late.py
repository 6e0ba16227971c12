"""Readings for slots that were compacted already."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.plain_windows import Row, columns

from gridcast.models.windows import FoldCounts, Windows, WindowSpec
from gridcast.schemas.quality import Quality

MINUTE = 60_000
STEP = 15 * MINUTE
DAY = 96 * STEP
START = 20_000 * DAY
TICK = START + DAY


def value_at(windows: Windows, slot: int) -> float:
    return float(windows.cut(96)[0][slot, 0])


def interval_meter() -> Windows:
    """A day of one reading a slot, but for slots 10 to 13."""
    windows = Windows(WindowSpec(days=1))
    slots = [i for i in range(96) if i not in range(10, 14)]
    windows.fold(columns([("a", START + i * STEP, float(i), 0, 0) for i in slots]))
    windows.advance(TICK)
    return windows


def test_a_stretch_delivered_hours_later_fills_its_slots() -> None:
    windows = interval_meter()
    missing: list[Row] = [("a", START + i * STEP, float(i), 0, 0) for i in range(10, 14)]
    assert windows.fold(columns(missing)) == FoldCounts(accepted=4, late=4)
    assert windows.fold(columns(missing)) == FoldCounts(duplicate=4, late=4)
    assert windows.cut(96)[0][:, 0].tolist() == [float(i) for i in range(96)]


def test_a_copy_hours_later_counts_once() -> None:
    windows = interval_meter()
    assert windows.fold(columns([("a", START, 0.0, 0, 0)])) == FoldCounts(duplicate=1, late=1)
    assert value_at(windows, 0) == 0.0


def test_a_correction_hours_later_replaces_and_is_not_undone() -> None:
    windows = interval_meter()
    windows.fold(columns([("a", START + 5 * STEP, 50.0, 0, 2)]))
    assert value_at(windows, 5) == 50.0
    counts = windows.fold(columns([("a", START + 5 * STEP, 49.0, 0, 1)]))
    assert counts.duplicate == 1
    assert value_at(windows, 5) == 50.0


def test_a_correction_is_still_known_when_its_slot_was_compacted() -> None:
    windows = Windows(WindowSpec(days=1))
    windows.fold(columns([("a", START, 7.0, 0, 3)]))
    windows.advance(TICK)
    assert windows.fold(columns([("a", START, 9.0, 0, 2)])) == FoldCounts(duplicate=1, late=1)
    assert value_at(windows, 0) == 7.0


def test_a_reading_rejected_hours_later_leaves_a_gap() -> None:
    windows = interval_meter()
    windows.fold(columns([("a", START + 5 * STEP, 5.0, int(Quality.QUESTIONABLE), 1)]))
    assert np.isnan(value_at(windows, 5))


def test_a_slot_made_of_several_readings_is_sealed() -> None:
    windows = Windows(WindowSpec(days=1))
    rows: list[Row] = [("a", START + i * MINUTE, 1.0, 0, 0) for i in range(10)]
    windows.fold(columns(rows))
    windows.advance(TICK)
    assert windows.fold(columns(rows)) == FoldCounts(sealed=10, late=10)
    assert value_at(windows, 0) == 1.0


@given(st.data())
@settings(deadline=None, max_examples=100)
def test_an_interval_meters_window_is_exact_however_late_its_readings_come(
    data: st.DataObject,
) -> None:
    """One reading a slot, measured or missing, and corrected: any order, long after the tick."""
    row = st.tuples(st.integers(0, 40), st.floats(-99, 99, width=32), st.integers(0, 3))
    facts = data.draw(st.lists(row, min_size=1, max_size=30))
    rows: list[Row] = [("a", START + i * STEP, v, 0, revision) for i, v, revision in facts]
    once, piecemeal = Windows(WindowSpec(days=1)), Windows(WindowSpec(days=1))
    once.fold(columns(rows))
    once.advance(TICK)
    for reading in data.draw(st.permutations(rows)):
        piecemeal.fold(columns([reading]))
        if data.draw(st.booleans()):
            minute = data.draw(st.integers(0, 24 * 60))
            piecemeal.advance(max(piecemeal.tick_ms or 0, START + minute * MINUTE))
    piecemeal.advance(TICK)
    parts: tuple[np.ndarray, ...] = piecemeal.cut(96)
    whole: tuple[np.ndarray, ...] = once.cut(96)
    for ours, theirs in zip(parts, whole, strict=True):
        assert ours.tobytes() == theirs.tobytes()


@pytest.mark.parametrize("order", [1, -1])
def test_late_readings_of_an_empty_slot_make_it_up_in_any_order(order: int) -> None:
    windows = interval_meter()
    rows: list[Row] = [("a", START + 10 * STEP + i * 5 * MINUTE, float(i), 0, 0) for i in range(3)]
    for reading in rows[::order]:
        windows.fold(columns([reading]))
    assert value_at(windows, 10) == 1.0
