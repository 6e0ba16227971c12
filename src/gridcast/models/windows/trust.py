"""The trust in a reading, by its ESPI quality code."""

from enum import IntEnum

import numpy as np

from gridcast.schemas.quality import Quality


class Trust(IntEnum):
    """How a reading may be used; if two conflict, the greater trust wins."""

    REJECTED = 0
    """Shown, but not used."""
    ESTIMATED = 1
    """Used where nothing was measured."""
    MEASURED = 2


_REJECTED = {Quality.QUESTIONABLE}
_ESTIMATED = {
    Quality.ESTIMATED_REFERENCE_DAY,
    Quality.ESTIMATED_LINEAR,
    Quality.PROJECTED,
    Quality.NORMALIZED_WEATHER,  # what would have been drawn in other weather was not measured
}

TRUST = np.full(256, Trust.MEASURED, np.uint8)
"""The trust in each quality code. MIXED and OTHER count as measured: whole feeds bear them."""
TRUST[list(_REJECTED)] = Trust.REJECTED
TRUST[list(_ESTIMATED)] = Trust.ESTIMATED
