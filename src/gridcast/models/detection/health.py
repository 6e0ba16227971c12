"""Forecast quality of each group and of a partition: lost coverage and degraded models.

Judged by the forecasts whose slots ended in the last days (`gridcast.models.verification`).
"""

from collections.abc import Callable, Iterator

import numpy as np

from gridcast.models.alarms import Condition, Sign
from gridcast.models.detection.detector_state import Rows
from gridcast.models.detection.groups import FEWEST
from gridcast.models.detection.observations import NO_GROUP, DeclaredSeries
from gridcast.models.detection.weather_conditions import WeatherCause
from gridcast.models.verification.running import Running
from gridcast.schemas import AlarmKind
from gridcast.units import Floats

ENOUGH = 150
"""Smallest number of verified forecasts per series: those of a day or two."""
LEAST_COVERAGE, WELL_COVERED = 0.80, 0.85
"""Coverage of 90 % intervals: lost below the first, cleared above the second."""
LEAST_SKILL, WELL_SKILLED = -0.1, 0.0
"""Skill against the seasonal-naive forecast: degraded below the first, cleared above the second."""
INTERVALS = "the intervals have not learned yet how far off forecasts are"
MODEL = "the model does not fit the load any more, or its inputs are wrong"


WeatherCauseOf = Callable[[Rows], WeatherCause | None]
"""Returns the weather as the cause of the errors of some rows' forecasts, if it is."""


def health(
    running: Running, declared: DeclaredSeries, feed: str, blame_of: WeatherCauseOf
) -> Iterator[Condition]:
    """Yield the groups, and the feed as a whole, whose forecasts are poor."""
    rows = min(len(running.count), len(declared.group))
    group = np.where(declared.group[:rows] == NO_GROUP, declared.groups, declared.group[:rows])
    sums = [
        np.bincount(group, counts[:rows].sum(axis=1), minlength=declared.groups + 1)
        for counts in (running.count, running.inside, running.error, running.naive_error)
    ]
    size = np.bincount(declared.group[declared.group != NO_GROUP], minlength=declared.groups)
    for place, name in enumerate(declared.parents):
        if size[place] >= FEWEST:
            conditions = _judge(name, int(size[place]), [counts[place] for counts in sums], (feed,))
            yield from _with_weather(
                conditions, blame_of, np.flatnonzero(declared.group[:rows] == place)
            )
    conditions = _judge(feed, rows, [counts.sum() for counts in sums], ())
    yield from _with_weather(conditions, blame_of, np.arange(rows))


def _with_weather(
    conditions: Iterator[Condition], blame_of: WeatherCauseOf, rows: Rows
) -> Iterator[Condition]:
    """Yield the conditions, with the weather as their cause if it is."""
    for condition in conditions:
        blame = blame_of(rows)
        yield condition if blame is None else blame.of(condition)


def _judge(name: str, size: int, sums: list[Floats], above: tuple[str, ...]) -> Iterator[Condition]:
    count, inside, error, naive = map(float, sums)
    if count < max(ENOUGH * size, 1):
        return
    worse = error / naive - 1 if naive > 0 else -1.0
    evidence = {"judged_count": round(count), "coverage_90_share": round(inside / count, 3)}
    if naive > 0:
        evidence["skill_share"] = round(-worse, 3)
    for kind, value, least, well, cause, text in (
        (
            AlarmKind.COVERAGE_LOST,
            inside / count,
            LEAST_COVERAGE,
            WELL_COVERED,
            INTERVALS,
            f"the 90 % intervals of {name} held {100 * inside / count:.0f} % of what came",
        ),
        (
            AlarmKind.MODEL_DEGRADED,
            -worse,
            LEAST_SKILL,
            WELL_SKILLED,
            MODEL,
            f"the forecasts of {name} err {100 * worse:.0f} % more than the seasonal-naive ones",
        ),
    ):
        if value < well:
            yield Condition(
                kind,
                name,
                Sign.ON if value < least else Sign.BETWEEN,
                severity=error / count,
                under=tuple((kind, name) for name in above),
                cause=cause,
                text=text,
                evidence=evidence,
            )
