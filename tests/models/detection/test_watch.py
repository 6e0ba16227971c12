"""A watch that is loaded from its records goes on as if it had not stopped, to the bit."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.detection import Skies, standing

from gridcast.models.detection.watch import ReadingWatch
from gridcast.models.grid import Grid
from gridcast.models.records import RecordError
from gridcast.schemas import GridSeries
from gridcast.schemas.forecast_columns import ForecastColumns

LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
START = 1_767_225_600_000
MINUTE = 60_000
FEED = "meter.readings/0"


class Feed:
    """A few series under parents that change, and a watch of them."""

    def __init__(self, seed: int, watch: ReadingWatch | None = None, minute: int = 0) -> None:
        self.rng = np.random.default_rng((seed, minute))
        self.seed, self.minute = seed, minute
        self.watch = watch or ReadingWatch()
        self.skies = Skies("st-0", "st-1", "st-2")
        self.names = [f"m-{number}" for number in range(7)]
        self.grid = Grid()
        for number, name in enumerate(self.names):
            self.grid.declare(
                GridSeries(
                    series=name,
                    parent=f"f-{number % 2}",
                    station=f"st-{number % 3}",
                    capacity_kw=20,
                    holidays="DE",
                )
            )

    def send(self) -> None:
        """Send what comes between two ticks: a part of the series, some of it old or spoiled."""
        rng = self.rng
        rows = rng.permutation(len(self.names))[: rng.integers(0, len(self.names) + 1)]
        value = rng.normal(2, 0.3, len(rows)).round(3)
        value[rng.random(len(rows)) < 0.05] *= 30
        value[rng.random(len(rows)) < 0.05] = np.nan
        at = START + self.minute * MINUTE - rng.integers(0, 3, len(rows)) * MINUTE // 2
        self.watch.take(rows, value, at, at + rng.integers(0, 9_000, len(rows)))

    def tick(self) -> list[Any]:
        """Close a tick; return its conditions."""
        self.minute += 1
        tick_ms = START + self.minute * MINUTE
        new = ("st-2",) if self.minute < 40 else ()  # a station that is new later
        self.skies.minute(tick_ms - 5 * MINUTE, {"st-1": self.minute % 7}, silent=new)
        weather = self.skies.weather.at(tick_ms)
        found = self.watch.conditions(tick_ms, self.names, self.grid, FEED, weather)
        if self.minute % 15 == 0:
            self.watch.expect(forecasts(self.names, tick_ms, self.rng))
        return found

    def change(self, what: str) -> None:
        """Change what is declared, or who there is."""
        if what == "parent":
            self.grid.declare(GridSeries(series=self.names[0], parent=f"f-{self.minute % 5}"))
        elif what == "new":
            self.names = [*self.names, f"m-new-{self.minute}"]
        elif what == "gone" and len(self.names) > 4:
            stay = np.arange(1, len(self.names))
            self.watch.keep(stay)
            self.names = self.names[1:]


def forecasts(names: list[str], tick_ms: int, rng: np.random.Generator) -> ForecastColumns:
    middle = rng.normal(2, 0.1, len(names))
    quantiles = middle[:, None] + np.array([-0.5, -0.2, 0, 0.2, 0.5])
    return standing(names, tick_ms, LEVELS, quantiles)


def put(table: dict[str, bytes], watch: ReadingWatch) -> None:
    for key, record in watch.changes().items():
        if record is None:
            del table[key]
        else:
            table[key] = record


STEPS = st.lists(
    st.sampled_from(["tick"] * 6 + ["send"] * 3 + ["keep", "restart", "parent", "new", "gone"]),
    max_size=150,
)


@settings(max_examples=60, deadline=None)
@given(STEPS, st.integers(0, 99))
def test_a_watch_loaded_at_any_checkpoint_sees_and_knows_what_one_does_that_lived_on(
    steps: list[Any], seed: int
) -> None:
    feed = Feed(seed)
    table: dict[str, bytes] = {}
    lived = Feed(seed)
    for step in steps:
        if step in ("keep", "restart"):
            put(table, feed.watch)
            if step == "restart":
                feed.watch = ReadingWatch(table)
            continue
        if step == "tick":
            assert feed.tick() == lived.tick()
            continue
        for one in (feed, lived):
            one.send() if step == "send" else one.change(step)
    put(table, feed.watch)
    again = ReadingWatch(table)
    assert parts(again) == parts(lived.watch) == parts(feed.watch)


def parts(watch: ReadingWatch) -> list[list[bytes]]:
    return [[np.asarray(one).tobytes() for one in part] for part in watch.detection.parts()]


def test_between_two_wholes_a_checkpoint_takes_a_few_bytes_a_series() -> None:
    series, watch = 2_000, ReadingWatch()
    table: dict[str, bytes] = {}
    rng, grid = np.random.default_rng(1), Grid()
    names, rows = [f"m-{row}" for row in range(series)], np.arange(series)
    sizes = []
    for minute in range(8, 8 + 120):
        at = np.full(series, START + minute * MINUTE)
        value = rng.normal(2, 0.3, series).round(3)
        watch.take(rows, value, at, at + rng.integers(500, 5_000, series))
        watch.conditions(START + (minute + 1) * MINUTE, names, grid, FEED)
        if (minute + 1) % 15 == 0:
            watch.expect(forecasts(names, START + (minute + 1) * MINUTE, rng))
        changes = watch.changes()
        sizes.append(sum(map(len, filter(None, changes.values()))) / series)
        for key, record in changes.items():
            table.pop(key, None) if record is None else table.update({key: record})
    assert np.median(sizes) < 7
    assert np.mean(sizes[60:]) < 11
    assert len(table) < 100, "looks before the newest whole are gone"


def test_what_was_learned_of_a_group_stays_with_its_name() -> None:
    watch, grid, names = ReadingWatch(), Grid(), ["a", "b", "c", "x", "y", "z"]
    for name in names:
        grid.declare(GridSeries(series=name, parent="f-1" if name < "m" else "f-2"))
    watch.conditions(START, names, grid, FEED)
    watch.detection.balance.mean[:] = [0.25, 0.75]
    for name in ("a", "b", "c"):
        grid.declare(GridSeries(series=name, parent="f-3"))
    watch.conditions(START + MINUTE, names, grid, FEED)
    assert watch.detection.balance.mean.tolist() == pytest.approx([np.nan, 0.75], nan_ok=True)


def test_a_watch_of_another_layout_begins_anew_and_leaves_nothing_behind() -> None:
    feed = Feed(1)
    table: dict[str, bytes] = {}
    for _ in range(20):
        feed.send()
        feed.tick()
        put(table, feed.watch)
    del table["detection/0"]
    begun = ReadingWatch(table)
    assert not len(begun.detection.standing.bits)
    put(table, begun)
    assert len(table) == len(ReadingWatch().changes())


def test_a_record_that_is_missing_is_named() -> None:
    feed = Feed(1)
    table: dict[str, bytes] = {}
    for _ in range(3):
        feed.send()
        feed.tick()
        put(table, feed.watch)
    del table["detection/3"]
    with pytest.raises(RecordError, match="detection/3"):
        ReadingWatch(table)
