"""Apply calibration moves to the quantiles of forecasts."""

import numpy as np
import numpy.typing as npt

from gridcast.units import Floats

WIDEST = np.float32(1e37)
"""kW. Limits a move so that it fits a float for any forecast."""


def widths(raw: Floats) -> Floats:
    """Return the distance of the outermost quantiles: [series, levels, …] to [series, …]."""
    with np.errstate(over="ignore"):
        return np.asarray(np.minimum(raw[:, -1] - raw[:, 0], WIDEST))


def corrected(raw: Floats, shift: Floats, lower: npt.NDArray[np.floating] | float) -> Floats:
    """Return quantiles moved by `shift` widths of their fan.

    They still rise over the levels and stay above `lower`. If a raw forecast is already below
    `lower`, the series has shown that its load can be, and the bound is the raw forecast.

    >>> raw = np.array([[[1.0, 1.0], [2.0, 2.0], [3.0, 4.0]]], np.float32)
    >>> shift = np.array([[[-1.0, 0.5], [0.0, 0.0], [0.25, -1.0]]], np.float32)
    >>> corrected(raw, shift, lower=0.0)[0]
    array([[0. , 2.5],
           [2. , 2.5],
           [3.5, 2.5]], dtype=float32)

    Parameters
    ----------
    raw
        kW, [series, levels, steps], rising over the levels.
    shift
        Moves in widths, of the same shape.
    lower
        The least possible load, for each series or for all.
    """
    least = np.broadcast_to(np.asarray(lower, np.float32), (len(raw),))
    below = raw[:, 0].min(axis=1) < least
    least = np.where(below, np.finfo(np.float32).min, least).astype(np.float32)
    with np.errstate(over="ignore"):
        moved = raw + shift * widths(raw)[:, None]
    np.clip(moved, least[:, None, None], np.finfo(np.float32).max, out=moved)
    for level in range(1, moved.shape[1]):
        np.maximum(moved[:, level], moved[:, level - 1], out=moved[:, level])
    moved += np.float32(0)  # -0.0 and 0.0 are the same load, so the same bytes
    return moved
