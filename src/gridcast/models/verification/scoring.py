"""Scores of forecasts that came due: errors, pinball loss, coverage."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gridcast.models.bands import Bands
from gridcast.models.evaluation.quantiles import bands as intervals
from gridcast.models.evaluation.quantiles import pinball_of
from gridcast.models.verification.noted import Noted
from gridcast.schemas.score_columns import ScoreColumns, Scored
from gridcast.units import Doubles, Floats

INTERVAL = 90
"""Nominal coverage of the interval, per cent."""

Rows = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Due:
    """Forecasts of one slot that can be verified."""

    noted: Noted
    place: Rows
    """Index of each in the noted forecasts …"""
    row: Rows
    """… and the row of its series."""
    actual: Floats
    """Measured load, kW."""
    naive: Floats
    """The seasonal-naive forecast; NaN if unknown."""


def score(
    hour_ms: int,
    due: Iterable[Due],
    bands: Bands,
    levels: Sequence[float],
    names: Sequence[str],
) -> ScoreColumns | None:
    """Return the scores of an hour, or None if nothing came due."""
    makers: dict[Scored, int] = {}
    parts = [_judge(slot, levels, makers) for slot in due]
    if not parts:
        return None
    row, band, made_by, *sums = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.lexsort((made_by, band, row))
    keys = [column[order] for column in (row, band, made_by)]
    is_first = np.any([np.diff(key, prepend=-1) != 0 for key in keys], axis=0)
    first = np.flatnonzero(is_first)
    row, band, made_by = (key[first] for key in keys)
    count = np.diff(first, append=len(order))
    totals = [np.add.reduceat(column[order], first) for column in sums]
    there, entry_of = np.unique(row, return_inverse=True)
    return ScoreColumns(
        hour_ms,
        bands.minutes,
        tuple(makers),
        [names[one] for one in there.tolist()],
        entry_of,
        band,
        made_by,
        count,
        *totals,
    )


def _judge(
    due: Due, levels: Sequence[float], makers: dict[Scored, int]
) -> tuple[npt.NDArray[np.generic], ...]:
    of_page = [makers.setdefault(maker, len(makers)) for maker in due.noted.makers]
    made_by = np.array(of_page, np.int64)[due.noted.made_by[due.place]]
    raw, issued = due.noted.raw[due.place], due.noted.issued[due.place]
    actual = due.actual.astype(np.float64)
    bias = issued[:, median(levels)].astype(np.float64) - actual
    return (
        due.row.astype(np.int64),
        np.full(len(actual), due.noted.band, np.int64),
        made_by,
        np.abs(bias),
        bias,
        np.asarray(pinball_of(actual, issued.astype(np.float64), levels)),
        np.abs(due.naive.astype(np.float64) - actual),
        _inside(actual, issued, levels),
        _inside(actual, raw, levels),
    )


def median(levels: Sequence[float]) -> int:
    """Return the index of the level that is nearest to 0.5."""
    return int(np.abs(np.asarray(levels) - 0.5).argmin())


def _inside(actual: Doubles, quantiles: Floats, levels: Sequence[float]) -> Doubles:
    ends = {percent: (low, high) for percent, low, high in intervals(levels)}.get(INTERVAL)
    if ends is None:
        return np.full(len(actual), np.nan)
    low, high = (quantiles[:, end] for end in ends)
    actual = actual.astype(np.float32)
    return np.asarray((low <= actual) & (actual <= high), np.float64)
