from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.plain_windows import Row, columns, slot_of, winners

from gridcast.models.windows import FoldCounts, Windows, WindowSpec
from gridcast.models.windows.marks import PLAIN, share_of
from gridcast.schemas.quality import Quality

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
START = 20_000 * DAY

STEPS = st.sampled_from([1, 5, 10, 15, 30, 60])
QUALITIES = st.sampled_from(
    [Quality.VALID, Quality.VALID, Quality.ESTIMATED_LINEAR, Quality.QUESTIONABLE]
)


@st.composite
def readings(draw: st.DrawFn) -> list[Row]:
    """Readings of a few series within two hours, with copies, corrections and contradictions."""
    times = st.one_of(
        st.integers(0, 23).map(lambda five: START + five * 5 * MINUTE),
        st.integers(START, START + 2 * HOUR - 1),
    )
    row = st.tuples(
        st.sampled_from(["a", "b", "c"]),
        times,
        st.floats(-1e6, 1e6, width=32),
        QUALITIES.map(int),
        st.sampled_from([0, 0, 0, 1, 2]),
    )
    rows = draw(st.lists(row, min_size=1, max_size=40))
    again = draw(st.lists(st.sampled_from(rows), max_size=15))
    corrected = draw(st.lists(st.sampled_from(rows), max_size=10))
    corrections = [(s, t, v + 1.5, q, revision + 1) for s, t, v, q, revision in corrected]
    return rows + again + corrections


def batches(draw: Callable[..., Any], rows: list[Row]) -> list[list[Row]]:
    rows = list(draw(st.permutations(rows)))
    cuts = sorted(draw(st.lists(st.integers(0, len(rows)), max_size=6)))
    return [rows[a:b] for a, b in zip([0, *cuts], [*cuts, len(rows)], strict=True)]


def cut_of(windows: Windows, series: str, slots: int) -> tuple[bytes, bytes]:
    row = windows.roster.row(series)
    assert row is not None
    mean, mark = windows.cut(slots, slice(row, row + 1))
    return mean.tobytes(), mark.tobytes()


@given(st.data(), readings(), STEPS, st.sampled_from([0, 1, 7, 40]))
@settings(deadline=None, max_examples=150)
def test_any_order_and_any_batches_give_the_same_bits(
    data: st.DataObject, rows: list[Row], step: int, hold: int
) -> None:
    spec = WindowSpec(step_minutes=step, days=1, fine_minutes=180, hold_minutes=hold)
    once = Windows(spec)
    once.fold(columns(rows))
    once.advance(START + 2 * HOUR)
    parts = Windows(spec)
    for batch in batches(data.draw, rows):
        parts.fold(columns(batch))
        if data.draw(st.booleans()):  # ticks go on in between: all of it is still kept finely
            minute = data.draw(st.integers(0, 120))
            parts.advance(max(parts.tick_ms or 0, START + minute * MINUTE))
    parts.advance(START + 2 * HOUR)
    slots = 2 * 60 // step + 1
    for series in once.roster.names:
        assert cut_of(parts, series, slots) == cut_of(once, series, slots)


@given(readings(), STEPS, st.sampled_from([0, 1, 7, 40]))
@settings(deadline=None, max_examples=150)
def test_a_slot_is_the_energy_over_the_measured_time(rows: list[Row], step: int, hold: int) -> None:
    spec = WindowSpec(step_minutes=step, days=1, fine_minutes=180, hold_minutes=hold)
    windows = Windows(spec)
    windows.fold(columns(rows))
    windows.advance(START + 3 * HOUR)
    slots = 3 * 60 // step
    mean, mark = windows.cut(slots)
    for series, kept in winners(rows).items():
        row = windows.roster.row(series)
        for i in range(slots):
            expected, share = slot_of(kept, START + i * spec.step_ms, spec)
            assert mean[i, row] == pytest.approx(expected, rel=1e-6, abs=1e-6, nan_ok=True)
            assert share_of(mark[i : i + 1, row]) == pytest.approx(float(share), abs=0.5 / 253)


@given(st.data(), readings())
@settings(deadline=None, max_examples=100)
def test_every_reading_is_counted_once(data: st.DataObject, rows: list[Row]) -> None:
    windows = Windows(WindowSpec(days=1))
    windows.advance(START + data.draw(st.integers(0, 200)) * MINUTE)
    counts = FoldCounts()
    for batch in batches(data.draw, rows):
        counts += windows.fold(columns(batch))
    assert counts.accepted == len({row[:2] for row in rows})
    assert counts.accepted + counts.corrected + counts.duplicate == len(rows)


def test_one_reading_a_slot_is_a_share_of_one_and_the_value_itself() -> None:
    windows = Windows(WindowSpec(days=1))
    windows.fold(columns([("a", START + i * 15 * MINUTE, 0.1 * i, 0, 0) for i in range(8)]))
    windows.advance(START + 2 * HOUR)
    mean, mark = windows.cut(8)
    assert mean[:, 0].tolist() == [np.float32(0.1 * i) for i in range(8)]
    assert mark[:, 0].tolist() == [PLAIN] * 8


def test_a_reading_stands_over_into_the_next_slot() -> None:
    windows = Windows(WindowSpec(days=1))
    windows.fold(
        columns([("a", START + 7 * MINUTE, 15.0, 0, 0), ("a", START + 20 * MINUTE, 30.0, 0, 0)])
    )
    windows.advance(START + 30 * MINUTE)
    mean, mark = windows.cut(2)
    assert mean[:, 0].tolist() == [15.0, pytest.approx((5 * 15 + 10 * 30) / 15)]
    assert share_of(mark[:, 0]).tolist() == [pytest.approx(8 / 15, abs=2e-3), 1.0]


def test_a_late_reading_lands_in_its_own_slot() -> None:
    windows = Windows(WindowSpec(days=1))
    windows.fold(columns([("a", START + i * 15 * MINUTE, 1.0, 0, 0) for i in (0, 1, 3)]))
    windows.advance(START + HOUR)
    assert np.isnan(windows.cut(4)[0][2, 0])
    counts = windows.fold(columns([("a", START + 30 * MINUTE, 5.0, 0, 0)]))
    assert counts == FoldCounts(accepted=1, late=1)
    assert windows.cut(4)[0][:, 0].tolist() == [1.0, 1.0, 5.0, 1.0]


def test_a_rejected_reading_is_not_used_and_ends_the_one_before() -> None:
    windows = Windows(WindowSpec(days=1))
    doubtful = int(Quality.QUESTIONABLE)
    windows.fold(columns([("a", START, 1.0, 0, 0), ("a", START + 6 * MINUTE, 99.0, doubtful, 0)]))
    windows.advance(START + 15 * MINUTE)
    mean, mark = windows.cut(1)
    assert mean[0, 0] == 1.0
    assert share_of(mark[:, 0])[0] == pytest.approx(6 / 15, abs=2e-3)


def test_an_estimate_is_used_only_where_nothing_was_measured() -> None:
    windows = Windows(WindowSpec(days=1))
    guess = int(Quality.ESTIMATED_LINEAR)
    rows = [("a", START, 1.0, 0, 0), ("a", START + 10 * MINUTE, 9.0, guess, 0)]
    windows.fold(columns([*rows, ("a", START + 15 * MINUTE, 7.0, guess, 0)]))
    windows.advance(START + 30 * MINUTE)
    mean, mark = windows.cut(2)
    assert mean[:, 0].tolist() == [1.0, 7.0]
    assert share_of(mark[:, 0]).tolist() == [pytest.approx(10 / 15, abs=2e-3), 0.0]


@pytest.mark.parametrize("step", [1, 5, 10, 15, 30, 60])
def test_last_weeks_same_hour_is_inside_the_window(step: int) -> None:
    spec = WindowSpec(step_minutes=step)
    windows = Windows(spec)
    tick = START + 9 * DAY
    windows.fold(columns([("a", tick - 7 * DAY - HOUR, 42.0, 0, 0)]))
    windows.advance(tick)
    mean, _ = windows.cut(spec.slots)
    assert mean[-(7 * spec.day + 60 // step), 0] == 42.0


def test_a_reading_older_than_the_window_makes_no_series() -> None:
    windows = Windows(WindowSpec(days=1))
    windows.advance(START)
    assert windows.fold(columns([("a", START - 2 * DAY, 1.0, 0, 0)])) == FoldCounts(too_old=1)
    assert len(windows) == 0


def test_series_appear_and_silent_ones_are_let_go() -> None:
    windows = Windows(WindowSpec(days=1))
    windows.fold(columns([("old", START, 1.0, 0, 0)]))
    windows.advance(START + HOUR)
    for i in range(1, 3 * 96):
        time = START + HOUR + i * 15 * MINUTE
        windows.fold(columns([("new", time, float(i), 0, 0)]))
        windows.advance(time)
        stay = windows.let_go()
        if stay is not None:
            assert stay.tolist() == [1]
            assert time - START > DAY
    assert windows.roster.names == ["new"]
    mean, _ = windows.cut(96)
    assert mean[:, 0].tolist() == [float(i) for i in range(3 * 96 - 97, 3 * 96 - 1)]


def test_series_that_come_one_by_one_are_not_copied_each_time() -> None:
    windows, rooms = Windows(WindowSpec(days=1)), set[int]()
    for i in range(3_000):
        windows.fold(columns([(f"s{i}", START, float(i), 0, 0)]))
        whole = windows.roster.last_ms.base  # what it is a view of has room for more
        rooms.add(len(whole) if whole is not None else len(windows))
    assert len(rooms) < 100
    windows.advance(START + 15 * MINUTE)
    assert windows.cut(1)[0][0].tolist() == list(range(3_000))


def test_a_series_that_was_let_go_starts_afresh() -> None:
    windows = Windows(WindowSpec(days=1))
    windows.fold(columns([("a", START, 1.0, 0, 0), ("b", START + DAY, 1.0, 0, 0)]))
    windows.advance(START + DAY + HOUR)
    assert windows.let_go() is not None
    windows.fold(columns([("a", START + DAY, 2.0, 0, 0)]))
    assert windows.roster.names == ["b", "a"]
    assert windows.roster.numbers.tolist() == [1, 2]
    assert windows.cut(4)[0][0].tolist() == [1.0, 2.0]


def test_a_load_beyond_all_reason_does_not_overflow() -> None:
    windows = Windows(WindowSpec(days=1))
    windows.fold(columns([("a", START, 1.7e308, 0, 0), ("b", START, -1.7e308, 0, 0)]))
    windows.advance(START + 15 * MINUTE)
    assert windows.cut(1)[0][0].tolist() == [np.float32(1e30), np.float32(-1e30)]


def test_the_open_slot_shows_what_came_before_the_tick() -> None:
    windows = Windows(WindowSpec(days=1, hold_minutes=1))
    windows.fold(columns([("a", START + i * MINUTE, float(i), 0, 0) for i in range(10)]))
    windows.advance(START + 4 * MINUTE)
    slot = windows.open_slot()
    assert slot.mean[0] == 1.5
    assert share_of(slot.mark)[0] == 1.0


def measured_once() -> Windows:
    windows = Windows(WindowSpec(days=1))
    windows.fold(columns([("a", START, 1.0, 0, 0), ("b", START, 2.0, 0, 0)]))
    windows.advance(START + 15 * MINUTE)
    return windows


def test_a_recalled_slot_is_cut_as_measured_whole_and_is_kept() -> None:
    windows = measured_once()
    oldest, newest = windows.start, windows.fine - 1
    for slot in (oldest, newest):
        windows.recall(slot, np.array([5, slot - oldest], np.float32))
    mean, mark = windows.cut(windows.spec.slots)
    assert mean[0].tolist() == [5, 0]
    assert mean[newest - oldest].tolist() == [5, newest - oldest]
    assert (mark[[0, newest - oldest]] == PLAIN).all()
    assert share_of(mark[1]).tolist() == [0, 0], "nothing is known of the one beside"
    assert {oldest, newest} <= windows.recorded.columns


@pytest.mark.parametrize("beyond", ["start", "fine"])
def test_a_slot_that_is_not_compacted_is_not_recalled(beyond: str) -> None:
    windows = measured_once()
    slot = {"start": windows.start - 1, "fine": windows.fine}[beyond]
    before: tuple[np.ndarray, ...] = windows.cut(windows.spec.slots)
    with pytest.raises(ValueError, match=f"slot {slot} is not one of"):
        windows.recall(slot, np.array([5, 7], np.float32))
    again: tuple[np.ndarray, ...] = windows.cut(windows.spec.slots)
    pairs = zip(again, before, [True, False], strict=True)
    assert all(np.array_equal(now, then, equal_nan) for now, then, equal_nan in pairs)


def test_a_tick_never_goes_back() -> None:
    windows = Windows(WindowSpec())
    windows.advance(START)
    with pytest.raises(ValueError, match="never goes back"):
        windows.advance(START - MINUTE)


@pytest.mark.parametrize(
    "wrong", [{"step_minutes": 7}, {"days": 0}, {"hold_minutes": 121}, {"fine_minutes": 5}]
)
def test_a_window_that_cannot_be_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"must be|is one of|at least"):
        WindowSpec(**wrong)
