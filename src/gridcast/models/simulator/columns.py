"""Arrays side by side: what readings, labels and episodes have in common."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Self

import numpy as np

from gridcast.models.simulator.types import AnyInts, Bools


@dataclass(frozen=True, slots=True)
class Columns:
    """Arrays side by side, one row an entry of each."""

    def __len__(self) -> int:
        return len(getattr(self, fields(self)[0].name))

    def take(self, chosen: Bools | AnyInts | slice) -> Self:
        """Return some of the rows."""
        return type(self)(*(getattr(self, field.name)[chosen] for field in fields(self)))

    @classmethod
    def join(cls, parts: Sequence[Self]) -> Self:
        """Put several end to end."""
        if len(parts) == 1:
            return parts[0]
        return cls(
            *(
                np.concatenate([getattr(part, field.name) for part in parts])
                for field in fields(cls)
            )
        )
