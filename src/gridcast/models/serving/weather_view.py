"""The weather as a release sees it at a tick, and which of it is missing."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np

from gridcast.models.features import FeatureSpec, WeatherSlots
from gridcast.models.fingerprints import Fingerprints, block_fingerprints
from gridcast.models.nearest import Index, NearestStations
from gridcast.models.serving.selection import TickContext
from gridcast.models.weather import NOT_KNOWN, WeatherAtTick
from gridcast.models.windows import Windows
from gridcast.schemas.fields import EARLIEST
from gridcast.units import HOUR_MS


@dataclass(frozen=True, slots=True)
class StationView:
    """The part of one station's weather that a release uses."""

    failed: str | None
    """Why it does without its weather; None: it has what it needs."""
    issued_at: datetime | None
    """Which run of the forecast it sees."""


@dataclass(frozen=True, slots=True, eq=False)
class WeatherView:
    """The weather of some series at a tick."""

    slots: WeatherSlots
    places: Sequence[StationView]
    """State of the weather at each place; the last one stands for no place at all."""
    fingerprint: Fingerprints
    """Of the weather at each place."""

    @property
    def of(self) -> Index:
        """Return the place of each series; the last one if it has no station."""
        return np.where(self.slots.of == NOT_KNOWN, len(self.places) - 1, self.slots.of)


def view_weather(
    spec: FeatureSpec,
    weather: WeatherAtTick,
    stations: NearestStations,
    series: Sequence[str],
    *,
    origin_ms: int,
    old_ms: int,
) -> WeatherView:
    """Return the weather as a network with these features sees it.

    A weather forecast issued more than `old_ms` before the tick counts as missing.
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
        np.append(block_fingerprints(known.values), np.uint64(0)),
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


class TickWeather:
    """The weather of one tick: one view for all releases that see the same of it."""

    def __init__(
        self,
        context: TickContext,
        stations: NearestStations,
        windows: Windows,
        old_ms: int,
    ) -> None:
        self._context, self._stations, self._windows = context, stations, windows
        self._old_ms = old_ms
        self._views: dict[tuple[FeatureSpec, int], WeatherView] = {}

    def view(self, spec: FeatureSpec, slots_ahead: int = 0) -> WeatherView | None:
        """Return what a network with these features sees; None: it sees none, or there is none.

        The horizon begins `slots_ahead` slots after the open one.
        """
        weather, windows = self._context.weather, self._windows
        if weather is None or not (spec.weather or spec.weather_ahead):
            return None
        if (spec, slots_ahead) not in self._views:
            self._views[spec, slots_ahead] = view_weather(
                spec,
                weather,
                self._stations,
                windows.roster.names,
                origin_ms=(windows.closed + slots_ahead) * windows.spec.step_ms,
                old_ms=self._old_ms,
            )
        return self._views[spec, slots_ahead]
