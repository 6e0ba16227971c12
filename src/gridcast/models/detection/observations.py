"""What a partition's detectors are shown at a tick, and what they know of the series."""

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
    """What came since the look before: a row a series."""

    tick_ms: int
    heard: Flags
    """Who sent anything at all, if only an old reading again."""
    value: Floats
    """The newest reading that came, kW; not a number where none did."""
    time_ms: Times
    """When that was, by the meter's clock."""
    sent_ms: Times
    """When it was sent, by Kafka's."""
    quantiles: Floats
    """What had been forecast for it, kW: [series, levels]; not a number where nothing was."""
    levels: tuple[float, ...]
    """Probabilities of the quantiles, rising."""

    def __len__(self) -> int:
        return len(self.value)


@dataclass(frozen=True, slots=True, eq=False)
class DeclaredSeries:
    """What is declared of the series: it seldom changes from look to look."""

    capacity: Floats
    """kW; not a number where it is unknown."""
    least: Floats
    """The least that the load can be, kW: 0, or minus infinity."""
    group: Rows
    """Which group each series is in: its siblings, under one parent. `NO_GROUP`: none."""
    parent: Rows
    """Which row is the parent of each group; -1: it, or a part of it, is not among these series."""
    parents: Sequence[str]
    """Names of the parents, one for each group."""
    above: Sequence[tuple[str, ...]]
    """Names of what stands above each parent, the nearest first."""
    calendar: Rows = field(default_factory=lambda: np.zeros(0, np.intp))
    """Which of the calendars each series goes by, if there are any."""
    calendars: Sequence[tuple[str, str]] = ()
    """Time zones and holiday calendars; "": no holidays."""

    @property
    def groups(self) -> int:
        """How many groups there are."""
        return len(self.parents)


@dataclass(frozen=True, slots=True, eq=False)
class StationObservations:
    """What was known of the weather at a tick: a row a station."""

    tick_ms: int
    stations: Sequence[str]
    time_ms: Times
    """When the newest observation was made; `NOT_KNOWN` where there is none."""
    measured: Floats
    """What it said, °C; not a number where it did not."""
    foretold: Floats
    """What the newest forecast run says of that time, °C."""
    of: Rows
    """Which station each series has; `NOT_KNOWN`: none."""

    def of_rows(self, rows: int) -> Rows:
        """Give the station of so many series: those that are new have none yet."""
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
"""Of no series."""
