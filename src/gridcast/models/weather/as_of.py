"""Weather as of a tick: what was known then."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

NOT_KNOWN = -1
"""Placeholder for a missing time or station."""


@dataclass(frozen=True, slots=True, eq=False)
class WeatherAsOf:
    """The weather known at a tick, by station. A station is known from its first message on.

    Values are by slot, for the middle of each. What was not known is NaN.
    """

    tick_ms: int
    stations: tuple[str, ...]
    """By name."""
    values: npt.NDArray[np.float32]
    """[stations, slots, variables], the variables in the order of `gridcast.schemas.weather`."""
    observed_ms: npt.NDArray[np.int64]
    """When each station's newest observation was made; NOT_KNOWN where there is none."""
    observed: npt.NDArray[np.float32]
    """[stations, variables]: the values of that observation."""
    foretold: npt.NDArray[np.float32]
    """[stations, variables]: the forecast for that observation's time; NaN if it began later."""
    issued_ms: npt.NDArray[np.int64]
    """When the forecast run that was used was issued; NOT_KNOWN where there is none."""
    places: npt.NDArray[np.float32]
    """[stations, 2]: latitude and longitude, NaN if no message has them."""
