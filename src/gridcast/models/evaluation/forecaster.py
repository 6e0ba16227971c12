"""What is judged: anything that makes quantiles from a model's inputs."""

from typing import Protocol

import numpy as np
import numpy.typing as npt

from gridcast.models.features import Inputs


class Forecaster(Protocol):
    """A network in use, or what it is compared with. Nobody sees more than the inputs."""

    def forecast(self, inputs: Inputs, /) -> npt.NDArray[np.float32]:
        """Give quantiles, kW: [n, levels, horizon], rising over the levels."""
        ...
