"""The state of one partition: windows, forecasts and readings to be judged, offset and watermark.

Time and ticks: docs/explanation/ticks.md. The watermark is the newest reading time minus the
allowed lateness. A reading's time is capped at Kafka's timestamp, so that one clock that is ahead
does not carry all others along. Tick *t* closes when the watermark reaches *t*, directly after the
message that moved the watermark. Which readings a tick has seen therefore depends only on the
messages and their order, not on where batches are cut. So a partition that is loaded again and
reads on gives the same ticks the same state, bit for bit.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from gridcast.models.alarms import Condition
from gridcast.models.grid import Grid
from gridcast.models.records import Record, RecordError, RecordKind, decode, encode, key_of
from gridcast.models.verification import Checks
from gridcast.models.verification.running import Running
from gridcast.models.weather import WeatherAtTick
from gridcast.models.windows import FoldCounts, WindowSpec
from gridcast.models.windows.minute import Rows
from gridcast.models.windows.snapshot import changes, load
from gridcast.models.windows.trust import TRUST, Trust
from gridcast.schemas.bounds import NEVER
from gridcast.schemas.columns import ReadingColumns
from gridcast.schemas.forecast_columns import ForecastColumns
from gridcast.units import HOUR_MS, MINUTE_MS, Times

_WATCH_RECORDS = f"{RecordKind.DETECTION.name.lower()}/"


@dataclass(frozen=True, slots=True)
class Tick:
    """A tick that has just closed; the partition's state is as of this tick."""

    time_ms: int
    by_clock: bool = False
    """Closed by the wall clock because no readings came, not by the watermark."""


class Watch(Protocol):
    """Judges the readings that come between two ticks (`gridcast.models.detection`)."""

    def take(
        self, rows: Rows, value: npt.NDArray[np.floating], time_ms: Times, sent_ms: Times
    ) -> None:
        """Take readings; row -1 is a series that the windows don't have."""

    def needs_weather(self, tick_ms: int) -> bool:
        """Return True if it reads the weather at this tick."""

    def conditions(
        self,
        tick_ms: int,
        names: Sequence[str],
        grid: Grid,
        feed: str,
        weather: WeatherAtTick | None = None,
    ) -> list[Condition]:
        """Judge what came since the last tick."""

    def health(self, running: Running, feed: str) -> list[Condition]:
        """Judge how well the forecasts did in the last days."""

    def expect(self, forecasts: ForecastColumns) -> None:
        """Take the forecasts that the next readings are judged by."""

    def keep(self, stay: Rows) -> None:
        """Drop every series that is not in `stay`; the others move together."""

    def changes(self) -> dict[str, bytes | None]:
        """Return the records that changed since the last call; None: a record that is gone."""


class Partition:
    """The state of one partition.

    Parameters
    ----------
    spec
        The shape of its windows.
    lateness_ms
        How long the watermark stays behind the newest reading.
    records
        The table's records to start from; none: an empty partition.
    watch
        Judges the readings between two ticks, loaded from the same records. None: nobody does, and
        the records of an earlier watch are dropped.
    """

    def __init__(
        self,
        spec: WindowSpec,
        lateness_ms: int,
        records: Mapping[str, bytes] | None = None,
        *,
        watch: Watch | None = None,
    ) -> None:
        self.lateness_ms = lateness_ms
        self.newest_ms = NEVER
        """Newest time of any reading, ms."""
        self.newest_sent_ms = NEVER
        """Kafka's timestamp of that reading, ms."""
        self.next_offset = 0
        """First offset that the state does not contain."""
        self.counts = FoldCounts()
        """Results of folding the readings since the partition was loaded, as counts."""
        records = records or {}
        self.windows = load(spec, records)
        self.checks = Checks()
        """Its forecasts that wait to be judged, and what was learned from those that were."""
        self.checks.load(records, self.windows)
        self.watch = watch
        self._gone = {key for key in records if watch is None and key.startswith(_WATCH_RECORDS)}
        if self.windows.tick_ms is not None or key_of(RecordKind.CLOCK) in records:
            self._load_clock(records)

    @property
    def tick_ms(self) -> int | None:
        """The newest closed tick."""
        return self.windows.tick_ms

    @property
    def watermark_ms(self) -> int:
        """The watermark: newest reading minus the allowed lateness, ms."""
        return self.newest_ms - self.lateness_ms

    def take(
        self,
        readings: ReadingColumns,
        sent_ms: npt.NDArray[np.int64],
        offset: npt.NDArray[np.int64],
        next_offset: int,
    ) -> Iterator[Tick]:
        """Take a batch of readings in the order of their offsets; stop at each tick they close.

        `sent_ms` and `offset` are those of each reading's message: Kafka's stamp, and its place.
        `next_offset` follows the batch, whose last messages may have held no reading that could be
        used.
        """
        starts = 0
        event_ms = np.minimum(readings.time_ms, sent_ms)
        for end, minute in self._closing(event_ms, offset):
            self._fold(readings, event_ms, sent_ms, slice(starts, end))
            starts = end
            self.next_offset = int(offset[end - 1]) + 1
            yield from self._advance(minute)
        self._fold(readings, event_ms, sent_ms, slice(starts, len(readings)))
        self.next_offset = next_offset

    def close_by_clock(self, now_ms: int) -> Iterator[Tick]:
        """Close the ticks that no reading closes, as if event time went on with the clock.

        It goes on from the newest reading and from when Kafka got that: a feed that is an hour
        behind the clock stays an hour behind it, and a history goes on from its end.
        """
        if self.tick_ms is not None:
            reached_ms = self.newest_ms + now_ms - self.newest_sent_ms
            yield from self._advance(reached_ms // MINUTE_MS, by_clock=True)

    def changes(self) -> dict[str, bytes | None]:
        """Return the records that changed since the last call; None: a record that is gone."""
        clock = Record(
            RecordKind.CLOCK, 0, [np.array([self.next_offset, self.newest_ms, self.newest_sent_ms])]
        )
        checks = self.checks.changes(self.windows)
        watch = dict.fromkeys(self._gone) if self.watch is None else self.watch.changes()
        self._gone = set()
        return changes(self.windows) | checks | watch | {clock.key: encode(clock)}

    def _closing(
        self, event_ms: npt.NDArray[np.int64], offset: npt.NDArray[np.int64]
    ) -> list[tuple[int, int]]:
        """Find the messages that close a tick: the row behind each, and the minute reached."""
        if not len(event_ms):
            return []
        newest = np.maximum.accumulate(np.maximum(event_ms, self.newest_ms))
        behind = np.flatnonzero(np.append(np.diff(offset) != 0, True)) + 1
        minute = (newest[behind - 1] - self.lateness_ms) // MINUTE_MS
        before = NEVER if self.tick_ms is None else self.tick_ms // MINUTE_MS
        closing = minute > np.append(before, np.maximum(minute[:-1], before))
        return list(zip(behind[closing].tolist(), minute[closing].tolist(), strict=True))

    def _fold(
        self,
        readings: ReadingColumns,
        event_ms: npt.NDArray[np.int64],
        sent_ms: npt.NDArray[np.int64],
        rows: slice,
    ) -> None:
        if rows.start == rows.stop:
            return
        newest = rows.start + int(event_ms[rows].argmax())
        if event_ms[newest] > self.newest_ms:
            self.newest_ms, self.newest_sent_ms = int(event_ms[newest]), int(sent_ms[newest])
        part = readings.part(rows.start, rows.stop)
        self.counts += self.windows.fold(part)
        if self.watch is not None:
            found = self.windows.roster.find(part.series)
            value = np.where(TRUST[part.quality] != Trust.REJECTED, part.value, np.nan)
            self.watch.take(found, value, part.time_ms, sent_ms[rows])

    def _advance(self, minute: int, *, by_clock: bool = False) -> Iterator[Tick]:
        first = minute if self.tick_ms is None else self.tick_ms // MINUTE_MS + 1
        # Of a silence longer than the window nothing is left to forecast from, tick after tick.
        first = max(first, minute - self.windows.spec.days * 24 * 60)
        for number in range(first, minute + 1):
            self.windows.advance(number * MINUTE_MS)
            if number * MINUTE_MS % HOUR_MS == 0 and (stay := self.windows.let_go()) is not None:
                self.checks.keep(stay)
                if self.watch is not None:
                    self.watch.keep(stay)
            yield Tick(number * MINUTE_MS, by_clock)

    def _load_clock(self, records: Mapping[str, bytes]) -> None:
        key = key_of(RecordKind.CLOCK)
        if key not in records:
            raise RecordError(key, "missing")
        (numbers,) = decode(key, records[key]).columns
        self.next_offset, self.newest_ms, self.newest_sent_ms = map(int, numbers)
