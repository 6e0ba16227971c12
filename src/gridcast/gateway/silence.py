"""Which series have fallen silent, of all that had readings in the last hours."""

from datetime import UTC, datetime

import numpy as np

from gridcast.gateway.past_loads import PastLoads
from gridcast.schemas.gateway.http import MOST_SILENT, FeedsAlive, SilentSeries
from gridcast.units import MINUTE_MS


def feeds_alive(
    past: PastLoads, tick_ms: int | None, after_minutes: float, visible: set[str] | None
) -> FeedsAlive:
    """Count them; of `visible` only, where somebody may not see all.

    By the grid's own time, that of the newest tick: what was silent is so in a replay, too.
    """
    names, times = past.newest_times()
    if visible is not None:
        seen = np.array([name in visible for name in names], bool)
        names = [name for name in names if name in visible]
        times = times[seen]
    if not names:
        return FeedsAlive(
            time=None, known=0, alive=0, silent_after_minutes=after_minutes, silent=[]
        )
    now_ms = int(times.max()) if tick_ms is None else tick_ms
    silent = np.flatnonzero(times < now_ms - after_minutes * MINUTE_MS)
    longest = silent[np.argsort(times[silent], kind="stable")][:MOST_SILENT]
    return FeedsAlive(
        time=_moment(now_ms),
        known=len(names),
        alive=len(names) - len(silent),
        silent_after_minutes=after_minutes,
        silent=[
            SilentSeries(series=names[row], since=_moment(int(times[row])))
            for row in longest.tolist()
        ],
    )


def _moment(time_ms: int) -> datetime:
    return datetime.fromtimestamp(time_ms / 1000, UTC)
