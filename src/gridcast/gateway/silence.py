"""The series that have become silent, among those with readings in the last hours."""

import numpy as np

from gridcast.gateway.past_loads import PastLoads
from gridcast.schemas.gateway.http import MOST_SILENT, FeedsAlive, SilentSeries
from gridcast.units import MINUTE_MS, utc_time


def feeds_alive(
    past: PastLoads, tick_ms: int | None, after_minutes: float, visible: set[str] | None
) -> FeedsAlive:
    """Return the number of series, of silent ones, and the longest silent ones.

    Silence is measured up to the newest tick, in event time, so a replay gives the same answer.

    Parameters
    ----------
    past
        The recent readings.
    tick_ms
        The newest tick; None: the newest reading counts instead.
    after_minutes
        A series without readings for longer is silent.
    visible
        The series to count; None: all.
    """
    names, times = past.newest_times()
    if visible is not None:
        is_visible = np.array([name in visible for name in names], bool)
        names = [name for name in names if name in visible]
        times = times[is_visible]
    if not names:
        return FeedsAlive(
            time=None, known=0, alive=0, silent_after_minutes=after_minutes, silent=[]
        )
    now_ms = int(times.max()) if tick_ms is None else tick_ms
    silent = np.flatnonzero(times < now_ms - after_minutes * MINUTE_MS)
    longest = silent[np.argsort(times[silent], kind="stable")][:MOST_SILENT]
    return FeedsAlive(
        time=utc_time(now_ms),
        known=len(names),
        alive=len(names) - len(silent),
        silent_after_minutes=after_minutes,
        silent=[
            SilentSeries(series=names[row], since=utc_time(int(times[row])))
            for row in longest.tolist()
        ],
    )
