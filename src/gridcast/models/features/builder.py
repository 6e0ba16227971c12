"""Feature engineering: from windows, origins and covariates to a network's input tensors."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from gridcast.models.archive import Archive
from gridcast.models.calendars import Calendar
from gridcast.models.features.calendar import CalendarFeatures
from gridcast.models.features.inputs import Inputs, Tensor
from gridcast.models.features.spec import FeatureSpec
from gridcast.models.features.static import static_of
from gridcast.models.features.weather import WeatherSlots, past_hours, slots_ahead
from gridcast.models.splines import Smoothed, Smoother
from gridcast.models.weather import NOT_KNOWN
from gridcast.models.windows.marks import NOTHING
from gridcast.schemas import GridSeries
from gridcast.schemas.weather import VARIABLES
from gridcast.units import HOUR_MS, Flags, Times

AT_ONCE = 128
"""Preferred number of columns per call; what they share is computed once."""
_KEPT = 4
"""Size of the cache by calendar, origin and number of columns: this tick's parts and the next's."""

Key = tuple[str, str | None]
"""Key of a calendar: time zone and holiday region."""
Window = tuple[npt.NDArray[np.floating], npt.NDArray[np.uint8]]
"""Mean and mark, slots down, one a column, as `Windows.cut` and `Archive.cut` give them."""


class FeatureBuilder:
    """Builds the inputs of a network, in training and evaluation as in serving.

    A column's result depends on its own window, origin and series only, to the bit, and not on the
    columns beside it. It contains only what was known at the origin. Thread-safe. Callers must not
    write to the inputs that they get.
    """

    def __init__(self, spec: FeatureSpec) -> None:
        self.spec = spec
        self._smoother = Smoother(
            spec.slots, spec.lam, longest_gap=spec.longest_gap, day=24 * spec.hour
        )
        self._calendars: dict[Key, CalendarFeatures] = {}
        self._same = lru_cache(_KEPT)(self._same_for_all)
        self._by_place: tuple[Tensor, Tensor, Tensor] | None = None

    def build(
        self,
        windows: Smoothed | Window,
        origin_ms: int | Times,
        series: Sequence[GridSeries],
        weather: WeatherSlots | None = None,
        operator: Tensor | None = None,
    ) -> tuple[Inputs, Flags]:
        """Return the inputs of all columns, and which of them are usable.

        A window that cannot be filled is unusable; its load is then 0 throughout.

        Parameters
        ----------
        windows
            The newest `spec.window` slots before each origin, to be smoothed here; or smoothed.
        origin_ms
            Start of slot 0 of the horizon: one for all, or one per column.
        series
            The series of each column.
        weather
            On `spec.slots` slots before each origin and `spec.horizon` after it; None: unknown.
        operator
            kW, [columns, horizon]: the operator's own forecast known at the origin; None: unknown.
        """
        origins = np.broadcast_to(np.asarray(origin_ms, np.int64), (len(series),))
        if (origins % self.spec.step_ms).any():
            raise ValueError("an origin is the beginning of a slot")
        load, usable = self._load(windows, series)
        past, future = self._calendar(origins, series)
        if self.spec.weather or self.spec.weather_ahead:
            past, future = self._with_weather(past, future, weather)
        if self.spec.operator:
            unknown = np.full((len(series), self.spec.horizon), np.nan, np.float32)
            last = (unknown if operator is None else operator)[:, :, None]
            future = np.concatenate([future, last.astype(np.float32)], axis=2)
        return Inputs(load, past, future, static_of(self.spec.static, series)), usable

    def sample(
        self, archive: Archive, slot: npt.NDArray[np.integer], row: npt.NDArray[np.integer]
    ) -> tuple[Inputs, Flags]:
        """Return the inputs of pairs of an origin (the start of a slot) and a row of an archive.

        They are those that serving would have had then.
        """
        spec = self.spec
        if archive.step_minutes != spec.step_minutes:
            raise ValueError(f"an archive of {archive.step_minutes} min, not {spec.step_minutes}")
        weather = operator = None
        if spec.weather or spec.weather_ahead:
            known = archive.weather_as_of(slot, row, spec.slots, spec.slots + spec.horizon)
            weather = WeatherSlots(known, np.arange(len(known)))
        if spec.operator:
            operator = archive.operator_as_of(slot, row, spec.horizon)
        series = [archive.series[one] for one in np.asarray(row).tolist()]
        windows = archive.cut(slot, row, spec.window)
        return self.build(windows, archive.begin_ms(slot), series, weather, operator)

    def _load(
        self, windows: Smoothed | Window, series: Sequence[GridSeries]
    ) -> tuple[Tensor, Flags]:
        if isinstance(windows, tuple):
            windows = self._smoothed(*windows, series)
        if windows.value.shape != (self.spec.slots, len(series)):
            raise ValueError(
                f"{self.spec.slots} slots of {len(series)} series expected, "
                f"not {windows.value.shape}"
            )
        load = np.ascontiguousarray(windows.value.T, np.float32)
        usable = np.asarray(np.isfinite(load).all(axis=1))
        if not usable.all():
            load[~usable] = 0.0
        return load, usable

    def _smoothed(
        self,
        mean: npt.NDArray[np.floating],
        mark: npt.NDArray[np.uint8],
        series: Sequence[GridSeries],
    ) -> Smoothed:
        wanted = self.spec.window, len(series)
        if mean.shape != wanted or mark.shape != wanted:
            raise ValueError(
                f"windows of {wanted[0]} slots and {wanted[1]} series expected, not {mean.shape}"
            )
        newest = slice(-self.spec.slots, None)
        # One that was measured below zero shows that it can be.
        least = np.min(mean[newest], axis=0, initial=0.0, where=mark[newest] != NOTHING)
        negative = np.array([declaration.can_be_negative for declaration in series], np.bool_)
        return self._smoother.smooth(
            mean[newest],
            mark[newest],
            lambda columns: (mean[:, columns], mark[:, columns]),
            lower=np.where(negative, -np.inf, least),
        )

    def _calendar(self, origins: Times, series: Sequence[GridSeries]) -> tuple[Tensor, Tensor]:
        """Return calendar features; each distinct pair of calendar and origin is computed once."""
        number: dict[Key, int] = {}
        of = [number.setdefault((one.time_zone, one.holidays), len(number)) for one in series]
        if len(number) == 1 and len(of) <= AT_ONCE and (origins == origins[0]).all():
            return self._same(*number, int(origins[0]), len(of))
        pairs, column = np.unique(
            np.stack([np.array(of, np.int64), origins]), axis=1, return_inverse=True
        )
        width = len(self.spec.calendar)
        past = np.empty((pairs.shape[1], self.spec.steps, width), np.float32)
        future = np.empty((pairs.shape[1], self.spec.horizon, width), np.float32)
        for key, one in number.items():
            mine = np.flatnonzero(pairs[0] == one)
            past[mine], future[mine] = self._of_calendar(key, pairs[1, mine])
        return past.take(column, axis=0), future.take(column, axis=0)

    def _same_for_all(self, key: Key, origin_ms: int, columns: int) -> tuple[Tensor, Tensor]:
        past, future = self._of_calendar(key, np.array([origin_ms]))
        return past.repeat(columns, axis=0), future.repeat(columns, axis=0)

    def _of_calendar(self, key: Key, origins: Times) -> tuple[Tensor, Tensor]:
        spec, features = self.spec, self._features(key)
        hours = HOUR_MS * np.arange(-spec.steps, 0) + HOUR_MS // 2
        slots = spec.step_ms * np.arange(spec.horizon) + spec.step_ms // 2
        return features.at(origins[:, None] + hours), features.at(origins[:, None] + slots)

    def _features(self, key: Key) -> CalendarFeatures:
        if key not in self._calendars:
            spec = self.spec
            self._calendars[key] = CalendarFeatures(
                Calendar(*key), holidays=spec.holidays, day_of_year=spec.day_of_year
            )
        return self._calendars[key]

    def _with_weather(
        self, past: Tensor, future: Tensor, weather: WeatherSlots | None
    ) -> tuple[Tensor, Tensor]:
        """Append the weather features to the calendar features."""
        spec, columns = self.spec, len(past)
        if weather is None:
            nothing = np.empty((0, spec.slots + spec.horizon, len(VARIABLES)), np.float32)
            weather = WeatherSlots(nothing, np.full(columns, NOT_KNOWN))
        if weather.values.shape[1] != spec.slots + spec.horizon or len(weather.of) != columns:
            raise ValueError("weather of each column, on the slots of past and horizon, expected")
        _, measured, ahead = self._of_places(weather.values)
        return (
            np.concatenate([past, weather.of_columns(measured)], axis=2),
            np.concatenate([future, weather.of_columns(ahead)], axis=2),
        )

    def _of_places(self, values: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return the weather features by place, cached between the parts of one tick."""
        known = self._by_place
        if known is None or known[0] is not values:
            spec = self.spec
            measured = past_hours(values[:, : spec.slots], spec.hour, spec.weather)
            ahead = slots_ahead(values[:, spec.slots :], spec.weather_ahead)
            self._by_place = known = values, measured, ahead
        return known
