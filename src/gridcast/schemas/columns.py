"""Readings as columns, without an object per reading."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class ReadingColumns:
    """Readings as columns, one row each. The hot path uses nothing else."""

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
        """Return columns without rows."""
        return cls([], np.empty(0, "i8"), np.empty(0, "f8"), np.empty(0, "u1"), np.empty(0, "i4"))

    @classmethod
    def concatenate(cls, parts: Sequence[Self]) -> Self:
        """Return the rows of all parts, in order."""
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
        """Return the rows from start to before stop as views."""
        return type(self)(
            self.series[start:stop],
            self.time_ms[start:stop],
            self.value[start:stop],
            self.quality[start:stop],
            self.revision[start:stop],
        )

    def take(self, rows: npt.NDArray[np.intp]) -> Self:
        """Return the given rows in the given order."""
        return type(self)(
            [self.series[row] for row in rows],
            self.time_ms[rows],
            self.value[rows],
            self.quality[rows],
            self.revision[rows],
        )
