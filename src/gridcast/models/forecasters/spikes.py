"""Single faulty slots, such as a reading a thousand times too large: kept out of the profile."""

import numpy as np

from gridcast.units import AnyFloats, Flags

LOW, HIGH = 0.02, 0.98
"""Between these shares of its slots lies what a series usually draws."""
BEYOND = 0.5
"""How far past that a slot may lie, in widths of it; measured in `bench/rungs`."""


def cut_spikes(load: AnyFloats, known: Flags, least: int) -> AnyFloats:
    """Cut each slot that stands out all alone back to the bound: windows [series, slots].

    Fewer than `least` known slots do not tell what a series usually draws: they stay as they are.
    Two slots in a row that stand out are believed: a factory that starts again after weeks is
    followed from its second slot on. One alone would stand in the same slot of every day to come.
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
