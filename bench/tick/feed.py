"""A partition with full windows, and the readings of its next minutes."""

from collections.abc import Sequence

import numpy as np

from gridcast.models.alarms import AlarmBoard, Condition
from gridcast.models.detection.condition_builder import DETECTED
from gridcast.models.detection.watch import ReadingWatch
from gridcast.models.grid import Grid
from gridcast.models.partition import Partition, Tick
from gridcast.models.windows import WindowSpec
from gridcast.schemas import GridSeries
from gridcast.schemas.columns import ReadingColumns
from gridcast.units import MINUTE_MS

START_MS = 20_000 * 86_400_000
FINE_MINUTES = 150
FEED = "meter.readings/0"
FEEDER = 50
"""Series of one."""


class Feed:
    """A reading of each series a minute, after eight days of daily waves."""

    def __init__(self, series: int) -> None:
        self._names = [f"meter-{i:07d}" for i in range(series)]
        self._rng = np.random.default_rng(0)
        self._level = self._rng.lognormal(0, 1, series)
        self._kind = np.zeros(series, np.int32)
        self._at_ms = START_MS - FINE_MINUTES * MINUTE_MS
        self._offset = 0
        self.tick = Tick(0)
        """The newest that closed."""
        self.grid = Grid()
        for number, name in enumerate(self._names):
            parent = f"feeder-{number // FEEDER}"
            self.grid.declare(GridSeries(series=name, parent=parent, capacity_kw=100))
        self.partition = Partition(WindowSpec(hold_minutes=3), 0, watch=ReadingWatch())
        self._board = AlarmBoard(FEED)
        while self._at_ms < START_MS:
            self.next_tick()
        windows = self.partition.windows
        for slot in range(windows.start, windows.fine):
            windows.recall(slot, self._wave(slot * windows.spec.step_ms).astype(np.float32))

    def next_tick(self) -> Tick:
        """Let the next minute's readings come; their tick closes."""
        value = np.round(self._wave(self._at_ms), 3)
        time_ms = np.full(len(value), self._at_ms)
        readings = ReadingColumns(
            self._names, time_ms, value, self._kind.astype(np.uint8), self._kind
        )
        self._at_ms += MINUTE_MS
        self._offset += 1
        offset = np.full(len(value), self._offset)
        for tick in self.partition.take(readings, time_ms, offset, self._offset + 1):
            self.tick = tick
        return self.tick

    def judge(self, conditions: Sequence[Condition]) -> None:
        """Take to the alarm board what the watch found at the newest tick."""
        self._board.judge(self.tick.time_ms, conditions, DETECTED)

    def skip_to_boundary(self, minutes: int) -> None:
        """Go on to so many minutes before the next tick that begins a slot."""
        while (self._at_ms // MINUTE_MS + minutes) % 15:
            self.next_tick()

    def _wave(self, time_ms: int) -> np.ndarray:
        day = 1.5 + np.sin(time_ms / 86_400_000 * 2 * np.pi)
        return self._level * day * (0.9 + 0.2 * self._rng.random(len(self._level)))
