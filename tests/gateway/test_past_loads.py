"""The recent past: the mean of each slot in a ring, and the newest reading of each series."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from gridcast.gateway.past_loads import PastLoads
from gridcast.schemas import Quality, ReadingColumns

STEP_MS, SLOTS = 60_000, 5


def fold(
    past: PastLoads, *readings: tuple[str, int, float], quality: int = 0, offset: int = 0
) -> None:
    """Fold in readings: series, time (ms), value."""
    count = len(readings)
    columns = ReadingColumns(
        [series for series, _, _ in readings],
        np.array([time_ms for _, time_ms, _ in readings], np.int64),
        np.array([value for _, _, value in readings]),
        np.full(count, quality, np.uint8),
        np.zeros(count, np.int32),
    )
    past.fold(columns, 0, np.arange(offset, offset + count))


def test_slots_that_the_ring_has_passed_are_emptied() -> None:
    past = PastLoads(STEP_MS, SLOTS)
    fold(past, ("m", 0, 1.0), ("n", 0, 5.0))
    fold(past, ("m", 3 * STEP_MS, 2.0))
    assert past.of("m") == [(0, 1.0), (3 * STEP_MS, 2.0)]
    fold(past, ("m", 6 * STEP_MS, 3.0))
    assert past.of("m") == [(3 * STEP_MS, 2.0), (6 * STEP_MS, 3.0)]
    assert past.of("n") == []
    fold(past, ("m", 100 * STEP_MS, 4.0))
    assert past.of("m") == [(100 * STEP_MS, 4.0)]


def test_readings_before_the_ring_are_ignored() -> None:
    past = PastLoads(STEP_MS, SLOTS)
    fold(past, ("m", 10 * STEP_MS, 1.0), ("m", 5 * STEP_MS, 9.0), ("m", 6 * STEP_MS, 2.0))
    assert past.of("m") == [(6 * STEP_MS, 2.0), (10 * STEP_MS, 1.0)]


def test_a_questionable_reading_is_shown_but_not_averaged() -> None:
    past = PastLoads(STEP_MS, SLOTS)
    fold(past, ("m", 0, 7.0), quality=Quality.QUESTIONABLE)
    assert past.of("m") == []
    assert [newest.value for newest in past.drain_newest()] == [7.0]


def test_an_unknown_series_has_no_past() -> None:
    assert PastLoads(STEP_MS, SLOTS).of("m") == []


def test_the_newest_reading_is_returned_once_and_an_older_one_never() -> None:
    past = PastLoads(STEP_MS, SLOTS)
    fold(past, ("m", 2_000, 2.0), ("m", 1_000, 1.0), offset=40)
    (newest,) = past.drain_newest()
    assert (newest.series, newest.value, newest.time_ms, newest.offset) == ("m", 2.0, 2_000, 40)
    fold(past, ("m", 1_500, 1.5))
    assert list(past.drain_newest()) == []


@given(
    st.lists(
        st.tuples(st.sampled_from("abcdef"), st.integers(0, 20 * STEP_MS), st.integers(-9, 9)),
        max_size=60,
    )
)
def test_in_any_order_the_ring_holds_what_a_list_would(
    readings: list[tuple[str, int, int]],
) -> None:
    past = PastLoads(STEP_MS, SLOTS)
    kept: list[tuple[str, int, int]] = []
    head = None
    for series, time_ms, value in readings:
        fold(past, (series, time_ms, float(value)))
        slot = time_ms // STEP_MS
        head = slot if head is None else max(head, slot)
        kept = [reading for reading in kept if reading[1] > head - SLOTS]
        if slot > head - SLOTS:
            kept.append((series, slot, value))
    for series in "abcdef":
        slots = sorted({slot for name, slot, _ in kept if name == series})
        values = {s: [v for name, at, v in kept if (name, at) == (series, s)] for s in slots}
        expected = [(s * STEP_MS, round(float(np.mean(values[s])), 3)) for s in slots]
        assert [time for time, _ in past.of(series)] == [time for time, _ in expected]
        np.testing.assert_allclose(
            [mean for _, mean in past.of(series)], [mean for _, mean in expected], atol=0.001
        )
