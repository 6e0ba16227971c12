"""Weather stations: what they measured against what had been forecast for it, and whether they do.

A station is watched as a meter is: whether it falls silent, or stays at a value. Its error is what
it measured less what the newest forecast run said of that time, degrees. One beyond what is usual
of the station is weather that came otherwise than it was forecast, or a reading that is wrong; days
whose mean error has moved are a drift of what forecasts of load are made from.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from gridcast.models.detection.detector_state import DetectorState, Rows
from gridcast.models.detection.input_drift import STANDS, DailyLoads, DailyNorms
from gridcast.models.detection.observations import StationObservations
from gridcast.models.detection.page_hinkley import DriftLimit, PageHinkley
from gridcast.models.detection.pit_scores import DAY_S
from gridcast.models.detection.repeats import Repeats
from gridcast.models.detection.silence import SINCE_MS, Silence
from gridcast.models.weather import NOT_KNOWN
from gridcast.units import HOUR_MS, Flags, Floats

STUCK_S = 3 * 3_600
"""Weather that stays the same for less is calm."""
FAR_C = np.float32(3)
"""Degrees: what errs less explains no load …"""
WIDE = np.float32(3)
"""… nor what errs less than so many of the station's usual errors."""
STILL = np.float32(0.5)
"""Of that: below it the weather is as forecast again."""
LONGEST_H = np.float32(3)
"""One observation speaks for no more hours before it."""
ASSUMED_H, KNOWN_H, REMEMBERED_H = np.float32(24), np.float32(48), np.float32(336)
"""Hours: for so many a new station's errors are assumed, before so many nothing is told, and what
is usual fades over so many."""
LEAST_C = np.float32(0.3)
"""Degrees: days of no station lie nearer to each other, usually."""
MOVED = DriftLimit(min_instances=14, delta=1.0, threshold=15.0, alpha=0.99)


class StationFault(IntEnum):
    """What is wrong with a station; of several, the greater."""

    NOT = 0
    OFF = 1
    DRIFTED = 2
    STUCK = 3
    SILENT = 4


class StationErrors(DetectorState):
    """How far stations are from what was forecast, and what is wrong with them."""

    NEW: ClassVar = {
        "at_s": np.int32(-1),
        "same_s": np.int32(-1),
        "since_s": np.int32(-1),
        "measured": np.float32(np.nan),
        "foretold": np.float32(np.nan),
        "error": np.float32(np.nan),
        "bias": np.float32(0),
        "usual": np.float32(1),
        "hours": np.float32(0),
        "is_off": np.False_,
        "ill": np.uint8(StationFault.NOT),
    }
    at_s: npt.NDArray[np.int32]
    """When the newest observation was made, seconds since `SINCE_MS`."""
    same_s: npt.NDArray[np.int32]
    """When it first said what it says."""
    since_s: npt.NDArray[np.int32]
    """Since when it is ill."""
    measured: Floats
    """The newest that was foretold, °C …"""
    foretold: Floats
    """… and what was."""
    error: Floats
    """Of the last hour, about, °C."""
    bias: Floats
    """Errors are usually so far from 0 …"""
    usual: Floats
    """… and so far from that."""
    hours: Floats
    """That both rest on."""
    is_off: Flags
    ill: npt.NDArray[np.uint8]

    def update(
        self, at_s: npt.NDArray[np.int32], observed: StationObservations, judged: Flags
    ) -> None:
        """Take observations for which something had been forecast."""
        rows = np.flatnonzero(judged)
        if not len(rows):
            return
        error = observed.measured[rows] - observed.foretold[rows]
        self.measured[rows], self.foretold[rows] = observed.measured[rows], observed.foretold[rows]
        before_s = np.where(self.at_s[rows] < 0, at_s[rows], self.at_s[rows])
        hours = np.minimum((at_s[rows] - before_s).astype(np.float32) / 3_600, LONGEST_H)
        recent = self.error[rows] + (1 - np.exp(-hours)) * (error - self.error[rows])
        self.error[rows] = np.where(np.isnan(recent), error, recent)
        limit = np.maximum(FAR_C, WIDE * self.usual[rows])
        away, known = np.abs(self.error[rows] - self.bias[rows]), self.hours[rows] >= KNOWN_H
        self.is_off[rows] = known & (away > np.where(self.is_off[rows], STILL, 1) * limit)
        most = np.where(known, limit, np.float32(np.inf))
        near = np.clip(error - self.bias[rows], -most, most)
        self.hours[rows] = np.minimum(self.hours[rows] + hours, REMEMBERED_H)
        learns = hours / (self.hours[rows] + ASSUMED_H)
        self.bias[rows] += learns * near
        self.usual[rows] += learns * (np.abs(near) - self.usual[rows])


@dataclass(frozen=True, slots=True, eq=False)
class StationStates:
    """What is wrong with the stations: a row a station."""

    names: Sequence[str]
    of: Rows
    """Which station each series has; `NOT_KNOWN`: none."""
    ill: npt.NDArray[np.uint8]
    since_ms: npt.NDArray[np.int64]
    measured: Floats
    foretold: Floats
    said: Floats
    """What each says, whether anything was foretold or not."""


class StationDetectors:
    """The stations that a partition's series have."""

    def __init__(self) -> None:
        self.errors, self.repeats, self.silence = StationErrors(), Repeats(), Silence()
        self.days, self.usual, self.test = DailyLoads(), DailyNorms(), PageHinkley(MOVED)
        self.hour = 0
        """The hour that runs."""

    def update(self, observed: StationObservations, chance: np.float32) -> None:
        """Take what the stations said by now; judge it, and learn from it."""
        errors = self.errors
        at_s = np.where(observed.time_ms == NOT_KNOWN, -1, (observed.time_ms - SINCE_MS) // 1000)
        at_s = at_s.astype(np.int32)
        heard = at_s > errors.at_s
        given = heard & ~np.isnan(observed.measured)
        interval_s = np.where(self.silence.interval_s > 0, self.silence.interval_s, np.float32(60))
        risk = np.asarray(chance * interval_s / DAY_S, np.float32)
        silent = self.silence.update(observed.tick_ms, heard, risk)
        errors.same_s = np.where(
            given & (observed.measured != self.repeats.last), at_s, errors.same_s
        )
        stuck = self.repeats.update(observed.measured, given, risk)
        stuck &= np.maximum(at_s, errors.at_s) - errors.same_s >= STUCK_S
        judged = given & ~np.isnan(observed.foretold) & ~stuck
        errors.update(at_s, observed, judged)
        self._look_at_days(observed, judged)
        errors.at_s = np.maximum(at_s, errors.at_s)
        self._name(observed.tick_ms, silent, stuck)

    def seen(self, observed: StationObservations, rows: int) -> StationStates:
        """Tell how they stand; `look` is what was shown last, `rows` how many series there are."""
        errors = self.errors
        since_ms = SINCE_MS + errors.since_s.astype(np.int64) * 1000
        told = (errors.ill, since_ms, errors.measured, errors.foretold, self.repeats.last)
        return StationStates(observed.stations, observed.of_rows(rows), *told)

    def reorder(self, was: Rows) -> None:
        """Put the stations into another order: where each one was; -1: it is new."""
        for part in self.parts():
            part.reorder(was)

    def parts(self) -> tuple[DetectorState, ...]:
        """Give what is remembered by station."""
        return self.errors, self.repeats, self.silence, self.days, self.usual, self.test

    def columns(self) -> list[Any]:
        """Give all of it as columns of a record."""
        return [np.array([self.hour]), *(one for part in self.parts() for one in part.columns())]

    def load(self, columns: Sequence[Any]) -> None:
        """Take it from columns of a record."""
        self.hour, begin = int(columns[0][0]), 1
        for part in self.parts():
            end = begin + len(part.NEW)
            part.load(columns[begin:end])
            begin = end

    def _look_at_days(self, observed: StationObservations, judged: Flags) -> None:
        hour = observed.tick_ms // HOUR_MS
        if hour != self.hour:
            over = min(max(hour - self.hour, 0), int(STANDS))
            self.usual.stands -= np.minimum(self.usual.stands, np.uint8(over))
            if hour // 24 != self.hour // 24:
                error, given = self.days.end(self.silence.interval_s)
                scaled, told = self.usual.scale(error, given, narrowest=LEAST_C)
                self.usual.stands[self.test.update(scaled, told)] = STANDS
            self.hour = hour
        self.days.add(observed.measured - observed.foretold, judged)

    def _name(self, tick_ms: int, silent: Flags, stuck: Flags) -> None:
        """Name what is wrong with each, and since when."""
        errors = self.errors
        drifted = self.usual.stands > 0
        ill = np.select(
            [silent, stuck, drifted, errors.is_off],
            [StationFault.SILENT, StationFault.STUCK, StationFault.DRIFTED, StationFault.OFF],
            StationFault.NOT,
        ).astype(np.uint8)
        began = np.select(
            [ill == StationFault.STUCK, ill == StationFault.DRIFTED],
            [errors.same_s, np.int32((tick_ms - SINCE_MS) // 1000)],
            errors.at_s,
        )
        errors.since_s = np.where(ill != errors.ill, began, errors.since_s).astype(np.int32)
        errors.ill = ill
