"""What a detector remembers: arrays side by side, one row a series, all of 32 bits or fewer."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from gridcast.models.records import Column

Rows = npt.NDArray[np.intp]


class DetectorState:
    """Arrays side by side; those who inherit name them and say what a new series has.

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
        """Make room for new series."""
        for name, value in self.NEW.items():
            known = getattr(self, name)
            setattr(self, name, np.concatenate([known, np.full(rows - len(known), value)]))

    def reorder(self, was: Rows) -> None:
        """Put the rows into another order: where each one was; -1: it is new."""
        for name, value in self.NEW.items():
            known = np.append(getattr(self, name), value)  # -1 is the last, so new
            setattr(self, name, known[was])

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return sum(getattr(self, name).nbytes for name in self.NEW)

    def columns(self) -> list[Column]:
        """Give it as columns of a record."""
        return [getattr(self, name) for name in self.NEW]

    def load(self, columns: Sequence[Column]) -> None:
        """Take it from columns of a record."""
        for (name, value), column in zip(self.NEW.items(), columns, strict=True):
            setattr(self, name, np.asarray(column).astype(value.dtype))
