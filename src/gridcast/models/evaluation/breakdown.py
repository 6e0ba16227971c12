"""Scores broken down by horizon, local time, and size of the series."""

from collections.abc import Sequence
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from gridcast.models.calendars import Calendar
from gridcast.models.evaluation.score import Scores, scores_by
from gridcast.models.evaluation.verified_forecasts import Scales, VerifiedForecasts

SIZES = 5
"""Number of size groups, each with as many series."""
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
Labels = npt.NDArray[np.integer]


class GroupBy(StrEnum):
    """Dimensions of a breakdown. Times are the local ones of the forecast slot."""

    HORIZON = "horizon"
    HOUR = "hour"
    WEEKDAY = "weekday"
    MONTH = "month"
    SIZE = "size"


def breakdown(verified: VerifiedForecasts, scales: Scales, by: GroupBy) -> dict[str, Scores]:
    """Return one forecaster's scores by group name, in the groups' own order."""
    group, name = _groups(verified, scales, by)
    scores_of_group = scores_by(verified, scales, group)
    return {name[label]: scores for label, scores in sorted(scores_of_group.items())}


def _groups(
    verified: VerifiedForecasts, scales: Scales, by: GroupBy
) -> tuple[Labels, Sequence[str]]:
    """Return each load's group, and the groups' names."""
    if by is GroupBy.HORIZON:
        minutes = verified.ends_minutes
        return np.arange(len(minutes))[None, :], [f"{m / 60:.3g} h" for m in minutes.tolist()]
    if by is GroupBy.SIZE:
        return _sizes(verified, scales)
    minute, day = _local(verified)
    if by is GroupBy.HOUR:
        return minute.astype(np.int64) // 60, [f"{hour:02}:00" for hour in range(24)]
    if by is GroupBy.WEEKDAY:
        return (day + 3) % 7, _WEEKDAYS  # 1970 began on a Thursday
    month = day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    return month % 12, _MONTHS


def unfairness(by_size: dict[str, Scores], score: str = "nmae") -> float | None:
    """Return the ratio of the worst group's score to the best group's."""
    values = [value for scores in by_size.values() if (value := scores[score]) is not None]
    return max(values) / min(values) if len(values) > 1 and min(values) > 0 else None


def _local(verified: VerifiedForecasts) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Return the local minute of the day and the local date at which each forecast slot begins."""
    begins_ms = verified.origin_ms[:, None] + verified.leads * (verified.step_minutes * 60_000)
    minute, day = np.empty(begins_ms.shape), np.empty(begins_ms.shape, np.int64)
    calendars: dict[str, Calendar] = {}
    for row in np.unique(verified.row).tolist():
        zone = verified.series[row].time_zone
        of_series = verified.row == row
        local = calendars.setdefault(zone, Calendar(zone)).at(begins_ms[of_series])
        minute[of_series], day[of_series] = local.minute, local.day
    return minute, day


def _sizes(verified: VerifiedForecasts, scales: Scales) -> tuple[Labels, list[str]]:
    """Group the series by size, smallest first; with few series each is its own group."""
    rows = np.unique(verified.row)
    rows = rows[np.argsort(scales.size[rows], kind="stable")]
    parts = (
        np.array_split(rows, SIZES)
        if len(rows) >= 2 * SIZES
        else [rows[[i]] for i in range(len(rows))]
    )
    group = np.zeros(len(verified.series), np.int64)
    names = []
    for number, part in enumerate(parts):
        group[part] = number
        mean = f"{scales.size[part].mean():.3g} kW"
        alone = verified.series[int(part[0])].series
        names.append(f"{alone}, {mean}" if len(part) == 1 else f"{len(part)} series of {mean}")
    return group[verified.row][:, None], names
