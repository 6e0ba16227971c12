"""The mean load of a slot from readings at any times: energy over measured time."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from gridcast.models.windows.marks import ESTIMATED, NOTHING, PLAIN, mark_of
from gridcast.models.windows.minute import Minute, Rows
from gridcast.models.windows.trust import TRUST, Trust
from gridcast.units import MINUTE_MS

Minutes = Mapping[int, Minute]
"""The minutes kept, by minutes since 1970."""

LONG_AGO = np.iinfo(np.int64).min // 2


@dataclass(frozen=True, slots=True)
class StandingReadings:
    """The newest reading of each row before some time, which holds until another comes."""

    time_ms: npt.NDArray[np.int64]
    """LONG_AGO where there is none."""
    value: npt.NDArray[np.float32]
    quality: npt.NDArray[np.uint8]

    @classmethod
    def none(cls, rows: int) -> Self:
        """Return rows without a reading."""
        return cls(np.full(rows, LONG_AGO), np.zeros(rows, "f4"), np.zeros(rows, "u1"))

    def take(self, rows: Rows) -> "StandingReadings":
        """Return these rows; those beyond the end have no reading."""
        taken = StandingReadings.none(len(rows))
        inside = rows < len(self.time_ms)
        from_rows = rows[inside]
        taken.time_ms[inside] = self.time_ms[from_rows]
        taken.value[inside] = self.value[from_rows]
        taken.quality[inside] = self.quality[from_rows]
        return taken

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return self.time_ms.nbytes + self.value.nbytes + self.quality.nbytes


@dataclass(frozen=True, slots=True)
class Slot:
    """A time span to take the mean of, and how long a reading holds in it."""

    start_ms: int
    end_ms: int
    hold_ms: int


def standing_at(
    time_ms: int, hold_ms: int, rows: Rows, minutes: Minutes, before: StandingReadings
) -> StandingReadings:
    """Return each row's reading that holds at a time: the newest in the minutes, or in `before`."""
    stands = before.take(rows)
    stands.time_ms[stands.time_ms + hold_ms <= time_ms] = LONG_AGO
    open_rows = np.arange(len(rows))
    first = (time_ms - hold_ms) // MINUTE_MS
    for number in range(time_ms // MINUTE_MS - 1, first - 1, -1):
        minute = minutes.get(number)
        if minute is None or not len(open_rows):
            continue
        low, high = minute.span(rows[open_rows])
        here = high > low
        at, reading = open_rows[here], high[here] - 1
        time = minute.offset_of(reading) + number * MINUTE_MS
        newer = time > stands.time_ms[at]
        at, reading = at[newer], reading[newer]
        stands.time_ms[at] = time[newer]
        stands.value[at] = minute.value[reading]
        stands.quality[at] = minute.quality[reading]
        open_rows = open_rows[~here]
    return stands


def slot_mean(
    slot: Slot, rows: Rows, minutes: Minutes, stands: StandingReadings
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.uint8]]:
    """Return the mean and the mark of a slot for some rows (ascending).

    Each reading holds from its time until the next one, at most `hold_ms`, whatever slot it began
    in. A rejected reading makes its time unmeasured. The mean is energy over measured time. If
    nothing was measured, estimates are used instead.
    """
    mean, mark = _integrate(slot, rows, minutes, stands, Trust.MEASURED)
    bare = np.flatnonzero(mark == NOTHING)
    if len(bare):
        guess, guess_mark = _integrate(
            slot, rows[bare], minutes, stands.take(bare), Trust.ESTIMATED
        )
        mean[bare] = guess
        mark[bare[guess_mark != NOTHING]] = ESTIMATED
    return mean, mark


def _integrate(
    slot: Slot, rows: Rows, minutes: Minutes, stands: StandingReadings, trust: Trust
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.uint8]]:
    """Integrate over the readings of one trust. All sums run in the order of time."""
    width = slot.end_ms - slot.start_ms
    since = stands.time_ms.copy()
    counts = (TRUST[stands.quality] == trust) & (since > LONG_AGO)
    value = np.where(counts, stands.value, 0.0)  # float64 from here on
    energy, covered = np.zeros(len(rows)), np.zeros(len(rows))
    readings = np.zeros(len(rows), np.int32)

    def account(which: npt.NDArray[np.intp] | slice, until: npt.NDArray[np.int64] | int) -> None:
        begin = since[which]
        lasted = np.minimum(begin + slot.hold_ms, until)
        lasted -= np.maximum(begin, slot.start_ms)
        np.maximum(lasted, 0, out=lasted)
        lasted *= counts[which]
        covered[which] += lasted
        energy[which] += lasted * value[which]

    for which, time, number, reading in _in_order_of_time(slot, rows, minutes):
        account(which, time)
        minute = minutes[number]
        trusted = TRUST[minute.quality[reading]] == trust
        since[which] = time
        counts[which] = trusted
        value[which] = np.where(trusted, minute.value[reading], 0.0)
        readings[which] += 1
    account(slice(None), slot.end_ms)
    mean = np.full(len(rows), np.nan, np.float32)
    mark = mark_of(covered / width)
    is_measured = mark != NOTHING
    np.divide(energy, covered, out=mean, where=is_measured, casting="same_kind")
    mark[(readings == 1) & (since == slot.start_ms) & (covered == width)] = PLAIN
    return mean, mark


def _in_order_of_time(
    slot: Slot, rows: Rows, minutes: Minutes
) -> Iterator[
    tuple[npt.NDArray[np.intp] | slice, npt.NDArray[np.int64], int, npt.NDArray[np.intp]]
]:
    """Yield readings in order of time: rows, times, minutes, and positions in the minutes.

    Each yield has at most one reading per row.
    """
    for number in range(slot.start_ms // MINUTE_MS, -(-slot.end_ms // MINUTE_MS)):
        minute = minutes.get(number)
        if minute is None:
            continue
        low, high = minute.span(rows)
        while count := np.count_nonzero(here := low < high):
            which: npt.NDArray[np.intp] | slice = slice(None)
            if count < len(rows):
                which = np.flatnonzero(here)
            reading = low[which]
            time = minute.offset_of(reading) + number * MINUTE_MS
            yield which, time, number, reading
            low = low + here
