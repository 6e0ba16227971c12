"""Whether one forecaster is better than another, or was only luckier.

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
    """How the losses of two forecasters differ."""

    difference: float
    """Mean loss of the first less that of the second: below 0 the first is better."""
    statistic: float
    p_value: float
    """How likely so great a difference, either way, would be between two that are equally good."""
    count: int
    """Origins at which both are known."""

    @property
    def verdict(self) -> str:
        """Say it in a word, at the usual 5 %."""
        if self.p_value >= 0.05:
            return "no difference"
        return "better" if self.difference < 0 else "worse"


def diebold_mariano(first: AnyFloats, second: AnyFloats, overlap: int) -> Comparison | None:
    """Compare two forecasters by their losses at the same origins, evenly spaced, in order of time.

    Each forecast reaches over the next ones, so neighbouring losses are alike: the variance of
    their mean counts autocovariances up to the lag `overlap - 1`. Where their plain sum would be
    no positive variance, Bartlett's weights, which cannot fail, take its place. The statistic has
    Harvey, Leybourne and Newbold's correction for few origins, and Student's distribution.

    Parameters
    ----------
    first, second
        A loss for each origin (say the mean over the horizon); NaN where it is not known.
    overlap
        How many origins one horizon reaches over: 24 for a day ahead every hour, 1 for none.

    Returns
    -------
    None where fewer than two horizons' worth of origins are known.
    """
    off = np.asarray(first, np.float64) - np.asarray(second, np.float64)
    known = np.isfinite(off)
    count = int(known.sum())
    if overlap < 1:
        raise ValueError("a horizon reaches over at least its own origin")
    if count < max(2 * overlap, 2):
        return None
    difference = float(off[known].mean())
    apart = np.where(known, off - difference, 0.0)
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
