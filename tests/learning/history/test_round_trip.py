"""Readings written as a file, in one of many ways, come back as they were."""

import random
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given
from hypothesis import strategies as st

from gridcast.learning.history import Mapping, read_history
from gridcast.learning.history.zones import Clock
from gridcast.units import MINUTE_MS

START_MS = 1_704_067_200_000  # 2024-01-01T00:00Z
IDS = ["a", "meter-2", "Z:3"]


@dataclass(frozen=True)
class Readings:
    step_minutes: int
    slot: np.ndarray
    value: np.ndarray
    series: list[str]

    @property
    def time_ms(self) -> np.ndarray:
        return START_MS + self.slot * self.step_minutes * MINUTE_MS


@st.composite
def readings(draw: st.DrawFn) -> Readings:
    """Some readings of each of some series, holes among them, in order of series and time."""
    step = draw(st.sampled_from([5, 15, 30, 60]))
    slots, value, series = [], [], []
    for name in IDS[: draw(st.integers(1, 3))]:
        first = draw(st.integers(0, 300 * 1440 // step))
        mine = sorted(draw(st.sets(st.integers(0, 30), min_size=2, max_size=20)))
        slots += [first + slot for slot in mine]
        value += draw(st.lists(st.floats(1, 99), min_size=len(mine), max_size=len(mine)))
        series += [name] * len(mine)
    return Readings(step, np.array(slots), np.array(value), series)


def mapping(given: Readings, time: dict[str, Any], **load: Any) -> Mapping:
    return Mapping.model_validate(
        {
            "title": "t",
            "step_minutes": given.step_minutes,
            "time": {"column": "at", "zone": "UTC", "marks": "begin", **time},
            "load": {
                "unit": "kW",
                "series_column": "who",
                "value_column": "kw",
                "accept": ["wrong_step", "mixed_step", "missing"],
                **load,
            },
        }
    )


def assert_same(given: Readings, path: Path, how: Mapping) -> None:
    history = read_history(path, how)
    ids = [one.series for one in history.series]
    for name in set(given.series):
        mine = np.array([series == name for series in given.series])
        found = history.readings_of(ids.index(name))
        assert np.array_equal(history.time_ms[found], given.time_ms[mine])
        assert np.array_equal(history.value[found], given.value[mine])


def iso(milliseconds: int) -> str:
    return str(np.datetime64(int(milliseconds), "ms"))


def write_csv(path: Path, times: list[str], given: Readings, order: list[int]) -> None:
    rows = [f"{given.series[i]},{float(given.value[i])!r},{times[i]}" for i in order]
    path.write_text("\n".join(["who,kw,at", *rows]) + "\n")


@given(readings(), st.randoms())
def test_a_shuffled_csv_comes_back_the_same(given: Readings, shuffle: random.Random) -> None:
    order = list(range(len(given.series)))
    shuffle.shuffle(order)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "history.csv"
        write_csv(path, [iso(time) for time in given.time_ms], given, order)
        assert_same(given, path, mapping(given, {}))


@given(readings(), st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"]))
def test_local_times_come_back_the_same(given: Readings, zone: str) -> None:
    clock = Clock.of(zone, int(given.time_ms.min()), int(given.time_ms.max()))
    walls = clock.wall(given.time_ms)
    earliest, latest, _ = clock.utc(walls)
    # Where readings are missing, a doubled hour may be half there: then it must be refused, which
    # other tests show.
    if (earliest != latest).any():
        return
    with TemporaryDirectory() as folder:
        path = Path(folder) / "history.csv"
        write_csv(path, [iso(wall) for wall in walls], given, list(range(len(walls))))
        assert_same(given, path, mapping(given, {"zone": zone}))


@given(readings(), st.booleans())
def test_parquet_and_ends_of_slots_come_back_the_same(given: Readings, end: bool) -> None:
    late = given.step_minutes * MINUTE_MS if end else 0
    table = pa.table(
        {
            "at": pa.array(given.time_ms + late, pa.timestamp("ms", "UTC")),
            "who": given.series,
            "kw": given.value,
        }
    )
    with TemporaryDirectory() as folder:
        path = Path(folder) / "history.parquet"
        pq.write_table(table, path)
        assert_same(given, path, mapping(given, {"marks": "end" if end else "begin"}))


@given(readings(), st.randoms())
def test_a_file_that_stands_twice_in_itself_comes_back_once(
    given: Readings, shuffle: random.Random
) -> None:
    order = list(range(len(given.series))) * 2
    shuffle.shuffle(order)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "history.csv"
        write_csv(path, [iso(time) for time in given.time_ms], given, order)
        assert_same(given, path, mapping(given, {}))


@given(readings())
def test_a_grid_at_the_files_own_step_holds_every_reading(given: Readings) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "history.csv"
        write_csv(
            path, [iso(time) for time in given.time_ms], given, list(range(len(given.series)))
        )
        history = read_history(path, mapping(given, {}))
    grid = history.grid(given.step_minutes)
    ids = [one.series for one in history.series]
    for name, slot, value in zip(given.series, given.slot, given.value, strict=True):
        column = (START_MS - grid.start_ms) // grid.step_ms + slot
        assert grid.value[ids.index(name), column] == value
    assert np.isfinite(grid.value).sum() == len(given.series)
