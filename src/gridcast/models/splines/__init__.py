"""Smooth and fill windows, all series at once.

How smooth is chosen in `crossvalidation`, which who serves does not import: it takes SciPy's
optimisers, a fifth of a worker's start.
"""

from gridcast.models.splines.smoother import SlotOrigin, Smoothed, Smoother, share_measured
from gridcast.models.splines.spline import Spline

__all__ = ["SlotOrigin", "Smoothed", "Smoother", "Spline", "share_measured"]
