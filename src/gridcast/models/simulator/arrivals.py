"""Readings in order of arrival, and labels of their faults."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from gridcast.models.simulator.columns import Columns
from gridcast.models.simulator.types import Floats, Ints


@dataclass(frozen=True, slots=True)
class Arrivals(Columns):
    """Readings as they arrive."""

    series: NDArray[np.int32]  # index into the grid's series
    time_ms: Ints  # event time, by the meter's own clock
    arrival_ms: Ints  # arrival in the system, by the true clock
    value: Floats  # kW
    quality: NDArray[np.uint8]  # ESPI
    revision: NDArray[np.int32]

    def in_order(self, from_ms: int) -> Self:
        """Return the rows by arrival; those of the same millisecond keep their order.

        Sorting integers that carry their own position is faster than an argsort. No reading may
        arrive before `from_ms`, or more than 24 days after it.
        """
        place = np.arange(len(self), dtype=np.int64)
        keys = ((self.arrival_ms - from_ms) << 31) | place
        keys.sort()
        return self.take(keys & 0x7FFFFFFF)


@dataclass(frozen=True, slots=True)
class Labels(Columns):
    """Faults of the readings of a series whose true slot is in from <= time < to."""

    kind: NDArray[np.uint8]  # index into faults.KINDS
    series: NDArray[np.int32]
    from_ms: Ints
    to_ms: Ints
    magnitude: Floats  # see FaultKind; nan where the kind has none

    @classmethod
    def empty(cls) -> Self:
        """Return no labels."""
        return cls(
            np.empty(0, np.uint8),
            np.empty(0, np.int32),
            np.empty(0, np.int64),
            np.empty(0, np.int64),
            np.empty(0),
        )
