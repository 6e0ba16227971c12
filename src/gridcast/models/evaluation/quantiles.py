"""Probabilistic scores: pinball loss, CRPS, coverage and width of central intervals.

`quantiles` has its levels on the last axis and is otherwise shaped like `truth`. NaN (not measured)
is left out. The score is None if nothing is left.

>>> import numpy as np
>>> truth, quantiles = np.array([10.0]), np.array([[8.0, 9.0, 12.0]])
>>> pinball(truth, quantiles, (0.1, 0.5, 0.9)), coverage(truth, quantiles[..., [0, -1]])
(0.3, 100.0)
"""

from collections.abc import Iterator, Sequence

import numpy as np

from gridcast.units import AnyFloats


def pinball(truth: AnyFloats, quantiles: AnyFloats, levels: Sequence[float]) -> float | None:
    """Return the mean pinball loss over all levels, kW; for the median alone it is half the MAE."""
    return _mean(pinball_of(truth, quantiles, levels))


def pinball_of(truth: AnyFloats, quantiles: AnyFloats, levels: Sequence[float]) -> AnyFloats:
    """Return the pinball loss of each load, averaged over the levels."""
    total = np.zeros(truth.shape)
    for index, level in enumerate(levels):
        off = truth - quantiles[..., index]
        total += np.maximum(level * off, (level - 1) * off)
    return total / len(levels)


def crps(truth: AnyFloats, quantiles: AnyFloats, levels: Sequence[float]) -> float | None:
    """Return the mean continuous ranked probability score, kW; for a single number it is the MAE.

    The distribution function is linear between the quantiles; the probability outside the outermost
    quantiles is concentrated on them.
    """
    level = np.asarray(levels, np.float64)
    quantiles = quantiles.astype(np.float64)
    below, above = quantiles[..., 0] - truth, truth - quantiles[..., -1]
    score = np.maximum(below, 0) + np.maximum(above, 0)
    score[np.isnan(truth)] = np.nan
    for index in range(len(level) - 1):
        low, high = level[index], level[index + 1]
        left = quantiles[..., index]
        wide = quantiles[..., index + 1] - left
        inside = np.clip(truth - left, 0, wide)  # before it is divided: a tiny width overflows
        share = np.divide(inside, wide, out=np.zeros(truth.shape), where=wide > 0)
        passed = low + (high - low) * share
        # Left of the load F² is integrated, right of it (1 - F)².
        area = (passed**3 - low**3) + ((1 - passed) ** 3 - (1 - high) ** 3)
        score += wide * area / (3 * (high - low))
    return _mean(score)


def bands(levels: Sequence[float]) -> Iterator[tuple[int, int, int]]:
    """Yield the central intervals: nominal coverage in per cent, and indices of the two quantiles.

    >>> list(bands((0.05, 0.25, 0.5, 0.75, 0.95)))
    [(90, 0, 4), (50, 1, 3)]
    """
    for index, level in enumerate(levels):
        for other in range(index + 1, len(levels)):
            if abs(level + levels[other] - 1) < 1e-9:
                yield round(100 * (levels[other] - level)), index, other


def coverage(truth: AnyFloats, band: AnyFloats) -> float | None:
    """Return the share of loads inside the band, per cent; its two ends are on the last axis."""
    inside = (truth >= band[..., 0]) & (truth <= band[..., 1])
    share = _mean(np.where(np.isnan(truth), np.nan, inside))
    return None if share is None else 100 * share


def width(truth: AnyFloats, band: AnyFloats) -> float | None:
    """Return the mean width of the band over the measured loads, kW."""
    return _mean(np.where(np.isnan(truth), np.nan, band[..., 1] - band[..., 0]))


def _mean(value: AnyFloats) -> float | None:
    finite = value[np.isfinite(value)]
    return float(finite.mean(dtype=np.float64)) if finite.size else None
