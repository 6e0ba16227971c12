"""Clip single faulty slots, such as a reading a thousand times too large."""

import numpy as np

from gridcast.units import AnyFloats, Flags

LOW, HIGH = 0.02, 0.98
"""Between these shares of its slots lies what a series usually draws."""
BEYOND = 0.5
"""Allowed distance beyond the usual range, in widths of it; measured in `bench/rungs`."""


def cut_spikes(load: AnyFloats, known: Flags, least: int) -> AnyFloats:
    """Clip single outlying slots to the bound of the usual range: windows [series, slots].

    Windows with fewer than `least` known slots stay as they are, since their usual range is not
    known. Two outlying slots in a row are believed: a factory that starts again after weeks is
    followed from its second slot on. A single one would recur in the same slot of every forecast
    day.
    """
    count = known.sum(axis=1)
    inside = np.where(known, load, np.float32(np.inf))
    inside[count == 0] = 0
    inside.sort(axis=1)  # what is not known goes to the end
    row, last = np.arange(len(load)), np.maximum(count - 1, 0)
    low, high = inside[row, (last * LOW).astype(int)], inside[row, (last * HIGH).astype(int)]
    beyond = (high - low) * np.float32(BEYOND)
    bounded = np.clip(load, (low - beyond)[:, None], (high + beyond)[:, None])
    out = (bounded != load) & known & (count >= least)[:, None]
    with_next = out[:, 1:] & out[:, :-1]
    out[:, 1:] &= ~with_next
    out[:, :-1] &= ~with_next
    return np.where(out, bounded, load)
