"""Calibration: a 90 % interval covers 90 % of the loads even if the load drifts.

Each quantile of each series is moved up or down, depending on how often the load was below it
recently. `calibration` holds the learning, `correction` its application to a forecast.
"""

from gridcast.models.calibration.calibration import Calibration
from gridcast.models.calibration.correction import corrected, widths

__all__ = ["Calibration", "corrected", "widths"]
