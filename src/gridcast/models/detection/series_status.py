"""How series stood when their newest reading was judged: so they stand until the next."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from gridcast.models.detection.detector_state import DetectorState
from gridcast.schemas import AlarmKind
from gridcast.units import Flags, Floats

SEEN_AT_READINGS = (AlarmKind.SPIKE, AlarmKind.DROP, AlarmKind.OUT_OF_LIMITS, AlarmKind.UNIT)
"""What is seen of a reading; the rest is seen of the time between them, or of many."""
BETWEEN = 4
"""From this bit on: not beyond the limit, and not well."""
HIGH, LOW = 6, 7
"""Bits: its score is beyond 1, which one in six are, above or below."""


class SeriesStatus(DetectorState):
    """A bit for each kind beyond its limit, for each that is not yet well, and for each side."""

    NEW: ClassVar = {"last": np.float32(np.nan), "bits": np.uint8(0)}
    last: Floats
    """The newest reading, kW."""
    bits: np.ndarray[tuple[int], np.dtype[np.uint8]]

    def note(
        self,
        given: Flags,
        value: Floats,
        on: Mapping[AlarmKind, Flags],
        between: Mapping[AlarmKind, Flags],
        score: Floats,
    ) -> None:
        """Take how the series stand that sent a reading."""
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
        """Tell which stand beyond a limit."""
        return {kind: self._bit(place) for place, kind in enumerate(SEEN_AT_READINGS)}

    def between(self) -> dict[AlarmKind, Flags]:
        """Tell which are not beyond it, and not well."""
        kinds = SEEN_AT_READINGS[:2]
        return {kind: self._bit(BETWEEN + place) for place, kind in enumerate(kinds)}

    def high(self) -> Flags:
        """Tell which lie above what was expected, as one in six do."""
        return self._bit(HIGH)

    def low(self) -> Flags:
        """Tell which lie below it."""
        return self._bit(LOW)

    def _bit(self, place: int) -> Flags:
        return np.asarray(self.bits & (1 << place) != 0)
