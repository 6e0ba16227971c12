"""The verification of a partition's forecasts, and the calibration that learns from it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count

import numpy as np
import numpy.typing as npt

from gridcast.models.bands import Bands
from gridcast.models.calibration import Calibration
from gridcast.models.records import Record, RecordError, RecordKind, decode, encode, key_of
from gridcast.models.verification.noted import Noted, number_of, whole_watts
from gridcast.models.verification.running import Running
from gridcast.models.verification.scoring import Due, score
from gridcast.models.windows import Windows
from gridcast.models.windows.marks import share_of
from gridcast.schemas.forecast import Rung
from gridcast.schemas.forecast_columns import Maker
from gridcast.schemas.score_columns import ScoreColumns, Scored
from gridcast.units import MINUTE_MS, Floats

RUNGS = (
    Rung.MODEL,
    Rung.MODEL_WITHOUT_WEATHER,
    Rung.SEASONAL_PROFILE,
    Rung.LAST_LEVEL,
    Rung.POPULATION_PROFILE,
)
"""Records refer to a rung by its index here, so new rungs are appended."""
LATE_SLOTS = 1
"""A slot is verified when this many later ones have closed, so that late readings count."""
MEASURED = 0.5
"""Least measured share of a slot that is verified."""
LEVEL_PARTS = 1_000_000
"""Levels are stored in millionths."""

Rows = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Forecasted:
    """The forecasts of a tick for the slots to verify."""

    leads: Sequence[tuple[int, int]]
    """Band and lead of each slot."""
    raw: Floats
    """kW, [leads, series, levels]."""
    issued: Floats
    makers: Sequence[Maker]
    made_by: npt.NDArray[np.integer]
    rows: Rows | None = None
    """Rows of the series; None for all."""


class Checks:
    """Forecasts that wait to be verified, the calibration, and running scores.

    At the first tick that is answered in a slot, some of its forecasts are noted (`Bands`). When a
    noted slot is over, the calibration learns from it. When an hour is over, its scores are summed
    from slots that include late readings. All state follows from the records, to the bit, however
    often it is loaded.
    """

    def __init__(self) -> None:
        self._settings: tuple[int, int, tuple[float, ...]] | None = None
        self._waiting: dict[int, Noted] = {}
        self._learned = self._scored = self._noted = 0
        """The slots, hours and slots before which everything was learned."""
        self._fresh: list[int] = []
        self._in_table: set[str] = set()
        """Keys of the numbered records in the table …"""
        self._outlived: set[str] = set()
        """… and of those that belong to other settings."""
        self._is_new_hour = False
        self.running = Running(0)

    @property
    def nbytes(self) -> int:
        """Memory in bytes."""
        if self._settings is None:
            return 0
        waiting = self._waiting.values()
        numbers = {id(noted.numbers): noted.numbers.nbytes for noted in waiting}
        held = sum(noted.nbytes for noted in waiting) + sum(numbers.values())
        return held + self.calibration.nbytes + self.running.nbytes

    def begin(self, windows: Windows, horizon: int, levels: Sequence[float]) -> None:
        """Prepare for a tick. Forget everything that was learned for other levels or steps."""
        if self.suits(windows, horizon, levels):
            return
        self._suit(windows.spec.step_minutes, horizon, tuple(levels))
        self._outlived, self._in_table = self._outlived | self._in_table, set()
        self._learned = windows.closed - LATE_SLOTS
        self._scored = self._learned // self._hour
        self._noted = 0

    def judge(self, windows: Windows) -> list[ScoreColumns]:
        """Verify what came due and learn from it. Return the scores of hours that are over."""
        ready = windows.closed - LATE_SLOTS
        for slot in self._slots(self._learned, ready):
            for due in self._due(windows, slot):
                self._learn(due)
        self._learned = max(self._learned, ready)
        return self._score(windows, ready // self._hour)

    def suits(self, windows: Windows, horizon: int, levels: Sequence[float]) -> bool:
        """Return True if this was learned for such forecasts."""
        return self._settings == (windows.spec.step_minutes, horizon, tuple(levels))

    def has_noted(self, slot: int) -> bool:
        """Return True if a tick of this slot was noted. Only the first one answered is."""
        return slot < self._noted

    def leads(self, slot: int) -> list[tuple[int, int]]:
        """Return band and lead of the forecasts to note at a tick in this slot."""
        return [] if self.has_noted(slot) else list(self.bands.noted(slot))

    def shift(self, rows: Rows, rung: npt.NDArray[np.intp]) -> Floats | None:
        """Return the calibration shifts of some series, or None if there are none.

        Shifts are in widths of the fan, [series, levels, horizon]. `rung` is the index in `RUNGS`
        of each series' forecaster.
        """
        by_band = self.calibration.shift(rows, rung)
        return self.bands.spread(by_band) if by_band.any() else None

    def note(self, windows: Windows, forecasted: Forecasted, *, challenger: bool = False) -> None:
        """Keep forecasts of a tick until they come due."""
        slot = windows.closed
        self._noted = slot + 1
        if not forecasted.leads or not len(forecasted.made_by):
            return
        place = self._place(slot, forecasted.leads[0][0]) if challenger else 0
        scored: dict[Scored, int] = {}
        places = [
            scored.setdefault(
                Scored(maker.rung, maker.model, maker.release, challenger), len(scored)
            )
            for maker in forecasted.makers
        ]
        numbers = self._numbers(windows, forecasted.rows)
        made_by = np.array(places)[forecasted.made_by].astype(np.uint8)
        for (band, lead), raw, issued in zip(
            forecasted.leads, forecasted.raw, forecasted.issued, strict=True
        ):
            number = number_of(slot, band, place)
            watts = whole_watts(raw), whole_watts(issued)
            self._waiting[number] = Noted(
                number, slot + lead, numbers, tuple(scored), made_by, *watts
            )
            self._fresh.append(number)

    def keep(self, stay: Rows) -> None:
        """Keep only the given rows, in the given order."""
        if self._settings is not None:
            self.calibration.keep(stay)
            self.running.keep(stay)

    def changes(self, windows: Windows) -> dict[str, bytes | None]:
        """Return the records that changed since the last call; None for a deleted one."""
        if self._settings is None:
            return {}
        numbers = windows.roster.numbers
        fresh = (self._waiting[number] for number in self._fresh if number in self._waiting)
        records = [noted.record() for noted in fresh]
        records += self.calibration.changes(numbers)
        keys = self._in_table | {record.key for record in records}
        gone = {key for key in keys if not self._is_of_use(key)} | (self._outlived - keys)
        if self._is_new_hour:
            records.append(self.running.record(numbers))
        records.append(self._head())
        self._in_table, self._outlived, self._is_new_hour = keys - gone, set(), False
        self._fresh.clear()
        written = {record.key: encode(record) for record in records}
        return {**written, **dict.fromkeys(sorted(gone))}

    def load(self, records: Mapping[str, bytes], windows: Windows) -> None:
        """Load the state from its records, if there are any."""
        head = key_of(RecordKind.CHECKS)
        if head not in records:
            return
        place, levels = (np.asarray(column) for column in decode(head, records[head]).columns)
        step_minutes, horizon, self._learned, self._scored, self._noted = place.tolist()
        self._suit(step_minutes, horizon, tuple((levels / LEVEL_PARTS).tolist()))
        numbers = windows.roster.numbers
        row_of = np.full(windows.roster.next_number, -1)
        row_of[numbers] = np.arange(len(numbers))
        self.calibration.load(records, row_of)
        running = key_of(RecordKind.RUNNING)
        if running in records:
            self.running.load(decode(running, records[running]), row_of)
        for key in records:
            kind, _, number = key.partition("/")
            if kind == RecordKind.NOTED.name.lower():
                noted = Noted.of(decode(key, records[key]))
                shared = self._shared(noted.numbers)
                self._waiting[int(number)] = replace(noted, numbers=shared)
            elif kind != RecordKind.CALIBRATION.name.lower():
                continue
            self._in_table.add(key)
        self._waiting = dict(sorted(self._waiting.items()))

    def _suit(self, step_minutes: int, horizon: int, levels: tuple[float, ...]) -> None:
        self._settings = (step_minutes, horizon, levels)
        self.bands = Bands(step_minutes, horizon)
        self.calibration = Calibration(self.bands, levels)
        self.running = Running(len(self.bands))
        self._levels = levels
        self._hour = 60 // step_minutes
        self._waiting, self._fresh, self._is_new_hour = {}, [], True

    def _slots(self, begin: int, end: int) -> list[int]:
        slots = {noted.slot for noted in self._waiting.values()}
        return sorted(slot for slot in slots if begin <= slot < end)

    def _due(self, windows: Windows, slot: int) -> Iterator[Due]:
        """Return the noted forecasts of a slot, for series whose load was measured.

        Forecasts are whole watts, so the load is rounded as well: a lamp that was forecast to the
        watt is inside its interval.
        """
        season = (7 if windows.spec.days > 7 else 1) * windows.spec.day
        actual, before = windows.closed_slot(slot), windows.closed_slot(slot - season)
        load = whole_watts(actual.mean)
        is_measured = share_of(actual.mark) >= MEASURED
        naive = np.where(share_of(before.mark) >= MEASURED, before.mean, np.float32(np.nan))
        for noted in self._waiting.values():
            if noted.slot == slot:
                row, place = _rows(windows.roster.numbers, noted.numbers)
                has_load = is_measured[row]
                row, place = row[has_load], place[has_load]
                yield Due(noted, place, row, load[row], naive[row])

    def _learn(self, due: Due) -> None:
        if due.noted.is_challengers:
            return
        rungs = np.array([RUNGS.index(maker.rung) for maker in due.noted.makers])
        rung = rungs[due.noted.made_by[due.place]]
        for rung_index in np.unique(rung).tolist():
            of_rung = np.flatnonzero(rung == rung_index)
            place = due.place[of_rung]
            self.calibration.learn(
                due.row[of_rung],
                due.noted.raw[place],
                due.noted.issued[place],
                due.actual[of_rung],
                rung=rung_index,
                band=due.noted.band,
            )

    def _score(self, windows: Windows, hour: int) -> list[ScoreColumns]:
        if hour <= self._scored:
            return []
        begin, end = self._scored * self._hour, hour * self._hour
        slots = self._slots(begin, end)
        self.running.fade(hour - self._scored)
        scores_of_hours = []
        for hour_number in sorted({slot // self._hour for slot in slots}):
            due = [
                due
                for slot in slots
                if slot // self._hour == hour_number
                for due in self._due(windows, slot)
                if len(due.row)
            ]
            names = windows.roster.names
            scores = score(hour_number * 60 * MINUTE_MS, due, self.bands, self._levels, names)
            if scores is not None:
                rows = windows.roster.rows(scores.series)
                self.running.add(scores, rows[scores.entry_of])
                scores_of_hours.append(scores)
        self._scored, self._is_new_hour = hour, True
        for number in [number for number, noted in self._waiting.items() if noted.slot < end]:
            del self._waiting[number]
        return scores_of_hours

    def _place(self, slot: int, band: int) -> int:
        """Return the first place that no other challenger has in this slot."""
        return next(n for n in count(1) if number_of(slot, band, n) not in self._waiting)

    def _numbers(self, windows: Windows, rows: Rows | None) -> npt.NDArray[np.int64]:
        numbers = windows.roster.numbers
        return self._shared(numbers.copy() if rows is None else numbers[rows])

    def _shared(self, numbers: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Return an equal array that is already kept, to share memory: series rarely change."""
        kept = (noted.numbers for noted in reversed(self._waiting.values()))
        return next((same for same in kept if np.array_equal(same, numbers)), numbers)

    def _is_of_use(self, key: str) -> bool:
        kind, _, number = key.partition("/")
        return kind != RecordKind.NOTED.name.lower() or int(number) in self._waiting

    def _head(self) -> Record:
        if self._settings is None:
            raise RecordError(key_of(RecordKind.CHECKS), "nothing was begun")
        step_minutes, horizon, levels = self._settings
        place = [step_minutes, horizon, self._learned, self._scored, self._noted]
        parts = np.rint(np.array(levels) * LEVEL_PARTS).astype(np.int64)
        return Record(RecordKind.CHECKS, 0, [np.array(place), parts])


def _rows(numbers: npt.NDArray[np.int64], wanted: npt.NDArray[np.int64]) -> tuple[Rows, Rows]:
    """Return the rows of the wanted numbers that still exist, and their places."""
    row = np.searchsorted(numbers, wanted)
    row[row == len(numbers)] = 0
    there = np.flatnonzero(numbers[row] == wanted) if len(numbers) else np.empty(0, np.intp)
    return row[there], there
