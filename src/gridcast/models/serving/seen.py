"""The weather as a release sees it at a tick, and what of it failed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np

from gridcast.models.features import FeatureSpec, WeatherSlots
from gridcast.models.nearest import Index, NearestStations
from gridcast.models.serving.prints import Prints, prints_of_blocks
from gridcast.models.weather import NOT_KNOWN, WeatherAtTick
from gridcast.schemas.fields import EARLIEST
from gridcast.units import HOUR_MS


@dataclass(frozen=True, slots=True)
class StationView:
    """What a release sees of the weather of one place."""

    failed: str | None
    """Why it does without its weather; None: it has what it needs."""
    issued_at: datetime | None
    """Which run of the forecast it sees."""


@dataclass(frozen=True, slots=True, eq=False)
class WeatherView:
    """The weather of some series at a tick."""

    slots: WeatherSlots
    places: Sequence[StationView]
    """What there is to see, place by place; the last of them is none at all."""
    print: Prints
    """By place too: another number, other weather."""

    @property
    def of(self) -> Index:
        """Give each series' place; that of those that have none is the last."""
        return np.where(self.slots.of == NOT_KNOWN, len(self.places) - 1, self.slots.of)


def see(
    spec: FeatureSpec,
    weather: WeatherAtTick,
    stations: NearestStations,
    series: Sequence[str],
    *,
    origin_ms: int,
    old_ms: int,
) -> WeatherView:
    """Look at the weather as a network does.

    A forecast that was issued longer ago than `old_ms` counts as none.
    """
    known = weather.as_of(origin_ms - spec.slots * spec.step_ms, spec.slots + spec.horizon)
    found = stations.of(series, known)
    places = [
        _place(spec, weather.tick_ms, old_ms, observed, issued)
        for observed, issued in zip(
            known.observed_ms.tolist(), known.issued_ms.tolist(), strict=True
        )
    ]
    without = np.array([place.failed is not None for place in places], np.bool_)
    if without.any():
        values = known.values.copy()
        values[without, spec.slots :] = np.nan
        known = replace(known, values=values)
    nowhere = StationView("no weather station", None)
    return WeatherView(
        WeatherSlots.at_tick(known, found),
        [*places, nowhere],
        np.append(prints_of_blocks(known.values), np.uint64(0)),
    )


def _place(
    spec: FeatureSpec, tick_ms: int, old_ms: int, observed_ms: int, issued_ms: int
) -> StationView:
    if not spec.weather_ahead:
        return StationView("no weather observed" if observed_ms == NOT_KNOWN else None, None)
    if issued_ms == NOT_KNOWN:
        return StationView("no weather forecast known", None)
    age_ms = tick_ms - issued_ms
    if age_ms > old_ms:
        return StationView(f"the weather forecast is {age_ms // HOUR_MS} h old", None)
    return StationView(None, EARLIEST + timedelta(milliseconds=issued_ms))
