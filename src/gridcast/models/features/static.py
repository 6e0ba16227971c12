"""Static features of a series; NaN if not declared."""

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from gridcast.schemas import GridSeries
from gridcast.schemas.series import SeriesKind

STATIC: Mapping[str, Callable[[GridSeries], float | None]] = {
    **{
        f"is_{kind.value}": lambda series, kind=kind: float(series.kind is kind)  # type: ignore[misc]
        for kind in SeriesKind
    },
    "can_be_negative": lambda series: float(series.can_be_negative),
    "capacity_kw": lambda series: series.capacity_kw,
    "latitude": lambda series: series.latitude,
    "longitude": lambda series: series.longitude,
}
"""How to look up each feature, by name."""


def static_of(names: Sequence[str], series: Sequence[GridSeries]) -> npt.NDArray[np.float32]:
    """Return the static features of some series: [series, names]."""
    rows = [[_or_nan(STATIC[name](declaration)) for name in names] for declaration in series]
    return np.array(rows, np.float32).reshape(len(series), len(names))


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else value
