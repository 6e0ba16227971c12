import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.plain_windows import Row, columns

from gridcast.models.records import Record, RecordError, RecordKind, decode, encode
from gridcast.models.windows import Windows, WindowSpec
from gridcast.models.windows.snapshot import changes, load

MINUTE = 60_000
START = 20_000 * 24 * 60 * MINUTE
SPEC = WindowSpec(step_minutes=5, days=1, fine_minutes=20, hold_minutes=7)

Table = dict[str, bytes]


def record(table: Table, windows: Windows) -> None:
    """Put the changes into a table, as a compacted topic would."""
    for key, value in changes(windows).items():
        if value is None:
            table.pop(key, None)
        else:
            table[key] = value


def state(windows: Windows) -> dict[str, tuple[bytes, bytes]]:
    mean, mark = windows.cut(SPEC.slots)
    names = windows.roster.names
    return {name: (mean[:, i].tobytes(), mark[:, i].tobytes()) for i, name in enumerate(names)}


def readings_in(windows: Windows) -> dict[int, tuple[bytes, ...]]:
    return {
        number: tuple(part.tobytes() for part in (m.key, m.value, m.revision, m.quality))
        for number, m in windows.minutes.items()
    }


def times_about(now: int) -> st.SearchStrategy[int]:
    """Draw times of the last two hours and the next six minutes."""
    return st.integers(-120, 6).map(lambda ago: START + (now + ago) * MINUTE)


@st.composite
def batches(draw: st.DrawFn) -> list[tuple[list[Row], int]]:
    """Batches of readings, each followed by a tick some minutes on: some come hours late."""
    done, now = [], 0
    for _ in range(draw(st.integers(1, 12))):
        row = st.tuples(
            st.sampled_from(["a", "b", "c", "d"]),
            times_about(now),
            st.floats(-1e3, 1e3, width=32),
            st.sampled_from([0, 0, 0, 9, 10]),
            st.sampled_from([0, 0, 1]),
        )
        rows = draw(st.lists(row, max_size=12))
        now += draw(st.sampled_from([1, 5, 5, 20, 61, 1500]))
        done.append((rows, START + now * MINUTE))
    return done


@given(st.data(), batches())
@settings(deadline=None, max_examples=50)
def test_a_worker_that_starts_from_records_goes_on_as_the_one_before(
    data: st.DataObject, parts: list[tuple[list[Row], int]]
) -> None:
    """Checkpoints in the middle of a minute, none for several ticks, a new worker after any."""
    lasting, table = Windows(SPEC), Table()
    successor = Windows(SPEC)
    for rows, tick in parts:
        lasting.fold(columns(rows))
        cut = data.draw(st.integers(0, len(rows)))
        successor.fold(columns(rows[:cut]))
        if data.draw(st.booleans()):
            record(table, successor)
            if data.draw(st.booleans()):
                successor = load(SPEC, table)
        successor.fold(columns(rows[cut:]))
        for windows in (lasting, successor):
            windows.advance(tick)
            windows.let_go()
        assert state(successor) == state(lasting)
        assert successor.silent().tolist() == lasting.silent().tolist()
        assert successor.roster.numbers.tolist() == lasting.roster.numbers.tolist()
    record(table, successor)
    again = load(SPEC, table)
    assert state(again) == state(lasting)
    assert readings_in(again) == readings_in(lasting)
    assert {k: v for k, v in changes(again).items() if v} == {"head": table["head"]}


def filled() -> tuple[Windows, Table]:
    windows, table = Windows(SPEC), Table()
    for i in range(60):
        rows: list[Row] = [(f"s{k}", START + i * MINUTE, 1.0 * k, 0, 0) for k in range(50)]
        windows.fold(columns(rows))
        windows.advance(START + (i + 1) * MINUTE)
        record(table, windows)
    return windows, table


def test_a_partition_is_about_as_many_records_as_slots() -> None:
    spec, table = WindowSpec(days=2), Table()
    windows = Windows(spec)
    for i in range(2 * 96):
        windows.fold(columns([(f"s{k}", START + i * 15 * MINUTE, 1.0, 0, 0) for k in range(9)]))
        windows.advance(START + (i + 1) * 15 * MINUTE)
        record(table, windows)
    assert len([key for key in table if key.startswith("slot/")]) == spec.slots - 8
    assert len([key for key in table if key.startswith("readings/")]) == 8
    assert len(table) == spec.slots + 3, "and the head, the list of series and the border"


def test_a_late_reading_is_recorded_by_itself_and_once() -> None:
    windows, _ = filled()
    late: Row = ("s1", START + 50 * MINUTE + 1, 1.0, 0, 0)
    windows.fold(columns([late, ("s1", START + 60 * MINUTE, 1.0, 0, 0)]))
    first = changes(windows)
    assert set(first) == {"head", "readings/60"}
    assert len(first["readings/60"] or b"") < 250
    windows.fold(columns([late]))
    assert set(changes(windows)) == {"head"}


def test_a_checkpoint_in_the_middle_of_a_minute_writes_what_is_new_only() -> None:
    windows, table = filled()
    at = START + 60 * MINUTE
    for half in (range(25), range(25, 50)):
        windows.fold(columns([(f"s{k}", at, 1.0 * k, 0, 0) for k in half]))
        record(table, windows)
    first, second = (decode(key, table[key]) for key in ("readings/60", "readings/61"))
    assert [len(one.columns[4]) for one in (first, second)] == [25, 25]
    assert readings_in(load(SPEC, table)) == readings_in(windows)


def test_a_correction_is_recorded_beside_what_it_corrects() -> None:
    windows, table = filled()
    at = START + 55 * MINUTE
    windows.fold(columns([("s1", at, 7.0, 0, 1)]))
    record(table, windows)
    windows.fold(columns([("s1", at, 8.0, 0, 2), ("s1", at, 1.0, 0, 0)]))
    record(table, windows)
    again = load(SPEC, table).minutes[at // MINUTE]
    assert (again.value[1], again.revision[1], len(again)) == (8.0, 2, 50)


def test_late_readings_of_several_batches_are_all_in_the_next_checkpoint() -> None:
    windows, table = filled()
    for k in range(3):
        windows.fold(columns([(f"s{k}", START + 55 * MINUTE + 1, 7.0, 0, 0)]))
    record(table, windows)
    assert readings_in(load(SPEC, table)) == readings_in(windows)


def test_a_late_reading_is_recorded_though_its_row_moved_meanwhile() -> None:
    windows, table = Windows(SPEC), Table()
    windows.fold(columns([("gone", START, 1.0, 0, 0)]))
    now = START + 24 * 60 * MINUTE
    windows.fold(columns([(name, now, 1.0, 0, 0) for name in "bc"]))
    windows.advance(now + 6 * MINUTE)
    record(table, windows)
    windows.fold(columns([("c", now + 1, 2.0, 0, 0)]))
    assert windows.let_go() is not None
    record(table, windows)
    assert readings_in(load(SPEC, table)) == readings_in(windows)


def test_records_of_readings_go_when_their_minutes_do() -> None:
    windows, table = filled()
    kept = [key for key in table if key.startswith("readings/")]
    assert len(kept) == 60 - windows.fine_minute + START // MINUTE
    windows.fold(columns([("s1", START + 70 * MINUTE, 1.0, 0, 0)]))  # ahead of its time
    record(table, windows)
    for minute in range(61, 85):
        windows.advance(START + minute * MINUTE)
        record(table, windows)
    assert [key for key in table if key.startswith("readings/")] == ["readings/60"]


def test_a_list_that_lacks_a_series_is_an_error() -> None:
    _, table = filled()
    listed = decode("series/0", table["series/0"])
    table["series/0"] = encode(Record(RecordKind.SERIES, 0, [part[:-1] for part in listed.columns]))
    with pytest.raises(RecordError, match="record head: knows 50 series, but 49 are listed"):
        load(SPEC, table)


def test_a_new_series_changes_one_page_of_the_list() -> None:
    windows = Windows(SPEC)
    windows.fold(columns([(f"s{i}", START, 1.0, 0, 0) for i in range(20_000)]))
    first = changes(windows)
    assert {key for key in first if key.startswith("series")} == {f"series/{i}" for i in range(3)}
    windows.fold(columns([("one more", START, 1.0, 0, 0)]))
    assert {key for key in changes(windows) if key.startswith("series")} == {"series/2"}


def test_what_fell_out_of_the_window_leaves_the_table() -> None:
    windows, table = filled()
    windows.advance(START + 3 * 24 * 60 * MINUTE)
    windows.let_go()
    record(table, windows)
    kept = {f"slot/{slot}" for slot in range(windows.start, windows.fine)}
    assert set(table) == {"head", "border"} | kept
    assert len(windows) == 0


@pytest.mark.parametrize("key", ["head", "series/0", "readings/59", f"slot/{START // MINUTE // 5}"])
def test_a_missing_record_is_an_error_that_names_it(key: str) -> None:
    _, table = filled()
    del table[key]
    with pytest.raises(RecordError, match=f"record {key}: missing"):
        load(SPEC, table)


def test_a_torn_record_is_an_error_that_names_it() -> None:
    _, table = filled()
    table["border"] = table["border"][:-1]
    with pytest.raises(RecordError, match="record border: torn"):
        load(SPEC, table)


def test_records_kept_with_another_step_are_refused() -> None:
    _, table = filled()
    with pytest.raises(RecordError, match="kept with step_minutes 5, but the setting is 15"):
        load(WindowSpec(step_minutes=15), table)


def test_what_still_stands_of_a_series_that_was_let_go_is_left_out() -> None:
    windows, table = Windows(SPEC), Table()
    windows.fold(columns([("a", START + 4 * MINUTE, 1.0, 0, 0)]))  # until :11, hold is 7
    windows.advance(START + 40 * MINUTE)
    record(table, windows)
    windows.advance(START + (24 * 60 + 5) * MINUTE)
    assert windows.let_go() is not None
    record(table, windows)
    assert f"slot/{START // MINUTE // 5 + 1}" in table
    assert len(load(SPEC, table)) == 0


def test_an_empty_table_is_empty_windows() -> None:
    assert len(load(SPEC, {})) == 0
