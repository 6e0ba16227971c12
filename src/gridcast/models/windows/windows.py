"""The windows of all series of a partition."""

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from gridcast.models.windows.column import Column, Patch
from gridcast.models.windows.counts import FoldCounts
from gridcast.models.windows.energy import Slot, StandingReadings, slot_mean, standing_at
from gridcast.models.windows.late import admit, is_kept
from gridcast.models.windows.marks import PLAIN
from gridcast.models.windows.minute import OFFSET_BITS, Minute, Rows, merge
from gridcast.models.windows.recorded import RecordedNotes
from gridcast.models.windows.roster import Roster
from gridcast.models.windows.spec import WindowSpec
from gridcast.schemas.columns import ReadingColumns
from gridcast.units import MINUTE_MS


class Windows:
    """The past of every series, in slots of a step, as a few arrays.

    `fold` takes readings in any order, `advance` moves the windows' end to a tick, `cut` gives the
    slots closed by then. Since `fine_minutes` before the tick every reading is kept by itself, so a
    window depends on the set of readings only: not on their order, batches, or copies. What is
    older is a mean and a mark for each slot; `gridcast.models.windows.late` says what a reading
    that comes later still may change.
    """

    def __init__(self, spec: WindowSpec) -> None:
        self.spec = spec
        self.tick_ms: int | None = None
        self.roster = Roster()
        self.minutes: dict[int, Minute] = {}
        """Readings kept by themselves, by minutes since 1970."""
        self.columns: dict[int, Column] = {}
        """Closed slots by number: the slot's start in steps since 1970."""
        self.patches: dict[int, Patch] = {}
        self.border = StandingReadings.none(0)
        """The readings that hold at the start of the fine part."""
        self.recorded = RecordedNotes()
        self._dirty: dict[int, list[Rows]] = {}

    def __len__(self) -> int:
        return len(self.roster)

    @property
    def closed(self) -> int:
        """Number of the first slot that is not closed."""
        return 0 if self.tick_ms is None else self.tick_ms // self.spec.step_ms

    @property
    def fine(self) -> int:
        """Number of the first slot whose readings are all kept."""
        tick_ms = self.spec.fine_ms if self.tick_ms is None else self.tick_ms
        return (tick_ms - self.spec.fine_ms) // self.spec.step_ms

    @property
    def fine_minute(self) -> int:
        """The first minute whose readings are all kept."""
        return self.fine * self.spec.step_minutes

    @property
    def start(self) -> int:
        """Number of the window's first slot."""
        return self.closed - self.spec.slots

    @property
    def nbytes(self) -> int:
        """Bytes held, all included."""
        held = self.border.nbytes + self.roster.nbytes + self.recorded.nbytes
        held += sum(minute.nbytes for minute in self.minutes.values())
        held += sum(column.nbytes for column in self.columns.values())
        return held + sum(p.rows.nbytes + p.column.nbytes for p in self.patches.values())

    def fold(self, readings: ReadingColumns) -> FoldCounts:
        """Merge readings, in any order."""
        if not len(readings):
            return FoldCounts()
        time, counts = readings.time_ms, FoldCounts()
        if self.tick_ms is not None:
            old = time < self.start * self.spec.step_ms
            if old.any():
                counts = FoldCounts(too_old=int(old.sum()))
                readings = readings.take(np.flatnonzero(~old))
                time = readings.time_ms
            counts += FoldCounts(late=int((time < self.tick_ms).sum()))
        if not len(readings):
            return counts
        row, minute = self.roster.rows(readings.series), time // MINUTE_MS
        new = Minute.of(row, time, readings.value, readings.revision, readings.quality)
        order = np.lexsort((new.key, minute))
        new, minute = new.take(order), minute[order]
        self.roster.heard(new.row, minute * MINUTE_MS)
        cuts = [0, *(np.flatnonzero(np.diff(minute)) + 1).tolist(), len(minute)]
        for start, stop in pairwise(cuts):
            counts += self._fold_minute(int(minute[start]), new.take(slice(start, stop)))
        return counts

    def _fold_minute(self, number: int, new: Minute) -> FoldCounts:
        slot = number * MINUTE_MS // self.spec.step_ms
        known = self.minutes.get(number)
        sealed = overruled = 0
        if self.tick_ms is not None and slot < self.fine:
            admitted = admit(new, self.columns.get(slot, Column.empty()), self._starts(number))
            new, sealed, overruled = admitted.minute, admitted.sealed, admitted.overruled
        if not len(new):
            return FoldCounts(sealed=sealed, duplicate=overruled)
        merged = merge(known or Minute.empty(), new)
        if len(merged.changed):
            self.minutes[number] = merged.minute
            if slot < self.fine:
                self.recorded.minutes.add(number)
            else:
                self.recorded.note(number, merged.changed, is_new=known is None)
            for touched in range(slot, min(slot + self.spec.reach + 1, self.closed)):
                self._dirty.setdefault(touched, []).append(merged.changed >> OFFSET_BITS)
        return FoldCounts(merged.accepted, merged.corrected, merged.duplicate + overruled, sealed)

    def _starts(self, number: int) -> bool:
        """Return True if a slot starts with this minute."""
        return number % self.spec.step_minutes == 0

    def recall(self, slot: int, mean: npt.NDArray[np.float32]) -> None:
        """Insert a compacted slot of all rows as wholly measured."""
        if not self.start <= slot < self.fine:
            raise ValueError(f"slot {slot} is not one of {self.start} to {self.fine - 1}")
        self.columns[slot] = Column(mean, np.full(len(mean), PLAIN, np.uint8))
        self.recorded.columns.add(slot)

    def advance(self, tick_ms: int) -> None:
        """Advance the windows to a tick: close, recompute and compact slots, drop expired ones."""
        if tick_ms % MINUTE_MS or (self.tick_ms is not None and tick_ms < self.tick_ms):
            raise ValueError(f"a tick is a whole minute and never goes back: {tick_ms}")
        if self._stays(tick_ms):  # then what is to be mended can wait until somebody looks
            self.tick_ms = tick_ms
            return
        self.settle()
        closed, fine = self._done_before(tick_ms)
        self.tick_ms = tick_ms
        self._drop_older(fine)
        for slot in range(max(closed, self.start), self.closed):
            self.columns[slot] = Column.empty(len(self))
            self._compute(slot, np.arange(len(self)))
        self._compact(fine)

    def _stays(self, tick_ms: int) -> bool:
        """Return True if no slot closes and none leaves the fine part until a tick."""
        step_ms, fine_ms = self.spec.step_ms, self.spec.fine_ms
        stands = (tick_ms // step_ms, (tick_ms - fine_ms) // step_ms)
        return self.tick_ms is not None and stands == (self.closed, self.fine)

    def _done_before(self, tick_ms: int) -> tuple[int, int]:
        """Return the slots up to which closing and compacting are done."""
        if self.tick_ms is not None:
            return self.closed, self.fine
        oldest = min(self.minutes, default=tick_ms // MINUTE_MS) * MINUTE_MS // self.spec.step_ms
        return oldest, oldest

    def settle(self) -> None:
        """Recompute the closed slots that late readings changed."""
        dirty, self._dirty = self._dirty, {}
        for slot in sorted(dirty):
            if slot < self.fine:
                self._patch(slot)
            elif slot >= self.start:
                self._compute(slot, np.unique(np.concatenate(dirty[slot])))

    def _compute(self, slot: int, rows: Rows) -> None:
        """Compute the mean of a slot from its readings."""
        span = self._span(slot)
        stands = standing_at(span.start_ms, span.hold_ms, rows, self.minutes, self.border)
        column = self.columns.setdefault(slot, Column.empty())
        column.put(rows, Column(*slot_mean(span, rows, self.minutes, stands)))

    def _patch(self, slot: int) -> None:
        """Recompute the rows of a compacted slot that late readings were kept for."""
        kept = [self.minutes[n].row for n in self._minutes_of(slot) if n in self.minutes]
        self.patches.pop(slot, None)
        if not kept:
            return
        rows, span = np.unique(np.concatenate(kept)), self._span(slot)
        stands = standing_at(
            span.start_ms, span.hold_ms, rows, self.minutes, StandingReadings.none(0)
        )
        base = self.columns.get(slot, Column.empty()).at(rows)
        plain = base.mark == PLAIN
        stands.time_ms[plain], stands.value[plain] = span.start_ms, base.mean[plain]
        stands.quality[plain] = 0
        self.patches[slot] = Patch(rows, Column(*slot_mean(span, rows, self.minutes, stands)))

    def _compact(self, done: int) -> None:
        """Reduce slots that leave the fine part to their mean and mark."""
        if done >= self.fine:
            return
        border_ms = self.fine * self.spec.step_ms
        rows = np.arange(len(self))
        self.border = standing_at(border_ms, self.spec.hold_ms, rows, self.minutes, self.border)
        leaving = [n for n in self.minutes if n * MINUTE_MS < border_ms]
        for number in leaving:
            slot = number * MINUTE_MS // self.spec.step_ms
            if slot < done:
                continue
            self.recorded.drop(number)
            minute = self.minutes.pop(number)
            kept = minute.take(np.flatnonzero(is_kept(minute, self.columns[slot])))
            if len(kept):
                self.minutes[number] = kept
                self.recorded.minutes.add(number)
        for slot in range(max(done, self.start), self.fine):
            self.recorded.columns.add(slot)
            self._patch(slot)

    def _drop_older(self, done: int) -> None:
        start = self.start  # once: at every minute of a long history it would be most of the work
        start_ms = start * self.spec.step_ms
        for slot in [slot for slot in self.columns if slot < start]:
            del self.columns[slot]
            self.patches.pop(slot, None)
            self.recorded.columns.add(slot)
        for number in [number for number in self.minutes if number * MINUTE_MS < start_ms]:
            del self.minutes[number]
            if number * MINUTE_MS < done * self.spec.step_ms:
                self.recorded.minutes.add(number)
            else:
                self.recorded.drop(number)
        if self.patches:  # what stood over from before the window is forgotten
            for slot in range(start, min(start + self.spec.reach, self.fine)):
                self._patch(slot)

    def recompute(self) -> None:
        """Recompute everything that is derived from the minutes, after these were loaded."""
        if self.tick_ms is None:
            return
        for slot in range(max(self.fine, self.start), self.closed):
            self._compute(slot, np.arange(len(self)))
        for slot in {n * MINUTE_MS // self.spec.step_ms for n in self.minutes}:
            if slot < self.fine:
                self._patch(slot)

    def _span(self, slot: int) -> Slot:
        step = self.spec.step_ms
        return Slot(slot * step, (slot + 1) * step, self.spec.hold_ms)

    def _minutes_of(self, slot: int) -> range:
        return range(slot * self.spec.step_minutes, (slot + 1) * self.spec.step_minutes)

    def cut(
        self, slots: int, rows: slice = slice(None)
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.uint8]]:
        """Return mean and mark of the newest closed slots: slots down, oldest first."""
        if not 0 < slots <= self.spec.slots:
            raise ValueError(f"a window has {self.spec.slots} slots, not {slots}")
        self.settle()
        first, stop, _ = rows.indices(len(self))
        mean = np.full((slots, stop - first), np.nan, np.float32)
        mark = np.zeros((slots, stop - first), np.uint8)
        for i, slot in enumerate(range(self.closed - slots, self.closed)):
            column = self.columns.get(slot)
            if column is not None:
                size = len(part := column.mean[first:stop])  # rows beyond it appeared later
                mean[i, :size], mark[i, :size] = part, column.mark[first:stop]
            if slot in self.patches:
                self.patches[slot].lay_over(first, mean[i], mark[i])
        return mean, mark

    def closed_slot(self, slot: int) -> Column:
        """Return the present values of a closed slot; None if it is outside the window."""
        self.settle()
        column = self.columns.get(slot, Column.empty()).at(np.arange(len(self)))
        if slot in self.patches:
            self.patches[slot].lay_over(0, column.mean, column.mark)
        return column

    def open_slot(self) -> Column:
        """Return the slot that the tick lies in, as far as it is known before the tick."""
        if self.tick_ms is None or self.tick_ms % self.spec.step_ms == 0:
            return Column.empty(len(self))
        rows = np.arange(len(self))
        span = self._span(self.closed)
        stands = standing_at(span.start_ms, span.hold_ms, rows, self.minutes, self.border)
        until = Slot(span.start_ms, self.tick_ms, span.hold_ms)
        return Column(*slot_mean(until, rows, self.minutes, stands))

    def silent(self) -> npt.NDArray[np.bool_]:
        """Return the rows whose series sent nothing for longer than the window."""
        return self.roster.last_ms < self.start * self.spec.step_ms

    def let_go(self) -> Rows | None:
        """Drop silent series once they are an eighth of all, and return the rows that stay.

        Other data by row must be reduced to the same rows. None means that no row moved.
        """
        silent = self.silent()
        if not silent.sum() * 8 >= max(len(silent), 1):
            return None
        self.settle()
        stay = np.flatnonzero(~silent)
        moved = np.cumsum(~silent) - 1
        self.roster.keep(stay)
        for number, minute in self.minutes.items():
            self.minutes[number] = minute.moved(moved)
        self.recorded.move(moved)
        for slot, column in self.columns.items():
            self.columns[slot] = column.at(stay[stay < len(column)])
        for slot, patch in self.patches.items():
            self.patches[slot] = Patch(moved[patch.rows], patch.column)
        self.border = self.border.take(stay)
        return stay
