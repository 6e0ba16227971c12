"""The status of each series as of its newest reading; it stands until the next one."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from gridcast.models.detection.detector_state import DetectorState
from gridcast.schemas import AlarmKind
from gridcast.units import Flags, Floats

SEEN_AT_READINGS = (AlarmKind.SPIKE, AlarmKind.DROP, AlarmKind.OUT_OF_LIMITS, AlarmKind.UNIT)
"""Kinds that are judged at a reading; the others are judged between readings, or for groups."""
BETWEEN = 4
"""First bit of the kinds that are within their limit but have not cleared yet."""
HIGH, LOW = 6, 7
"""Bits for a score above 1 and below -1; each applies to one in six readings."""


class SeriesStatus(DetectorState):
    """One bit per kind beyond its limit, per kind that has not cleared, and per side."""

    NEW: ClassVar = {"last": np.float32(np.nan), "bits": np.uint8(0)}
    last: Floats
    """Newest reading, kW."""
    bits: np.ndarray[tuple[int], np.dtype[np.uint8]]

    def note(
        self,
        given: Flags,
        value: Floats,
        on: Mapping[AlarmKind, Flags],
        between: Mapping[AlarmKind, Flags],
        score: Floats,
    ) -> None:
        """Store the status of the series that sent a reading."""
        bits = np.zeros(len(given), np.uint8)
        for place, kind in enumerate(SEEN_AT_READINGS):
            bits |= on[kind].astype(np.uint8) << place
            if kind in between:
                bits |= between[kind].astype(np.uint8) << (BETWEEN + place)
        with np.errstate(invalid="ignore"):
            bits |= (score > 1).astype(np.uint8) << HIGH | (score < -1).astype(np.uint8) << LOW
        np.copyto(self.bits, bits, where=given)
        np.copyto(self.last, value, where=given)

    def on(self) -> dict[AlarmKind, Flags]:
        """Return which series are beyond a limit, by kind."""
        return {kind: self._bit(place) for place, kind in enumerate(SEEN_AT_READINGS)}

    def between(self) -> dict[AlarmKind, Flags]:
        """Return which series are within the limit but have not cleared, by kind."""
        kinds = SEEN_AT_READINGS[:2]
        return {kind: self._bit(BETWEEN + place) for place, kind in enumerate(kinds)}

    def high(self) -> Flags:
        """Return True for series with a score above 1."""
        return self._bit(HIGH)

    def low(self) -> Flags:
        """Return True for series with a score below -1."""
        return self._bit(LOW)

    def _bit(self, place: int) -> Flags:
        return np.asarray(self.bits & (1 << place) != 0)
