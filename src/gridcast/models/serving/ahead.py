"""What a network keeps of windows whose last slot is not over yet.

All hours of a window but the newest are known before its last slot is over, and to read them is
most of a network's work. So they are read in the minutes before, some series a tick, and where a
slot begins there is little left to do. What was read is kept with a print of it: where a late
reading or other weather has changed it since, it is read anew, so that the answer is the same.
"""

import numpy as np

from gridcast.models.features import Inputs
from gridcast.models.features.inputs import Tensor
from gridcast.models.network import Network
from gridcast.models.serving.prints import Prints, prints_of_blocks
from gridcast.models.windows.minute import Rows
from gridcast.units import Flags

_WEATHER = np.uint64(0xA24BAED4963EE407)


class Ahead:
    """Keeps what one network read ahead of one partition's windows.

    Parameters
    ----------
    network
        Who reads; one that keeps nothing of what it read has nothing to do here.
    """

    def __init__(self, network: Network) -> None:
        self._network = network
        self._about: Prints = np.empty(0, np.uint64)
        """What windows each was read of last: an origin and a series; 0: of none."""
        self._print: Prints = np.empty(0, np.uint64)
        self._memory = np.empty((0, network.memory), np.float32)

    def seat(self, count: int, seats: Rows, before: Rows) -> None:
        """Make room for so many; those at `seats` were at `before`."""
        about, print_, memory = self._about, self._print, self._memory
        self._about, self._print = np.zeros((2, count), np.uint64)
        self._memory = np.empty((count, self._network.memory), np.float32)
        self._about[seats], self._print[seats] = about[before], print_[before]
        self._memory[seats] = memory[before]

    def lacking(self, seats: Rows, about: Prints) -> Rows:
        """Say at which places of `seats` nothing was read of these windows yet."""
        if not self._network.memory:
            return np.empty(0, np.intp)
        return np.flatnonzero(self._about[seats] != about)

    def read(self, inputs: Inputs, usable: Flags, seats: Rows, about: Prints) -> None:
        """Read windows whose newest hour is anything still, where they are of use."""
        self._about[seats] = about
        self._print[seats] = self._prints(inputs)
        self._memory[seats[usable]] = self._network.encode(inputs.where(usable))

    def memory(self, inputs: Inputs, seats: Rows, about: Prints) -> Tensor | None:
        """Give what was read of windows that are whole by now, the rest of it read anew.

        None: nothing was.
        """
        if not self._network.memory:
            return None
        is_read = self._about[seats] == about
        if is_read.any():
            is_read &= self._print[seats] == self._prints(inputs)
        if not is_read.any():
            return None
        memory = self._memory[seats]
        if not is_read.all():
            memory[~is_read] = self._network.encode(inputs.take(~is_read))
        return memory

    def _prints(self, inputs: Inputs) -> Prints:
        """Give the prints of what is read; calendars follow from the origin and the series."""
        spec = self._network.contract.features
        total = prints_of_blocks(inputs.load[:, : -spec.hour])
        weather = inputs.past[:, :-1, len(spec.calendar) :]
        return total + prints_of_blocks(weather) * _WEATHER if spec.weather else total
