"""The answer to: what was known of the weather then?"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

NOT_KNOWN = -1
"""Stands for a time that there is none of, and for no station."""


@dataclass(frozen=True, slots=True, eq=False)
class WeatherAsOf:
    """What was known at a tick, station by station. A station is known from its first message on.

    Values stand on the grid of slots: what the weather is in the middle of each. What nobody could
    know is NaN.
    """

    tick_ms: int
    stations: tuple[str, ...]
    """By name."""
    values: npt.NDArray[np.float32]
    """[stations, slots, variables], the variables in the order of `gridcast.schemas.weather`."""
    observed_ms: npt.NDArray[np.int64]
    """When each station's newest observation was made; NOT_KNOWN where there is none."""
    observed: npt.NDArray[np.float32]
    """[stations, variables]: what that observation said …"""
    foretold: npt.NDArray[np.float32]
    """… and what the forecast run that is used says of its time: NaN if it began later."""
    issued_ms: npt.NDArray[np.int64]
    """When the forecast run that was used was issued; NOT_KNOWN where there is none."""
    places: npt.NDArray[np.float32]
    """[stations, 2]: latitude and longitude, NaN where no message said."""
