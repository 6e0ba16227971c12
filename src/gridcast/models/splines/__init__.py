"""Smooth and fill windows, all series at once."""

from gridcast.models.splines.crossvalidation import choose_lam
from gridcast.models.splines.smoother import Origin, Smoothed, Smoother, share_measured
from gridcast.models.splines.spline import Spline

__all__ = ["Origin", "Smoothed", "Smoother", "Spline", "choose_lam", "share_measured"]
