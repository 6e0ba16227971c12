"""From readings at any times to the mean and mark of every slot, as the serving windows take them.

A worker takes these slot by slot while readings come (`gridcast.models.windows`); a whole history
is taken at once here. The result has the same bits, which a test holds the two to.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridcast.learning.history import History
from gridcast.models.windows.marks import NOTHING, PLAIN, mark_of
from gridcast.models.windows.minute import LARGEST


@dataclass(frozen=True)
class Slots:
    """The past of some series by slot."""

    start_ms: int
    """Beginning of the first slot; whole steps since 1970."""
    step_ms: int
    mean: NDArray[np.float32]
    """kW, [slots, series]; NaN if nothing was measured."""
    mark: NDArray[np.uint8]
    """[slots, series], as in `gridcast.models.windows.marks`."""


def lay_out(history: History, step_ms: int, hold_ms: int) -> Slots:
    """Lay a history out by slot. A reading stands until the next one, at most `hold_ms`."""
    start = int(history.time_ms.min(initial=2**62)) // step_ms if len(history) else 0
    end = -(-int(history.time_ms.max(initial=0) + 1) // step_ms) if len(history) else 0
    shape = (end - start, len(history.series))
    mean, mark = np.full(shape, np.nan, np.float32), np.zeros(shape, np.uint8)
    for row in range(len(history.series)):
        part = history.readings_of(row)
        time_ms = history.time_ms[part] - start * step_ms
        mean[:, row], mark[:, row] = _one(time_ms, history.value[part], shape[0], step_ms, hold_ms)
    return Slots(start * step_ms, step_ms, mean, mark)


def _one(
    time_ms: NDArray[np.int64],
    value: NDArray[np.float64],
    slots: int,
    step_ms: int,
    hold_ms: int,
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Lay one series out. Times are relative to the first slot and rise."""
    single = np.clip(value, -LARGEST, LARGEST).astype(np.float32).astype(np.float64)
    until = time_ms + hold_ms
    until[:-1] = np.minimum(until[:-1], time_ms[1:])
    first, last = time_ms // step_ms, (until - 1) // step_ms
    # One row per slot that a reading stands in, in order of time. The sums then have the same
    # order and the same bits as in serving.
    counts = last - first + 1
    reading = np.repeat(np.arange(len(time_ms)), counts)
    slot = first[reading] + np.arange(len(reading)) - np.repeat(np.cumsum(counts) - counts, counts)
    inside = slot < slots
    reading, slot = reading[inside], slot[inside]
    begin = np.maximum(time_ms[reading], slot * step_ms)
    lasted = np.minimum(until[reading], (slot + 1) * step_ms) - begin
    covered = np.bincount(slot, weights=lasted, minlength=slots)
    energy = np.bincount(slot, weights=lasted * single[reading], minlength=slots)
    mark = mark_of(covered / step_ms)
    mean = np.full(slots, np.nan, np.float32)
    np.divide(energy, covered, out=mean, where=mark != NOTHING, casting="same_kind")
    begun = np.bincount(first, minlength=slots)
    on_time = np.zeros(slots, np.bool_)
    on_time[first[time_ms % step_ms == 0]] = True
    mark[(begun == 1) & on_time & (covered == step_ms)] = PLAIN
    return mean, mark
