"""The input tensors of a network."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Tensor = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Inputs:
    """Inputs of n pairs of a series and an origin: what was known at the origin.

    C-contiguous float32; the names are those of the graph's inputs.
    """

    load: Tensor
    """[n, slots]: kW, the oldest first; filled, so never NaN."""
    past: Tensor
    """[n, steps, features]: by hour, counted back from the origin; unknown weather is NaN."""
    future: Tensor
    """[n, horizon, features]: by slot; what is unknown of weather and operator is NaN."""
    static: Tensor
    """[n, features]; without any, the graph has no such input."""

    def __len__(self) -> int:
        return len(self.load)

    def feed(self) -> dict[str, Tensor]:
        """Return the tensors by the names of the graph's inputs."""
        tensors = {"load": self.load, "past": self.past, "future": self.future}
        return tensors | ({"static": self.static} if self.static.shape[1] else {})

    def take(self, rows: npt.NDArray[np.bool_] | npt.NDArray[np.intp] | slice) -> "Inputs":
        """Return the inputs of these pairs."""
        parts = (self.load[rows], self.past[rows], self.future[rows], self.static[rows])
        return Inputs(*(np.ascontiguousarray(part) for part in parts))

    def where(self, flags: npt.NDArray[np.bool_]) -> "Inputs":
        """Return the inputs of the flagged pairs."""
        return self if flags.all() else self.take(flags)
