"""What every Python peer does with a reading: the same window, so that outputs can be compared.

A window is ``[minute, sums, counts]``: the newest minute, and for each of the last 60 minutes the
sum and the number of its readings. It is plain lists, so that any engine's state can hold it.
"""

from datetime import datetime
from typing import Any

import msgspec

MINUTES = 60

Window = list[Any]


class Reading(msgspec.Struct, gc=False):
    """The fields that are used; msgspec checks their types and passes over the others."""

    series: str
    time: datetime
    value: float


class SeriesOutput(msgspec.Struct, gc=False):
    """One output a series and minute."""

    series: str
    minute: int
    mean: float
    window_mean: float


class PartitionOutput(msgspec.Struct, gc=False):
    """One output a partition and minute."""

    partition: int
    minute: int
    readings: int
    sum: float


decode = msgspec.json.Decoder(Reading).decode
encode = msgspec.json.Encoder().encode


def minute_of(time: datetime) -> int:
    return int(time.timestamp()) // 60


def new_window(minute: int) -> Window:
    return [minute, [0.0] * MINUTES, [0] * MINUTES]


def means(window: Window) -> tuple[float, float]:
    """Give the mean of the newest minute and that of the whole window."""
    minute, sums, counts = window
    slot = minute % MINUTES
    return sums[slot] / counts[slot], sum(sums) / sum(counts)


def add(window: Window, minute: int, value: float) -> None:
    """Fold a reading in; its minute is the window's newest or a later one."""
    newest, sums, counts = window
    slot = minute % MINUTES
    if minute != newest:
        for passed in range(max(newest + 1, minute - MINUTES + 1), minute + 1):
            sums[passed % MINUTES] = 0.0
            counts[passed % MINUTES] = 0
        window[0] = minute
    sums[slot] += value
    counts[slot] += 1


def fold(window: Window, series: str, minute: int, value: float) -> SeriesOutput | None:
    """Fold a reading into the state of one series; the first of a minute closes the one before."""
    output = None
    if minute > window[0]:
        output = SeriesOutput(series, window[0], *means(window))
    add(window, minute, value)
    return output


class Total:
    """What a partition has seen of its open minute."""

    def __init__(self, partition: int) -> None:
        self.partition = partition
        self.minute = -1
        self.readings = 0
        self.sum = 0.0

    def fold(self, minute: int, value: float) -> PartitionOutput | None:
        """Count a reading; the first of a minute closes the one before."""
        output = None
        if minute > self.minute:
            if self.readings:
                output = PartitionOutput(self.partition, self.minute, self.readings, self.sum)
            self.minute, self.readings, self.sum = minute, 0, 0.0
        self.readings += 1
        self.sum += value
        return output


class Partition:
    """All windows of one partition, for the engines that keep no state but a variable."""

    def __init__(self, partition: int, shape: str) -> None:
        self._total = Total(partition)
        self._by_series = shape == "series"
        self._windows: dict[str, Window] = {}

    def fold(self, value: bytes) -> list[tuple[bytes, bytes]]:
        """Fold one message in; gives the outputs of the minute it closes, if it closes one."""
        reading = decode(value)
        minute = minute_of(reading.time)
        closed = self._total.fold(minute, reading.value)
        outputs = [] if closed is None else self._outputs(closed)
        window = self._windows.get(reading.series)
        if window is None:
            window = self._windows[reading.series] = new_window(minute)
        add(window, minute, reading.value)
        return outputs

    def _outputs(self, closed: PartitionOutput) -> list[tuple[bytes, bytes]]:
        if not self._by_series:
            return [(str(closed.partition).encode(), encode(closed))]
        return [
            (series.encode(), encode(SeriesOutput(series, closed.minute, *means(window))))
            for series, window in self._windows.items()
            if window[0] == closed.minute
        ]
