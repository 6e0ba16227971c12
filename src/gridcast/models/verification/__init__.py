"""Verification: forecasts are kept until they are due, then judged by what came."""

from gridcast.models.verification.checks import Checks, Forecasted

__all__ = ["Checks", "Forecasted"]
