"""The partition of a key, as all producers compute it."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from aiokafka.partitioner import murmur2

_POSITIVE = 0x7FFFFFFF


def partition_of(key: bytes, partitions: int) -> int:
    """Return the partition of a key.

    >>> [partition_of(b"meter-%d" % number, 4) for number in range(4)]
    [2, 0, 3, 2]
    """
    return int((murmur2(key) & _POSITIVE) % partitions)


def partitions_of(keys: Sequence[str], partitions: int) -> npt.NDArray[np.int32]:
    """Return the partition of each key."""
    return np.array([partition_of(key.encode(), partitions) for key in keys], np.int32)
