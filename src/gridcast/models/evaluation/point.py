"""Point scores: MAE, RMSE, MAPE, sMAPE, nMAE, MASE and R².

All functions take arrays of one shape, the truth first. NaN (not measured, or not forecast) is left
out. The score is None if nothing is left, or if it would be meaningless.

>>> import numpy as np
>>> truth, forecast = np.array([100.0, 200.0, np.nan]), np.array([110.0, 180.0, 50.0])
>>> mae(truth, forecast), mape(truth, forecast)
(15.0, 10.0)
"""

import numpy as np

from gridcast.units import AnyFloats

NEAR_ZERO = 0.05
"""A load below this share of its mean size is too near zero for a percentage error."""
MOST_NEAR_ZERO = 0.01
"""With a larger share of loads near zero there is no MAPE, because it would ignore them."""


def mae(truth: AnyFloats, forecast: AnyFloats) -> float | None:
    """Return the mean absolute error, kW."""
    return _mean(np.abs(truth - forecast))


def rmse(truth: AnyFloats, forecast: AnyFloats) -> float | None:
    """Return the root mean squared error, kW."""
    square = _mean(np.square(truth - forecast))
    return None if square is None else float(np.sqrt(square))


def mape(
    truth: AnyFloats, forecast: AnyFloats, size: AnyFloats | float | None = None
) -> float | None:
    """Return the mean absolute percentage error; None for loads that come near zero.

    `size` is the mean size of each load's series; without it, that of all loads given.
    """
    error, is_known = np.abs(truth - forecast), np.isfinite(truth)
    if not is_known.any():
        return None
    if size is None:
        size = float(np.abs(truth[is_known]).mean())
    judged = is_known & (np.abs(truth) > NEAR_ZERO * np.asarray(size))
    if judged.sum() < (1 - MOST_NEAR_ZERO) * is_known.sum():
        return None
    return _percent(_mean(error[judged] / np.abs(truth[judged])))


def smape(truth: AnyFloats, forecast: AnyFloats) -> float | None:
    """Return the symmetric MAPE, 0 to 200 %: the error relative to the mean of both sizes."""
    both = (np.abs(truth) + np.abs(forecast)) / 2
    error = np.abs(truth - forecast)
    return _percent(_mean(np.divide(error, both, out=np.zeros_like(error), where=both != 0)))


def nmae(truth: AnyFloats, forecast: AnyFloats) -> float | None:
    """Return the mean absolute error in per cent of the mean size of the truth."""
    error, size = mae(truth, forecast), _mean(np.abs(truth))
    return None if error is None or not size else 100 * error / size


def mase(truth: AnyFloats, forecast: AnyFloats, naive: AnyFloats | float) -> float | None:
    """Return the mean absolute error relative to `naive`, the daily naive error in training.

    See `daily_naive`. A series whose load never changed has no scale and is left out.
    """
    scale = np.broadcast_to(np.asarray(naive, np.float64), truth.shape)
    error = np.abs(truth - forecast)
    nothing = np.full(truth.shape, np.nan)
    return _mean(np.divide(error, scale, out=nothing, where=scale > 0))


def daily_naive(mean: AnyFloats, day: int) -> AnyFloats:
    """Return each series' mean absolute difference between the same slots of two days.

    `mean` is the training part: [slots, series]. NaN if no two days are known.
    """
    off = np.abs(mean[day:].astype(np.float64) - mean[:-day])
    is_known = np.isfinite(off)
    total, count = np.where(is_known, off, 0).sum(axis=0), is_known.sum(axis=0)
    nothing = np.full(len(count), np.nan)
    naive: AnyFloats = np.divide(total, count, out=nothing, where=count > 0)
    return naive


def r2(
    truth: AnyFloats, forecast: AnyFloats, level: AnyFloats | float | None = None
) -> float | None:
    """Return the coefficient of determination: 1 is perfect, below 0 is worse than a flat line.

    `level` is the mean load of each load's series; without it, that of all loads given. With one
    level for all, series of different size would seem well forecast because of their sizes alone.
    """
    is_known = np.isfinite(truth) & np.isfinite(forecast)
    if level is None:
        level = float(truth[is_known].mean()) if is_known.any() else 0.0
    missed = np.square(truth - forecast)[is_known].sum()
    varied = np.square(truth - np.asarray(level))[is_known].sum()
    return float(1 - missed / varied) if varied > 0 else None


def _mean(value: AnyFloats) -> float | None:
    finite = value[np.isfinite(value)]
    return float(finite.mean(dtype=np.float64)) if finite.size else None


def _percent(share: float | None) -> float | None:
    return None if share is None else 100 * share
