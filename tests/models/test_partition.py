"""A partition: ticks where the watermark says, and the same state after any restart."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.plain_windows import Row, columns

from gridcast.models.partition import Partition
from gridcast.models.records import RecordError
from gridcast.models.simulator import FAULTS, Simulation, build_grid, spread_series
from gridcast.models.windows.spec import WindowSpec
from gridcast.schemas.columns import ReadingColumns

MINUTE = 60_000
START = 20_000 * 24 * 60 * MINUTE
SPEC = WindowSpec(step_minutes=5, days=1, fine_minutes=20, hold_minutes=7)
LATENESS = 2 * MINUTE
NOTHING = np.empty(0, np.int64)

Table = dict[str, bytes]
Seen = dict[int, tuple[int, bytes]]
"""By tick: the input it contains, and the windows as bytes."""


def row(minute: float, series: str = "a", value: float = 1.0) -> Row:
    return (series, START + round(minute * MINUTE), value, 0, 0)


def record(table: Table, partition: Partition) -> None:
    for key, value in partition.changes().items():
        if value is None:
            table.pop(key, None)
        else:
            table[key] = value


def look(partition: Partition) -> tuple[int, bytes]:
    mean, mark = partition.windows.cut(SPEC.slots)
    opened = partition.windows.open_slot()
    names = partition.windows.roster.names
    order = np.argsort(names)
    parts: list[np.ndarray] = [
        mean[:, order],
        mark[:, order],
        opened.mean[order],
        opened.mark[order],
    ]
    return partition.next_offset, b"".join(
        [repr(sorted(names)).encode(), *(p.tobytes() for p in parts)]
    )


def feed(partition: Partition, messages: list[list[Row]], first: int, seen: Seen) -> None:
    """Hand over messages (a list of readings each) as one batch, and note the ticks."""
    offset = [first + place for place, message in enumerate(messages) for _ in message]
    rows = columns([reading for message in messages for reading in message])
    for tick in partition.take(
        rows, rows.time_ms, np.array(offset, np.int64), first + len(messages)
    ):
        assert tick.time_ms == partition.tick_ms
        state = look(partition)
        assert seen.setdefault(tick.time_ms, state) == state, "a tick that is closed again differs"


def test_a_tick_closes_when_the_watermark_reaches_it() -> None:
    partition = Partition(SPEC, LATENESS)
    seen: Seen = {}
    feed(partition, [[row(0)]], 0, seen)
    assert list(seen) == [START - 2 * MINUTE]
    feed(partition, [[row(0.9)], [row(0.5)]], 1, seen)
    assert len(seen) == 1
    feed(partition, [[row(1)]], 3, seen)
    assert list(seen)[1:] == [START - MINUTE]
    assert partition.watermark_ms == START - MINUTE


def test_a_clock_that_is_ahead_closes_no_tick_before_its_time() -> None:
    partition = Partition(SPEC, LATENESS)
    rows, sent_ms = columns([row(0), row(4, "fast")]), np.array([START, START + 30_000])
    ticks = list(partition.take(rows, sent_ms, np.arange(2), 2))
    assert [tick.time_ms for tick in ticks] == [START - LATENESS]
    assert partition.newest_ms == START + 30_000
    assert partition.counts.accepted == 2, "the reading itself is used"


def test_a_jump_closes_every_tick_in_between() -> None:
    partition = Partition(SPEC, LATENESS)
    seen: Seen = {}
    feed(partition, [[row(0)], [row(4)]], 0, seen)
    assert [time - START for time in seen] == [n * MINUTE for n in (-2, -1, 0, 1, 2)]


def test_after_a_silence_longer_than_the_window_time_goes_on_at_its_end() -> None:
    partition = Partition(SPEC, LATENESS)
    seen: Seen = {}
    feed(partition, [[row(0)], [row(100 * 24 * 60)]], 0, seen)
    assert len(seen) == 24 * 60 + 2


def test_the_readings_of_one_message_stay_together() -> None:
    """A frame is contained or not; a tick does not close in its middle."""
    partition = Partition(SPEC, LATENESS)
    seen: Seen = {}
    feed(partition, [[row(0)], [row(3, "a"), row(1, "b"), row(2, "c")]], 7, seen)
    assert {offset for offset, _ in seen.values()} == {8, 9}
    assert len(partition.windows) == 3


def test_messages_without_a_reading_are_contained_too() -> None:
    partition = Partition(SPEC, LATENESS)
    assert list(partition.take(columns([]), NOTHING, NOTHING, 12)) == []
    assert partition.next_offset == 12


def test_the_clock_closes_ticks_where_no_reading_comes() -> None:
    partition = Partition(SPEC, LATENESS)
    seen: Seen = {}
    assert list(partition.close_by_clock(START)) == [], "a partition that knows nothing has no tick"
    feed(partition, [[row(0)]], 0, seen)
    ticks = list(partition.close_by_clock(START + 30_000))
    assert [(tick.time_ms - START) // MINUTE for tick in ticks] == [-1, 0]
    assert all(tick.by_clock for tick in ticks)
    feed(partition, [[row(1)], [row(2)]], 1, seen)
    assert list(seen) == [START - 2 * MINUTE], "what the clock has closed is not closed again"


def test_a_record_that_is_missing_is_named() -> None:
    partition, table = Partition(SPEC, LATENESS), Table()
    feed(partition, [[row(0)]], 0, {})
    record(table, partition)
    del table["clock"]
    with pytest.raises(RecordError, match="record clock: missing"):
        Partition(SPEC, LATENESS, table)


def up_to(now: float) -> st.SearchStrategy[float]:
    """Draw minutes of the last 45 and the next one and a half."""
    return st.integers(-90, 3).map(lambda ago: now + ago / 2)


@st.composite
def histories(draw: st.DrawFn) -> list[list[Row]]:
    """Messages of a few series: late, early, twice, in frames, with silences."""
    messages, now = [], 0.0
    for _ in range(draw(st.integers(1, 25))):
        now += draw(st.sampled_from([0, 0, 0.3, 1, 1, 2.5, 9, 61]))
        minutes = up_to(now)
        reading = st.tuples(
            st.sampled_from("abcd"),
            minutes.map(lambda at: START + round(at * MINUTE)),
            st.floats(-1e3, 1e3, width=32),
            st.sampled_from([0, 0, 0, 9, 10]),
            st.sampled_from([0, 0, 1]),
        )
        messages.append(draw(st.lists(reading, max_size=3)))
    return messages


TURNS = st.lists(st.booleans(), min_size=1)


@given(histories(), st.lists(st.integers(1, 6), min_size=1), TURNS, TURNS)
@settings(deadline=None, max_examples=60)
def test_wherever_batches_are_cut_and_workers_killed_each_tick_sees_the_same(
    messages: list[list[Row]], cuts: list[int], kills: list[bool], checkpoints: list[bool]
) -> None:
    """A crash between two checkpoints reads on from the last one, and closes some ticks again."""
    undisturbed: Seen = {}
    feed(Partition(SPEC, LATENESS), messages, 0, undisturbed)

    seen: Seen = {}
    partition, table = Partition(SPEC, LATENESS), Table()
    turn = 0
    while partition.next_offset < len(messages):
        first = partition.next_offset
        size = cuts[turn % len(cuts)]
        feed(partition, messages[first : first + size], first, seen)
        if kills[turn % len(kills)] and turn < 40:
            partition = Partition(SPEC, LATENESS, table)
            size = max(cuts)
            feed(partition, messages[partition.next_offset :][:size], partition.next_offset, seen)
        if checkpoints[turn % len(checkpoints)]:
            record(table, partition)
        turn += 1
    record(table, partition)
    assert seen == undisturbed
    loaded = Partition(SPEC, LATENESS, table)
    assert look(loaded) == look(partition)
    assert loaded.newest_ms == partition.newest_ms


@pytest.mark.parametrize(("faults", "most"), [("none", 5.5), ("mild", 8.0)])
def test_a_series_and_minute_costs_few_bytes_whatever_comes_late(faults: str, most: float) -> None:
    grid = build_grid(seed=1, country_code="KR", meters_of=spread_series(1_000))
    simulated = Simulation(grid, seed=1, step_s=60, faults=FAULTS[faults])
    partition, sent, ticks = Partition(WindowSpec(hold_minutes=3), 5_000), 0, 0
    for chunk in simulated.chunks(START, START + 150 * MINUTE):
        come = chunk.arrivals
        names = [f"meter-{series}" for series in come.series]
        rows = ReadingColumns(names, come.time_ms, come.value, come.quality, come.revision)
        for tick in partition.take(rows, rows.time_ms, np.arange(len(rows)), len(rows)):
            changed = partition.changes()
            if tick.time_ms >= START + 60 * MINUTE:
                sent += sum(len(value) for value in changed.values() if value)
                ticks += 1
    assert (partition.counts.late > 0) == (faults == "mild")
    assert sent / ticks / len(partition.windows) < most
