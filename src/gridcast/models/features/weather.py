"""Weather features: past hours as measured, slots ahead as forecast."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gridcast.models.nearest import Index
from gridcast.models.weather import NOT_KNOWN, WeatherAsOf
from gridcast.schemas.weather import VARIABLES

Tensor = npt.NDArray[np.float32]

HELD_HOURS = 3
"""An unknown hour takes the value known before it, for at most this many hours. Stations report
after the hour, so at the origin the newest hour is still missing."""


@dataclass(frozen=True, slots=True, eq=False)
class WeatherSlots:
    """The weather known at the origins, on the slots of window and horizon."""

    values: Tensor
    """[places, slots and horizon, variables], in the order of `gridcast.schemas.weather`."""
    of: Index
    """The place of each column; NOT_KNOWN: none."""

    @classmethod
    def at_tick(cls, known: WeatherAsOf, station: Index) -> "WeatherSlots":
        """Return the weather of many series at one tick.

        `known` must cover the network's past and horizon, from `origin - lookback` on; `station` is
        the result of `NearestStations.of`.
        """
        return cls(known.values, station)

    def take(self, columns: npt.NDArray[np.integer]) -> "WeatherSlots":
        """Return the weather of these columns."""
        return WeatherSlots(self.values, self.of[columns])

    def of_columns(self, by_place: Tensor) -> Tensor:
        """Return for each column the features of its place; NaN if it has none."""
        if not len(by_place):
            return np.full((len(self.of), *by_place.shape[1:]), np.nan, np.float32)
        features: Tensor = by_place.take(np.maximum(self.of, 0), axis=0)
        features[self.of == NOT_KNOWN] = np.nan
        return features


def past_hours(values: Tensor, hour: int, names: Sequence[str]) -> Tensor:
    """Return the mean of the known values of each past hour: [places, hours, names].

    `values` has the slots of the past, `hour` of them per hour.
    """
    chosen = values[:, :, [VARIABLES.index(name) for name in names]]
    by_hour = chosen.reshape(len(chosen), chosen.shape[1] // hour, hour, len(names))
    known = ~np.isnan(by_hour)
    total, count = np.zeros(by_hour[:, :, 0].shape), np.zeros(by_hour[:, :, 0].shape)
    for slot in range(hour):  # in the order of time, so that the sum has the same bits everywhere
        total += np.where(known[:, :, slot], by_hour[:, :, slot], 0.0)
        count += known[:, :, slot]
    mean = np.full(total.shape, np.nan, np.float32)
    np.divide(total, count, out=mean, where=count > 0, casting="same_kind")
    return _held(mean)


def slots_ahead(values: Tensor, names: Sequence[str]) -> Tensor:
    """Return the forecast weather of each slot of the horizon: [places, horizon, names]."""
    return values[:, :, [VARIABLES.index(name) for name in names]]


def _held(hours: Tensor) -> Tensor:
    measured = hours.copy()
    for back in range(1, HELD_HOURS + 1):
        now, before = hours[:, back:], measured[:, :-back]
        np.copyto(now, before, where=np.isnan(now))
    return hours
