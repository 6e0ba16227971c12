import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.plain_windows import Row, columns

from gridcast.models.records import RecordError
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


@st.composite
def batches(draw: st.DrawFn) -> list[tuple[list[Row], int]]:
    """Batches of readings, each followed by a tick some minutes on: some come hours late."""
    done, now = [], 0
    for _ in range(draw(st.integers(1, 12))):
        row = st.tuples(
            st.sampled_from(["a", "b", "c", "d"]),
            st.integers(-120, 6).map(lambda ago, now=now: START + (now + ago) * MINUTE),
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
    lasting, table = Windows(SPEC), Table()
    successor = Windows(SPEC)
    for rows, tick in parts:
        for windows in (lasting, successor):
            windows.fold(columns(rows))
            windows.advance(tick)
            windows.let_go()
        record(table, successor)
        if data.draw(st.booleans()):
            successor = load(SPEC, table)
        assert state(successor) == state(lasting)
        assert successor.silent().tolist() == lasting.silent().tolist()
        assert successor.roster.numbers.tolist() == lasting.roster.numbers.tolist()
        assert {k: v for k, v in changes(load(SPEC, table)).items() if v} == {"head": table["head"]}


def filled() -> tuple[Windows, Table]:
    windows, table = Windows(SPEC), Table()
    for i in range(60):
        rows: list[Row] = [(f"s{k}", START + i * MINUTE, 1.0 * k, 0, 0) for k in range(50)]
        windows.fold(columns(rows))
        windows.advance(START + (i + 1) * MINUTE)
        record(table, windows)
    return windows, table


def test_a_late_reading_is_recorded_by_itself_and_once() -> None:
    windows, _ = filled()
    late: Row = ("s1", START + 50 * MINUTE + 1, 1.0, 0, 0)
    windows.fold(columns([late, ("s1", START + 60 * MINUTE, 1.0, 0, 0)]))
    first = changes(windows)
    assert set(first) == {"head", "readings/60"}
    assert len(first["readings/60"] or b"") < 250
    windows.fold(columns([late]))
    assert set(changes(windows)) == {"head"}


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


def test_a_full_window_takes_few_bytes_a_series_and_minute() -> None:
    windows = Windows(SPEC)
    names = [f"meter-{i}" for i in range(2_000)]
    sent = 0
    for i in range(30):
        load_kw = np.random.default_rng(i).random(2_000)
        rows: list[Row] = [
            (n, START + i * MINUTE, float(v), 0, 0) for n, v in zip(names, load_kw, strict=True)
        ]
        windows.fold(columns(rows))
        windows.advance(START + (i + 1) * MINUTE)
        kept = changes(windows)
        kept.pop("series/0", None)
        sent += sum(len(value) for value in kept.values() if value)
    assert sent / 30 / 2_000 < 8
