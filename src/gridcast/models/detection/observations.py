"""Inputs of a partition's detectors at a tick: readings, declared series, station observations."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from gridcast.models.detection.detector_state import Rows
from gridcast.models.weather import NOT_KNOWN
from gridcast.schemas.bounds import NEVER
from gridcast.units import Flags, Floats, Times

NO_GROUP = -1


@dataclass(frozen=True, slots=True)
class TickReadings:
    """The readings that arrived since the last tick, one row per series."""

    tick_ms: int
    heard: Flags
    """True for series that sent anything, even an old reading again."""
    value: Floats
    """The newest reading, kW; NaN if none arrived."""
    time_ms: Times
    """Event time of that reading, by the meter's clock."""
    sent_ms: Times
    """Kafka's timestamp of that reading."""
    quantiles: Floats
    """Forecast for that reading, kW: [series, levels]; NaN without a forecast."""
    levels: tuple[float, ...]
    """Probabilities of the quantiles, rising."""

    def __len__(self) -> int:
        return len(self.value)


@dataclass(frozen=True, slots=True, eq=False)
class DeclaredSeries:
    """Declared properties of a partition's series; they rarely change from tick to tick."""

    capacity: Floats
    """kW; NaN if unknown."""
    least: Floats
    """Lower bound of the load, kW: 0 or minus infinity."""
    group: Rows
    """Index of each series' group: its siblings under one parent. `NO_GROUP` without a parent."""
    parent: Rows
    """Row of each group's parent; -1 if it, or a child of it, is in another partition."""
    parents: Sequence[str]
    """Names of the parents, one per group."""
    above: Sequence[tuple[str, ...]]
    """Names of each parent's ancestors, nearest first."""
    calendar: Rows = field(default_factory=lambda: np.zeros(0, np.intp))
    """Index of each series' calendar in `calendars`; empty without calendars."""
    calendars: Sequence[tuple[str, str]] = ()
    """Time zones and holiday calendars; "" means no holidays."""

    @property
    def groups(self) -> int:
        """Number of groups."""
        return len(self.parents)


@dataclass(frozen=True, slots=True, eq=False)
class StationObservations:
    """The weather available at a tick, one row per station."""

    tick_ms: int
    stations: Sequence[str]
    time_ms: Times
    """Time of the newest observation; `NOT_KNOWN` if there is none."""
    measured: Floats
    """Observed temperature, °C; NaN if the station did not report it."""
    foretold: Floats
    """Temperature of the newest forecast run for that time, °C."""
    of: Rows
    """Index of each series' station; `NOT_KNOWN` without a station."""

    def of_rows(self, rows: int) -> Rows:
        """Return the station index of the first `rows` series; new series have no station yet."""
        more = np.full(max(rows - len(self.of), 0), NOT_KNOWN)
        return np.append(self.of[:rows], more).astype(np.intp)


NO_STATIONS = StationObservations(
    NEVER,
    (),
    np.zeros(0, np.int64),
    np.zeros(0, np.float32),
    np.zeros(0, np.float32),
    np.zeros(0, np.intp),
)
NOTHING_DECLARED = DeclaredSeries(
    np.zeros(0, np.float32),
    np.zeros(0, np.float32),
    np.zeros(0, np.intp),
    np.zeros(0, np.intp),
    [],
    [],
)
"""The declarations of a partition without series."""
