"""Fingerprints of windows: equal windows have equal ones, and different windows hardly ever.

Each number of a window is multiplied by an odd 64-bit factor of its own place, and all are added up
(Dietzfelbinger's multiply-shift family). Two different windows have the same fingerprint once in
some ten thousand million cases, and a window is only compared with its own last fingerprint.
"""

import math
from functools import cache

import numpy as np
import numpy.typing as npt

Fingerprints = npt.NDArray[np.uint64]
_SEED = 20_260_101
AT_ONCE = 64
"""Slots added up at once: they fit into a core's cache."""


def fingerprints(mean: npt.NDArray[np.float32], mark: npt.NDArray[np.uint8]) -> Fingerprints:
    """Return the fingerprint of each column of windows, as `Windows.cut` returns them."""
    of_mean, of_mark = _factors(len(mean))
    return _added(np.ascontiguousarray(mean).view(np.uint32), of_mean) + _added(mark, of_mark)


def block_fingerprints(values: npt.NDArray[np.float32]) -> Fingerprints:
    """Return the fingerprint of each block of numbers, [blocks, …]."""
    flat = values.reshape(len(values), math.prod(values.shape[1:])).T
    return _added(np.ascontiguousarray(flat).view(np.uint32), _factors(len(flat))[0])


def _added(bits: npt.NDArray[np.unsignedinteger], factors: Fingerprints) -> Fingerprints:
    total = np.zeros(bits.shape[1], np.uint64)
    for first in range(0, len(bits), AT_ONCE):
        part = slice(first, first + AT_ONCE)
        total += np.einsum("sc,s->c", bits[part].astype(np.uint64), factors[part])
    return total


@cache
def _factors(places: int) -> Fingerprints:
    """Return odd factors for means and for marks, [2, places]."""
    return np.random.default_rng(_SEED).integers(0, 2**63, (2, places), np.uint64) * 2 + 1
