"""Parallel arrays: the common base of readings, labels and episodes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from gridcast.models.simulator.types import AnyInts, Bools


@dataclass(frozen=True, slots=True)
class Columns:
    """Parallel arrays, one row per entry."""

    def __len__(self) -> int:
        return len(getattr(self, next(iter(self.__dataclass_fields__))))

    def take(self, chosen: Bools | AnyInts | slice) -> Self:
        """Return the chosen rows."""
        return type(self)(*(getattr(self, name)[chosen] for name in self.__dataclass_fields__))

    @classmethod
    def join(cls, parts: Sequence[Self]) -> Self:
        """Concatenate several."""
        if len(parts) == 1:
            return parts[0]
        return cls(
            *(
                np.concatenate([getattr(part, name) for part in parts])
                for name in cls.__dataclass_fields__
            )
        )
