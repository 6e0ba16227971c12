"""gridcast's own worker, whole: windows, tables, checkpoints; only what a tick gives out is theirs.

A forecast is thirty times as large as the outputs of the others. To compare what is the same, a
tick here gives out the means that they give out, taken from the worker's windows.
"""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from weakref import WeakKeyDictionary

import numpy as np
from feed import place_alone, place_in_frames
from ring import MINUTES, PartitionOutput, SeriesOutput, encode

from gridcast.agents.state_table import Output
from gridcast.models.partition import Partition, Tick
from gridcast.models.tick import TickOutput
from gridcast.models.windows.minute import Minute
from gridcast.schemas.topics import FORECASTS
from gridcast.stream.settings import Settings
from gridcast.stream.worker.processor_settings import processor_settings
from gridcast.stream.worker.worker import run
from gridcast.units import MINUTE_MS


class BySeries:
    """Give the mean of the minute that closed and that of the last hour, for every series.

    What a minute adds up to is kept for as long as its readings are those that were added up.
    """

    def __init__(self) -> None:
        self._sums: WeakKeyDictionary[Partition, dict[int, Sums]] = WeakKeyDictionary()

    def __call__(self, partition: Partition, tick: Tick, _: TickOutput) -> Iterator[Output]:
        """Give the outputs of a tick."""
        minute, names = tick.time_ms // MINUTE_MS - 1, partition.windows.roster.names
        before = self._sums.get(partition, {})
        hour = {
            number: _sums(partition.windows.minutes.get(number), before.get(number), len(names))
            for number in range(minute - MINUTES + 1, minute + 1)
        }
        self._sums[partition] = hour
        total, count = np.zeros(len(names)), np.zeros(len(names), np.int64)
        for one in hour.values():
            total[: len(one.total)] += one.total
            count[: len(one.count)] += one.count
        newest = hour[minute]
        heard = np.flatnonzero(newest.count)
        means = (newest.total[heard] / newest.count[heard]).tolist()
        wide = (total[heard] / count[heard]).tolist()
        for row, mean, wider in zip(heard.tolist(), means, wide, strict=True):
            output = SeriesOutput(names[row], minute, mean, wider)
            yield Output(FORECASTS, output.series.encode(), encode(output))


@dataclass(frozen=True, eq=False)
class Sums:
    """What the readings of a minute add up to, by row."""

    readings: Minute | None
    total: np.ndarray
    count: np.ndarray


def _sums(readings: Minute | None, before: Sums | None, series: int) -> Sums:
    if before is not None and before.readings is readings:
        return before
    if readings is None:
        return Sums(None, np.zeros(0), np.zeros(0, np.int64))
    row = readings.row
    total = np.bincount(row, readings.value.astype(np.float64), series)
    return Sums(readings, total, np.bincount(row, minlength=series))


def by_partition(
    of: Callable[[str], int], partition: Partition, tick: Tick, _: TickOutput
) -> Iterator[Output]:
    """Give one output for all series of a partition."""
    minute = tick.time_ms // MINUTE_MS - 1
    closed = partition.windows.minutes.get(minute)
    if closed is not None:
        number = of(partition.windows.roster.names[0])
        total = float(closed.value.sum(dtype=np.float64))
        output = PartitionOutput(number, minute, len(closed), total)
        yield Output(FORECASTS, str(number).encode(), encode(output))


def main() -> None:
    broker, prefix, shape, folder = sys.argv[1:]
    settings = Settings(
        broker=broker,
        topic_prefix=prefix,
        clock="replay",
        detect=False,  # as none of the others does
        cache_dir=Path(folder),
    )
    of = place_in_frames if prefix.startswith("frames") else place_alone
    encode = BySeries() if shape == "series" else partial(by_partition, of)
    run(settings, "warning", processor_settings(settings, encode=encode))


main()
