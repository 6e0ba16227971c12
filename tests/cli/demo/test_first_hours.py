"""What operators of a demo see at first: its grid begins when it is started, with a past."""

from itertools import pairwise
from typing import ClassVar

import numpy as np
import pytest

from gridcast.cli.demo import history
from gridcast.models.alarms import AlarmBoard
from gridcast.models.detection.condition_builder import DETECTED
from gridcast.models.detection.watch import ReadingWatch
from gridcast.models.grid import Grid
from gridcast.models.partition import Partition
from gridcast.models.serving import TickContext
from gridcast.models.simulator import FAULTS, Simulation, build_grid, spread_series
from gridcast.models.simulator.arrivals import Arrivals
from gridcast.schemas import Alarm
from gridcast.schemas.columns import ReadingColumns
from gridcast.stream.recording.partitions import partitions_of
from gridcast.stream.settings import Settings
from gridcast.stream.worker.forecasting import tick_forecaster
from gridcast.stream.worker.window_spec import window_spec
from gridcast.units import MINUTE_MS

SETTINGS = Settings(threads=1)
SERIES, HOURS = 1_000, 3
EVENING = 1_794_934_800_000  # 2026-11-17T17:00Z
SLOT_MS = SETTINGS.step_minutes * MINUTE_MS


class Table:
    """Keeps in memory what a demo writes into the table of a partition."""

    kept: ClassVar[dict[int, dict[str, bytes]]] = {}

    def __init__(self, _: Settings, number: int) -> None:
        self.number = number

    def open(self) -> None:
        """It is ours."""

    def checkpoint(self, _: list[bytes], changes: dict[str, bytes]) -> None:
        self.kept[self.number] = changes

    def close(self) -> None:
        """It is kept."""


class Worker:
    """Has all partitions of a demo in its hands."""

    def __init__(self, simulation: Simulation, records: dict[int, dict[str, bytes]]) -> None:
        self.names, self.grid = simulation.grid.ids, Grid()
        for declared in simulation.grid.series:
            self.grid.declare(declared)
        self.of = partitions_of(self.names, SETTINGS.partitions)
        self.partitions = [
            Partition(
                window_spec(SETTINGS), 0, records[number], watch=ReadingWatch(records[number])
            )
            for number in range(SETTINGS.partitions)
        ]
        self.feeds = [f"meter.readings/{number}" for number in range(SETTINGS.partitions)]
        self.boards = [AlarmBoard(feed) for feed in self.feeds]
        self.forecaster = tick_forecaster(SETTINGS)
        self.told: list[Alarm] = []

    def take(self, arrivals: Arrivals) -> None:
        """Take what comes in a minute, each partition its own."""
        for number in range(SETTINGS.partitions):
            self._take(number, arrivals.take(np.flatnonzero(self.of[arrivals.series] == number)))

    def _take(self, number: int, here: Arrivals) -> None:
        partition, feed = self.partitions[number], self.feeds[number]
        names = [self.names[row] for row in here.series.tolist()]
        readings = ReadingColumns(names, here.time_ms, here.value, here.quality, here.revision)
        offset = partition.next_offset + np.arange(len(here))
        for tick in partition.take(readings, here.arrival_ms, offset, int(offset[-1]) + 1):
            roster, watch = partition.windows.roster.names, partition.watch
            assert watch is not None
            found = watch.conditions(tick.time_ms, roster, self.grid, feed)
            self.told += self.boards[number].judge(tick.time_ms, found, DETECTED)
            if tick.time_ms % SLOT_MS == 0:
                watch.expect(self.forecaster.forecast(partition, tick, TickContext(self.grid)))


@pytest.mark.parametrize("seed", [1, 3])
def test_a_demo_in_which_nothing_goes_wrong_says_nothing_in_its_first_hours(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "KafkaTable", Table)
    history.write_past(SETTINGS, series=SERIES, seed=seed, end_ms=EVENING)
    grid = build_grid(seed, history.COUNTRY, spread_series(SERIES))
    simulation = Simulation(grid, seed, 60, FAULTS["none"])
    worker = Worker(simulation, Table.kept)
    for chunk in simulation.chunks(EVENING, EVENING + HOURS * 60 * MINUTE_MS):
        minutes = np.arange(chunk.from_ms, chunk.until_ms + 1, MINUTE_MS)
        cuts = np.searchsorted(chunk.arrivals.arrival_ms, minutes).tolist()
        for first, last in pairwise(cuts):
            worker.take(chunk.arrivals.take(slice(first, last)))
    tick_ms = worker.partitions[0].tick_ms
    assert tick_ms is not None
    assert tick_ms >= EVENING + (HOURS * 60 - 2) * MINUTE_MS
    assert worker.told == []
