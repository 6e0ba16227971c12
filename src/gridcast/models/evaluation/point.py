"""How far a single number was from what came.

All functions take arrays of one shape, what came first. What was not measured, or not forecast, is
NaN and counts nothing; where nothing is left the answer is None, as it is where a measure makes no
sense.

>>> import numpy as np
>>> truth, forecast = np.array([100.0, 200.0, np.nan]), np.array([110.0, 180.0, 50.0])
>>> mae(truth, forecast), mape(truth, forecast)
(15.0, 10.0)
"""

import numpy as np

from gridcast.units import AnyFloats

NEAR_ZERO = 0.05
"""A load under this share of its mean size is too near zero for an error in per cent."""
MOST_NEAR_ZERO = 0.01
"""With more of them than this there is no MAPE: it would judge the rest of the loads only."""


def mae(truth: AnyFloats, forecast: AnyFloats) -> float | None:
    """Give the mean absolute error, kW."""
    return _mean(np.abs(truth - forecast))


def rmse(truth: AnyFloats, forecast: AnyFloats) -> float | None:
    """Give the root of the mean squared error, kW."""
    square = _mean(np.square(truth - forecast))
    return None if square is None else float(np.sqrt(square))


def mape(
    truth: AnyFloats, forecast: AnyFloats, size: AnyFloats | float | None = None
) -> float | None:
    """Give the mean absolute percentage error, per cent; None for loads that come near zero.

    `size` is the mean size of each load's series; left out, that of all loads given.
    """
    error, known = np.abs(truth - forecast), np.isfinite(truth)
    if not known.any():
        return None
    if size is None:
        size = float(np.abs(truth[known]).mean())
    judged = known & (np.abs(truth) > NEAR_ZERO * np.asarray(size))
    if judged.sum() < (1 - MOST_NEAR_ZERO) * known.sum():
        return None
    return _percent(_mean(error[judged] / np.abs(truth[judged])))


def smape(truth: AnyFloats, forecast: AnyFloats) -> float | None:
    """Give the symmetric one: the error by the mean of both sizes, 0 to 200 %; none is 0 of 0."""
    both = (np.abs(truth) + np.abs(forecast)) / 2
    error = np.abs(truth - forecast)
    return _percent(_mean(np.divide(error, both, out=np.zeros_like(error), where=both != 0)))


def nmae(truth: AnyFloats, forecast: AnyFloats) -> float | None:
    """Give the mean absolute error in per cent of the mean size of what came."""
    error, size = mae(truth, forecast), _mean(np.abs(truth))
    return None if error is None or not size else 100 * error / size


def mase(truth: AnyFloats, forecast: AnyFloats, naive: AnyFloats | float) -> float | None:
    """Give the error scaled by `naive`: what forecasting yesterday's load missed in training.

    See `daily_naive`. A series whose load never changed has no scale, and counts nothing.
    """
    scale = np.broadcast_to(np.asarray(naive, np.float64), truth.shape)
    error = np.abs(truth - forecast)
    nothing = np.full(truth.shape, np.nan)
    return _mean(np.divide(error, scale, out=nothing, where=scale > 0))


def daily_naive(mean: AnyFloats, day: int) -> AnyFloats:
    """Give the mean absolute difference of the same slot of two days, for each series.

    `mean` is the training part, slots down, series across. NaN where no two days are known.
    """
    off = np.abs(mean[day:].astype(np.float64) - mean[:-day])
    known = np.isfinite(off)
    total, count = np.where(known, off, 0).sum(axis=0), known.sum(axis=0)
    nothing = np.full(len(count), np.nan)
    naive: AnyFloats = np.divide(total, count, out=nothing, where=count > 0)
    return naive


def r2(
    truth: AnyFloats, forecast: AnyFloats, level: AnyFloats | float | None = None
) -> float | None:
    """Give the share of the loads' variance that was foreseen; 1 is all, below 0 is worse than
    a flat line.

    `level` is the mean load of each load's series; left out, that of all loads given. Without it
    two series of different size would look well foreseen by their sizes alone.
    """
    known = np.isfinite(truth) & np.isfinite(forecast)
    if level is None:
        level = float(truth[known].mean()) if known.any() else 0.0
    missed = np.square(truth - forecast)[known].sum()
    varied = np.square(truth - np.asarray(level))[known].sum()
    return float(1 - missed / varied) if varied > 0 else None


def _mean(value: AnyFloats) -> float | None:
    known = value[np.isfinite(value)]
    return float(known.mean(dtype=np.float64)) if known.size else None


def _percent(share: float | None) -> float | None:
    return None if share is None else 100 * share
