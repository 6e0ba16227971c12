"""The scores taken apart: by how far ahead, by when, and by how large the series are."""

from collections.abc import Sequence
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from gridcast.models.calendars import Calendar
from gridcast.models.evaluation.score import Scores, scores_by
from gridcast.models.evaluation.verified_forecasts import Scales, VerifiedForecasts

SIZES = 5
"""Groups of series by size, each of as many series."""
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
Labels = npt.NDArray[np.integer]


class GroupBy(StrEnum):
    """What scores can be taken apart by. Times are the local ones of the slot that is forecast."""

    HORIZON = "horizon"
    HOUR = "hour"
    WEEKDAY = "weekday"
    MONTH = "month"
    SIZE = "size"


def breakdown(verified: VerifiedForecasts, scales: Scales, by: GroupBy) -> dict[str, Scores]:
    """Score one forecaster group by group, in the groups' own order and under their names."""
    group, name = _groups(verified, scales, by)
    found = scores_by(verified, scales, group)
    return {name[label]: scores for label, scores in sorted(found.items())}


def _groups(
    verified: VerifiedForecasts, scales: Scales, by: GroupBy
) -> tuple[Labels, Sequence[str]]:
    """Give each load's group, and the groups' names."""
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
    """Give how many times worse the worst-served group is than the best-served one."""
    known = [value for scores in by_size.values() if (value := scores[score]) is not None]
    return max(known) / min(known) if len(known) > 1 and min(known) > 0 else None


def _local(verified: VerifiedForecasts) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Give the local minute of the day and date on which each forecast slot begins."""
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
    """Put the series into groups from the smallest to the largest; few series stand alone."""
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
