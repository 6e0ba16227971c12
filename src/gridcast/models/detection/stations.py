"""Weather-station detector: forecast errors, drift, flatlines and gaps of stations.

A station is watched like a meter for gaps and flatlines. Its error is the observed temperature
minus that of the newest forecast run. An unusual error is weather unlike its forecast, or a wrong
observation. A moved daily mean error is drift of an input that load forecasts are made from.
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
"""Shortest flatline that is reported: weather may stay the same for less."""
FAR_C = np.float32(3)
"""Smallest error that explains a load, °C."""
WIDE = np.float32(3)
"""Smallest error that is unusual, in the station's usual errors."""
STILL = np.float32(0.5)
"""Hysteresis: share of the limit below which the weather is as forecast again."""
LONGEST_H = np.float32(3)
"""Upper bound on the hours that one observation stands for."""
ASSUMED_H, KNOWN_H, REMEMBERED_H = np.float32(24), np.float32(48), np.float32(336)
"""Hours that a new station starts with, hours before the first detection, and hours over which the
usual errors fade."""
LEAST_C = np.float32(0.3)
"""Lower bound on the usual distance between days, °C."""
MOVED = DriftLimit(min_instances=14, delta=1.0, threshold=15.0, alpha=0.99)


class StationFault(IntEnum):
    """Faults of a station; if there are several, the greatest counts."""

    NOT = 0
    OFF = 1
    DRIFTED = 2
    STUCK = 3
    SILENT = 4


class StationErrors(DetectorState):
    """Forecast errors and faults of the stations."""

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
    """Time of the newest observation, seconds since `SINCE_MS`."""
    same_s: npt.NDArray[np.int32]
    """Time since which the observed value is unchanged."""
    since_s: npt.NDArray[np.int32]
    """Time since which the fault lasts."""
    measured: Floats
    """Newest observation with a forecast, °C."""
    foretold: Floats
    """The forecast for it, °C."""
    error: Floats
    """Mean error of about the last hour, °C."""
    bias: Floats
    """Usual error, °C."""
    usual: Floats
    """Usual distance of errors from the bias, °C."""
    hours: Floats
    """Number of hours that both rest on."""
    is_off: Flags
    ill: npt.NDArray[np.uint8]

    def update(
        self, at_s: npt.NDArray[np.int32], observed: StationObservations, judged: Flags
    ) -> None:
        """Judge observations with a forecast, and learn from them."""
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
        away, is_known = np.abs(self.error[rows] - self.bias[rows]), self.hours[rows] >= KNOWN_H
        self.is_off[rows] = is_known & (away > np.where(self.is_off[rows], STILL, 1) * limit)
        most = np.where(is_known, limit, np.float32(np.inf))
        near = np.clip(error - self.bias[rows], -most, most)
        self.hours[rows] = np.minimum(self.hours[rows] + hours, REMEMBERED_H)
        learns = hours / (self.hours[rows] + ASSUMED_H)
        self.bias[rows] += learns * near
        self.usual[rows] += learns * (np.abs(near) - self.usual[rows])


@dataclass(frozen=True, slots=True, eq=False)
class StationStates:
    """States of the stations, one row per station."""

    names: Sequence[str]
    of: Rows
    """Index of each series' station; `NOT_KNOWN` without a station."""
    ill: npt.NDArray[np.uint8]
    since_ms: npt.NDArray[np.int64]
    measured: Floats
    foretold: Floats
    last: Floats
    """Newest observation of each station, with or without a forecast, °C."""


class StationDetectors:
    """The detectors of the stations that a partition's series use."""

    def __init__(self) -> None:
        self.errors, self.repeats, self.silence = StationErrors(), Repeats(), Silence()
        self.days, self.usual, self.test = DailyLoads(), DailyNorms(), PageHinkley(MOVED)
        self.hour = 0
        """The current hour."""

    def update(self, observed: StationObservations, chance: np.float32) -> None:
        """Judge the observations available by now, and learn from them."""
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

    def states(self, observed: StationObservations, rows: int) -> StationStates:
        """Return the states as of the newest observations, for `rows` series."""
        errors = self.errors
        since_ms = SINCE_MS + errors.since_s.astype(np.int64) * 1000
        state = (errors.ill, since_ms, errors.measured, errors.foretold, self.repeats.last)
        return StationStates(observed.stations, observed.of_rows(rows), *state)

    def reorder(self, was: Rows) -> None:
        """Reorder the stations: `was` has the old index of each; -1 is a new station."""
        for part in self.parts():
            part.reorder(was)

    def parts(self) -> tuple[DetectorState, ...]:
        """Return the states with one row per station."""
        return self.errors, self.repeats, self.silence, self.days, self.usual, self.test

    def columns(self) -> list[Any]:
        """Return the whole state as record columns."""
        return [
            np.array([self.hour]),
            *(column for part in self.parts() for column in part.columns()),
        ]

    def load(self, columns: Sequence[Any]) -> None:
        """Restore the state from record columns."""
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
                scaled, is_known = self.usual.scale(error, given, narrowest=LEAST_C)
                self.usual.stands[self.test.update(scaled, is_known)] = STANDS
            self.hour = hour
        self.days.add(observed.measured - observed.foretold, judged)

    def _name(self, tick_ms: int, silent: Flags, stuck: Flags) -> None:
        """Set each station's fault, and since when it lasts."""
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
