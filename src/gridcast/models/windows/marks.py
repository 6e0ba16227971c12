"""The mark of a slot: one byte that says how much of it was measured.

| mark | meaning |
|---|---|
| 0 | nothing usable |
| 1 | nothing measured, but an estimate by the sender |
| 2 … 254 | the share measured, from 1/253 to 1 |
| 255 | wholly measured, by one reading at the slot's start: the mean *is* the reading |
"""

import numpy as np
import numpy.typing as npt

NOTHING, ESTIMATED, FULL, PLAIN = 0, 1, 254, 255

_SHARES = np.clip((np.arange(256) - 1) / (FULL - 1), 0.0, 1.0)


def share_of(mark: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    """Return the measured share of slots, 0 to 1."""
    shares: npt.NDArray[np.float64] = _SHARES[mark]
    return shares


def mark_of(share: npt.NDArray[np.float64]) -> npt.NDArray[np.uint8]:
    """Return the mark of slots with a measured share; less than half of 1/253 counts as 0."""
    step = np.rint(share * (FULL - 1))
    return np.where(step > 0, step + 1, NOTHING).astype(np.uint8)
