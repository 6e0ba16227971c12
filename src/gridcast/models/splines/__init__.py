"""Smooth windows and fill gaps by cubic smoothing splines, all series at once.

Smoothness is chosen in `crossvalidation`. Serving does not import it: it needs SciPy's optimisers,
whose import is a fifth of a worker's start.
"""

from gridcast.models.splines.smoother import SlotOrigin, Smoothed, Smoother, share_measured
from gridcast.models.splines.spline import Spline

__all__ = ["SlotOrigin", "Smoothed", "Smoother", "Spline", "share_measured"]
