"""The interface of everything that is evaluated: inputs in, quantiles out."""

from typing import Protocol

import numpy as np
import numpy.typing as npt

from gridcast.models.features import Inputs


class Forecaster(Protocol):
    """A network or a baseline; it sees nothing but the inputs."""

    def forecast(self, inputs: Inputs, /) -> npt.NDArray[np.float32]:
        """Return quantiles, kW: [n, levels, horizon], rising over the levels."""
        ...
