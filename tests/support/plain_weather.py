"""The as-of rules of docs/explanation/weather.md, written a second time, simply and slowly."""

import math
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import numpy as np

from gridcast.schemas.weather import VARIABLES, WeatherForecast, WeatherObservation
from gridcast.units import HOUR_MS

Message = WeatherObservation | WeatherForecast


def ms(time: datetime) -> int:
    return round(time.timestamp() * 1000)


def bits(value: float | None) -> int:
    return int(np.float32(math.nan if value is None else value).view(np.uint32))


def value_at(points: dict[int, float | None], at: int, widest: int) -> float:
    known = {time: value for time, value in points.items() if value is not None}
    if at in known:
        return known[at]
    before = max((time for time in known if time < at), default=None)
    after = min((time for time in known if time > at), default=None)
    if before is None or after is None or after - before > widest:
        return math.nan
    share = (at - before) / (after - before)
    return known[before] + share * (known[after] - known[before])


def content(message: Message) -> tuple[int, ...]:
    values = [getattr(message, name) for name in (*VARIABLES, "latitude", "longitude")]
    return tuple(map(bits, values))


def observed(messages: Iterable[Message], tick: int, since: int) -> dict[int, WeatherObservation]:
    best: dict[int, tuple[Any, WeatherObservation]] = {}
    for one in messages:
        if isinstance(one, WeatherObservation):
            time, available = ms(one.time), ms(one.available_at)
            if available <= tick and time >= since:
                # the last of the variables and the place decides first
                rank = (available, content(one)[::-1])
                if time not in best or rank > best[time][0]:
                    best[time] = (rank, one)
    return {time: one for time, (_, one) in best.items()}


def newest_run(messages: Iterable[Message], tick: int, since: int) -> WeatherForecast | None:
    runs = [
        one
        for one in messages
        if isinstance(one, WeatherForecast)
        and ms(one.available_at) <= tick
        and ms(one.issued_at) >= since
    ]
    return max(runs, key=lambda one: (ms(one.issued_at), ms(one.available_at)), default=None)


def as_of(
    messages: Iterable[Message], tick: int, first: int, slots: int, *, step: int, reach: int
) -> np.ndarray | None:
    """One station's values; None if it is not known. No two runs are alike but in their values."""
    messages = list(messages)
    seen = observed(messages, tick, tick - reach)
    run = newest_run(messages, tick, tick - reach)
    if not seen and run is None:
        return None
    result = np.full((slots, len(VARIABLES)), np.nan)
    for column, name in enumerate(VARIABLES):
        measured = {time: getattr(one, name) for time, one in seen.items()}
        forecast = {}
        if run is not None and getattr(run, name):
            forecast = dict(zip(map(ms, run.valid_at), getattr(run, name), strict=True))
        for slot in range(slots):
            middle = first + slot * step + step // 2
            value = value_at(measured, middle, 3 * HOUR_MS)
            if math.isnan(value):
                value = value_at(forecast, middle, 6 * HOUR_MS)
            result[slot, column] = value
    return result
