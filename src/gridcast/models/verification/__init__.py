"""Verification: forecasts are kept until they come due, then compared with the measured load."""

from gridcast.models.verification.checks import Checks, Forecasted

__all__ = ["Checks", "Forecasted"]
