"""Readings by the thousand: columns instead of objects."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class ReadingColumns:
    """Readings side by side, one row each; what the hot path is made of."""

    series: list[str]
    time_ms: npt.NDArray[np.int64]
    """Event time, milliseconds since 1970 UTC."""
    value: npt.NDArray[np.float64]
    """kW."""
    quality: npt.NDArray[np.uint8]
    """ESPI quality codes."""
    revision: npt.NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.series)

    @classmethod
    def empty(cls) -> Self:
        """Give columns without a row."""
        return cls([], np.empty(0, "i8"), np.empty(0, "f8"), np.empty(0, "u1"), np.empty(0, "i4"))

    @classmethod
    def concatenate(cls, parts: Sequence[Self]) -> Self:
        """Put columns end to end."""
        if not parts:
            return cls.empty()
        if len(parts) == 1:
            return parts[0]
        return cls(
            [name for part in parts for name in part.series],
            np.concatenate([part.time_ms for part in parts]),
            np.concatenate([part.value for part in parts]),
            np.concatenate([part.quality for part in parts]),
            np.concatenate([part.revision for part in parts]),
        )

    def part(self, start: int, stop: int) -> Self:
        """Give the rows from start to before stop, without copying the arrays."""
        return type(self)(
            self.series[start:stop],
            self.time_ms[start:stop],
            self.value[start:stop],
            self.quality[start:stop],
            self.revision[start:stop],
        )

    def take(self, rows: npt.NDArray[np.intp]) -> Self:
        """Give some of the rows, in the order asked for."""
        return type(self)(
            [self.series[row] for row in rows],
            self.time_ms[rows],
            self.value[rows],
            self.quality[rows],
            self.revision[rows],
        )
