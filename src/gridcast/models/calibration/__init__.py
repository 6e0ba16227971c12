"""Calibration: a 90 % interval holds 90 % of what comes, though the load drifts.

Each quantile of each series' forecasts is moved up or down, by how often the load came out below
it of late. What is learned of and how fast is in `calibration`, how it is put into a forecast in
`correction`.
"""

from gridcast.models.calibration.calibration import Calibration
from gridcast.models.calibration.correction import corrected, widths

__all__ = ["Calibration", "corrected", "widths"]
