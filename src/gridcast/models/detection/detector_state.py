"""A detector's state: parallel arrays with one row per series, each of at most 32 bits."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from gridcast.models.records import Column

Rows = npt.NDArray[np.intp]


class DetectorState:
    """Parallel arrays; subclasses name them and define the values of a new series.

    >>> class Levels(DetectorState):
    ...     NEW = {"count": np.uint16(0), "level": np.float32(2.0)}
    >>> levels = Levels(2)
    >>> levels.grow(3)
    >>> levels.level, levels.nbytes
    (array([2., 2., 2.], dtype=float32), 18)
    """

    NEW: ClassVar[dict[str, np.generic]] = {}

    def __init__(self, rows: int = 0) -> None:
        for name, value in self.NEW.items():
            setattr(self, name, np.full(rows, value))

    def __getattr__(self, name: str) -> Any:  # only for mypy: all are set in __init__
        raise AttributeError(name)

    def grow(self, rows: int) -> None:
        """Add rows for new series."""
        for name, value in self.NEW.items():
            old = getattr(self, name)
            setattr(self, name, np.concatenate([old, np.full(rows - len(old), value)]))

    def reorder(self, was: Rows) -> None:
        """Reorder the rows: `was` has the old row of each; -1 is a new series."""
        for name, value in self.NEW.items():
            old = np.append(getattr(self, name), value)  # -1 is the last, so new
            setattr(self, name, old[was])

    @property
    def nbytes(self) -> int:
        """Size of the arrays in bytes."""
        return sum(getattr(self, name).nbytes for name in self.NEW)

    def columns(self) -> list[Column]:
        """Return the arrays as record columns."""
        return [getattr(self, name) for name in self.NEW]

    def load(self, columns: Sequence[Column]) -> None:
        """Restore the arrays from record columns."""
        for (name, value), column in zip(self.NEW.items(), columns, strict=True):
            setattr(self, name, np.asarray(column).astype(value.dtype))
