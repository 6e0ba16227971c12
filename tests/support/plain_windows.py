"""Windows the slow way, for comparison: dictionaries and sums, a reading at a time."""

import math
from fractions import Fraction

import numpy as np

from gridcast.models.windows import WindowSpec
from gridcast.models.windows.trust import TRUST, Trust
from gridcast.schemas.columns import ReadingColumns

Row = tuple[str, int, float, int, int]
"""Series, time, value, quality, revision."""


def columns(rows: list[Row]) -> ReadingColumns:
    return ReadingColumns(
        [row[0] for row in rows],
        np.array([row[1] for row in rows], np.int64),
        np.array([row[2] for row in rows], np.float64),
        np.array([row[3] for row in rows], np.uint8),
        np.array([row[4] for row in rows], np.int32),
    )


def winners(rows: list[Row]) -> dict[str, dict[int, tuple[float, int]]]:
    """Give of each series and time the value and the trust that stay."""
    best: dict[tuple[str, int], tuple[int, int, float]] = {}
    for series, time, value, quality, revision in rows:
        candidate = (revision, int(TRUST[quality]), float(np.float32(value)))
        best[series, time] = max(best.get((series, time), candidate), candidate)
    found: dict[str, dict[int, tuple[float, int]]] = {}
    for (series, time), (_, trust, value) in best.items():
        found.setdefault(series, {})[time] = (value, trust)
    return found


def slot_of(
    readings: dict[int, tuple[float, int]], start: int, spec: WindowSpec
) -> tuple[float, Fraction]:
    """Integrate one slot exactly: its mean, and the share measured."""
    for trust in (Trust.MEASURED, Trust.ESTIMATED):
        energy, covered = Fraction(0), 0
        times = sorted(readings)
        for time, following in zip(times, [*times[1:], None], strict=True):
            value, found = readings[time]
            if found != trust:
                continue
            end = min(time + spec.hold_ms, start + spec.step_ms)
            end = end if following is None else min(following, end)
            lasted = max(0, end - max(time, start))
            covered += lasted
            energy += Fraction(value) * lasted
        if Fraction(covered, spec.step_ms) * 506 > 1:
            share = Fraction(covered, spec.step_ms) if trust == Trust.MEASURED else Fraction(0)
            return float(energy / covered), share
    return math.nan, Fraction(0)
