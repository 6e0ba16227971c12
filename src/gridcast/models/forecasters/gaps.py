"""Linear interpolation of gaps, row by row."""

import numpy as np
import numpy.typing as npt

from gridcast.units import AnyFloats, Flags

Places = npt.NDArray[np.intp]


def bridge_short(value: AnyFloats, known: Flags, longest: int) -> tuple[AnyFloats, Flags]:
    """Interpolate gaps of at most `longest` slots that have known slots on both sides."""
    place = np.flatnonzero(known)
    if len(place) == known.size:
        return value, known
    apart = np.diff(place)
    same_row = np.diff(place // known.shape[1]) == 0
    gap = np.flatnonzero((apart > 1) & (apart <= longest + 1) & same_row)
    shore, apart = place[gap], apart[gap]
    value, known = value.copy(), known.copy()
    flat, flat_known = value.reshape(-1), known.reshape(-1)
    begin, rise = flat[shore], flat[shore + apart] - flat[shore]
    for step in range(1, longest + 1):
        wide = np.flatnonzero(apart > step)
        slot = shore[wide] + step
        share = np.float32(step) / apart[wide].astype(np.float32)
        flat[slot] = begin[wide] + share * rise[wide]
        flat_known[slot] = True
    return value, known


def bridge_all(value: AnyFloats, known: Flags) -> tuple[AnyFloats, Places]:
    """Interpolate all gaps; also return the longest gap of each row.

    At the ends the nearest known slot is held. In a row without any, the gap has no end.
    """
    longest = np.zeros(len(known), np.intp)
    rows = np.flatnonzero(~known.all(axis=1))
    if not len(rows):
        return value, longest
    left, right = _shores(known[rows])
    end = known.shape[1]
    longest[rows] = (np.arange(end) - left).max(axis=1)
    longest[rows[left[:, -1] < 0]] = np.iinfo(np.intp).max
    left, right = np.where(left < 0, right, left), np.where(right == end, left, right)
    value = value.copy()
    value[rows] = _lines(value[rows], left, right)
    return value, longest


def _shores(known: Flags) -> tuple[Places, Places]:
    """Return the nearest known slot at or before each (else -1), and at or after (else the end)."""
    end = known.shape[1]
    slot = np.arange(end)
    left = np.maximum.accumulate(np.where(known, slot, -1), axis=1)
    right = np.minimum.accumulate(np.where(known, slot, end)[:, ::-1], axis=1)[:, ::-1]
    return left, right


def _lines(value: AnyFloats, left: Places, right: Places) -> AnyFloats:
    """Return each slot's value on the line between its two neighbours."""
    last = value.shape[1] - 1
    before = np.take_along_axis(value, left.clip(0, last), axis=1)
    after = np.take_along_axis(value, right.clip(0, last), axis=1)
    far = np.maximum(right - left, 1).astype(np.float32)
    share = (np.arange(last + 1) - left).astype(np.float32) / far
    return np.asarray(before + share * (after - before))
