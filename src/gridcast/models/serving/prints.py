"""Fingerprints of windows: equal windows have equal ones, and others hardly ever.

A window's numbers are multiplied, each by an odd 64-bit number of its own place, and added up
(Dietzfelbinger's multiply-shift family). Two windows that differ have the same print once in some
ten thousand million cases; a window is compared with its own last print alone.
"""

import math
from functools import cache

import numpy as np
import numpy.typing as npt

Prints = npt.NDArray[np.uint64]
_SEED = 20_260_101
AT_ONCE = 64
"""Slots that are added up at once: what fits into a core's cache."""


def prints(mean: npt.NDArray[np.float32], mark: npt.NDArray[np.uint8]) -> Prints:
    """Give the print of each column of windows as `Windows.cut` gives them."""
    of_mean, of_mark = _factors(len(mean))
    return _added(np.ascontiguousarray(mean).view(np.uint32), of_mean) + _added(mark, of_mark)


def prints_of_blocks(values: npt.NDArray[np.float32]) -> Prints:
    """Give the print of each block of numbers: [blocks, …]."""
    flat = values.reshape(len(values), math.prod(values.shape[1:])).T
    return _added(np.ascontiguousarray(flat).view(np.uint32), _factors(len(flat))[0])


def _added(bits: npt.NDArray[np.unsignedinteger], factors: Prints) -> Prints:
    total = np.zeros(bits.shape[1], np.uint64)
    for first in range(0, len(bits), AT_ONCE):
        part = slice(first, first + AT_ONCE)
        total += np.einsum("sc,s->c", bits[part].astype(np.uint64), factors[part])
    return total


@cache
def _factors(places: int) -> Prints:
    """Give odd numbers, for means and for marks: [2, places]."""
    return np.random.default_rng(_SEED).integers(0, 2**63, (2, places), np.uint64) * 2 + 1
