"""Forecasts of one tick as they were given out, for the next to use again.

From one minute to the next a release mostly says the same, and nothing is learned until a slot is
over: all of a forecast stays what it was but the slot that is still open.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gridcast.models.serving.prints import Prints
from gridcast.units import Floats


@dataclass(frozen=True, slots=True, eq=False)
class Finished:
    """The quantiles of all rows of a partition, and what they follow from."""

    about: tuple[object, ...]
    """Who may have answered, and what was learned."""
    print: Prints
    """Of what each row was answered from by a release; 0: something else answered."""
    rung: npt.NDArray[np.intp]
    first: Floats
    """kW, [rows, levels]: the first step, before what is measured of it was put in."""
    quantiles: Floats
    """kW, to the watt: [rows, levels, steps]."""

    def holds(
        self, part: slice, print_: Prints, rung: npt.NDArray[np.intp]
    ) -> npt.NDArray[np.bool_]:
        """Tell which of some rows would come out the same again, but for the first step."""
        same = (self.print[part] == print_) & (self.rung[part] == rung)
        return np.asarray(same & (print_ != 0))
