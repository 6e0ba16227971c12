"""Diebold-Mariano test: whether one forecaster is significantly better than another.

References
----------
Diebold, F. X., and Mariano, R. S. (1995). Comparing predictive accuracy. J. Bus. Econ. Stat. 13.
Harvey, D., Leybourne, S., and Newbold, P. (1997). Testing the equality of prediction mean squared
errors. Int. J. Forecasting 13.
"""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from gridcast.units import AnyFloats


@dataclass(frozen=True, slots=True)
class Comparison:
    """The difference between the losses of two forecasters."""

    difference: float
    """Mean loss of the first minus that of the second; below 0 the first is better."""
    statistic: float
    p_value: float
    """Probability of at least this difference, in either direction, if both are equally good."""
    count: int
    """Origins with both losses."""

    @property
    def verdict(self) -> str:
        """The result in a word, at the 5 % level."""
        if self.p_value >= 0.05:
            return "no difference"
        return "better" if self.difference < 0 else "worse"


def diebold_mariano(first: AnyFloats, second: AnyFloats, overlap: int) -> Comparison | None:
    """Compare two forecasters by their losses at the same origins, evenly spaced, in order of time.

    Horizons overlap, so neighbouring losses are correlated. The variance of their mean therefore
    includes autocovariances up to lag `overlap - 1`. If that sum is not positive, Bartlett's
    weights are used, which always give a positive variance. The statistic has Harvey, Leybourne
    and Newbold's correction for small samples, and Student's t distribution.

    Parameters
    ----------
    first, second
        A loss for each origin (such as the mean over the horizon); NaN if unknown.
    overlap
        Number of origins within one horizon: 24 for a day ahead every hour, 1 for no overlap.

    Returns
    -------
    None if fewer than two horizons of origins are known.
    """
    off = np.asarray(first, np.float64) - np.asarray(second, np.float64)
    is_known = np.isfinite(off)
    count = int(is_known.sum())
    if overlap < 1:
        raise ValueError(f"overlap must be at least 1, the origin itself, not {overlap}")
    if count < max(2 * overlap, 2):
        return None
    difference = float(off[is_known].mean())
    apart = np.where(is_known, off - difference, 0.0)
    covariance = np.array([apart[lag:] @ apart[: len(apart) - lag] for lag in range(overlap)])
    covariance /= count
    variance = covariance[0] + 2 * covariance[1:].sum()
    if variance <= 1e-12 * covariance[0]:
        weight = 1 - np.arange(overlap) / overlap
        variance = covariance[0] + 2 * (weight * covariance)[1:].sum()
    if variance <= 0:  # the same difference at every origin: none, or a certain one
        certain = np.inf if difference else 0.0
        return Comparison(
            difference, float(np.copysign(certain, difference)), float(not difference), count
        )
    correction = (count + 1 - 2 * overlap + overlap * (overlap - 1) / count) / count
    statistic = difference / np.sqrt(variance / count) * np.sqrt(correction)
    p_value = 2 * stats.t.sf(abs(statistic), df=count - 1)
    return Comparison(difference, float(statistic), float(p_value), count)
