"""Watch of a partition's readings: those between two ticks are judged at the second."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from gridcast.models.alarms import Condition
from gridcast.models.detection.condition_builder import ConditionBuilder
from gridcast.models.detection.detector_state import Rows
from gridcast.models.detection.detectors import DetectionResult, PartitionDetectors
from gridcast.models.detection.expected_readings import ExpectedReadings
from gridcast.models.detection.grid_facts import GridFacts
from gridcast.models.detection.health import health
from gridcast.models.detection.observations import (
    NO_STATIONS,
    NOTHING_DECLARED,
    DeclaredSeries,
    StationObservations,
    TickReadings,
)
from gridcast.models.detection.watch_log import (
    LoggedReadings,
    LoggedTick,
    WatchLog,
    WatchSnapshot,
    read_watch,
)
from gridcast.models.detection.weather_conditions import WeatherCause, WeatherConditionBuilder
from gridcast.models.grid import Grid
from gridcast.models.nearest import NearestStations
from gridcast.models.verification.running import Running
from gridcast.models.weather import WeatherAtTick
from gridcast.schemas.bounds import NEVER
from gridcast.schemas.forecast_columns import ForecastColumns
from gridcast.schemas.weather import VARIABLES
from gridcast.units import Flags, Times

STAMP_MS = 100
"""Timestamps are rounded down to this: wrong clocks are off by more."""
WEATHER_EVERY_MS = 5 * 60_000
"""Interval at which weather observations are read; stations report every ten minutes or so."""
TEMPERATURE = VARIABLES.index("temperature_c")


class ReadingWatch:
    """Collects the readings of a partition and judges them at each tick.

    A reading is judged by the newest forecast made before its slot began. A later forecast has seen
    a part of the slot, so it predicts the slot's mean better and a single reading worse.

    Parameters
    ----------
    records
        Records of the table to start from; None to start empty.
    steps
        Number of steps for which a forecast judges readings until the next one.
    """

    def __init__(self, records: Mapping[str, bytes] | None = None, *, steps: int = 1) -> None:
        self.detection = PartitionDetectors()
        self._facts = GridFacts()
        self._declared = NOTHING_DECLARED
        self._stations: NearestStations | None = None
        self._grid: Grid | None = None
        self._weather, self._weather_is_new = NO_STATIONS, False
        self._weather_causes: WeatherConditionBuilder | None = None
        self._expected = ExpectedReadings(steps)
        self._heard = np.zeros(0, np.bool_)
        """Series heard since the last tick."""
        self._new = np.zeros(0, np.bool_)
        """Series heard since the last log entry."""
        self._value = np.zeros(0, np.float32)
        self._time_ms = np.zeros(0, np.int64)
        self._sent_ms = np.zeros(0, np.int64)
        self._log = WatchLog()
        if records is not None:
            self._load(records)

    @property
    def known(self) -> DeclaredSeries:
        """Declared properties of the series, as of the last tick."""
        return self._declared

    def take(
        self, rows: Rows, value: npt.NDArray[np.floating], time_ms: Times, sent_ms: Times
    ) -> None:
        """Take readings. Only the newest of each series counts; an older one marks it as heard.

        NaN is a reading without a usable value. Row -1 is an unknown series; its readings are all
        too old.
        """
        known_rows = np.flatnonzero(rows >= 0)
        if len(known_rows) < len(rows):
            rows, value = rows[known_rows], value[known_rows]
            time_ms, sent_ms = time_ms[known_rows], sent_ms[known_rows]
        self._grow(int(rows.max(initial=-1)) + 1)
        self._heard[rows] = self._new[rows] = True
        order = np.argsort(time_ms, kind="stable")
        order = order[time_ms[order] >= self._time_ms[rows[order]]]
        rows = rows[order]
        self._value[rows] = value[order]
        self._time_ms[rows] = time_ms[order]
        self._sent_ms[rows] = sent_ms[order] // STAMP_MS * STAMP_MS

    def needs_weather(self, tick_ms: int) -> bool:
        """Return True if the stations are due to be looked at again at this tick."""
        return tick_ms // WEATHER_EVERY_MS != self._weather.tick_ms // WEATHER_EVERY_MS

    def conditions(
        self,
        tick_ms: int,
        names: Sequence[str],
        grid: Grid,
        feed: str,
        weather: WeatherAtTick | None = None,
    ) -> list[Condition]:
        """Judge the readings since the last tick; return the conditions. `feed` is their source."""
        declared = self._facts.current(names, grid)
        if weather is not None and self.needs_weather(tick_ms):
            self._read_weather(tick_ms, names, grid, weather)
        readings, result = self.look(tick_ms, declared)
        self._weather_causes = WeatherConditionBuilder(result, readings)
        return ConditionBuilder(result, readings, declared, names, feed).conditions()

    def health(self, running: Running, feed: str) -> list[Condition]:
        """Judge how well forecasts did in the last days, by group and for the whole feed."""
        return list(health(running, self._declared, feed, self.blame_of))

    def blame_of(self, rows: Rows) -> WeatherCause | None:
        """Return the weather as the cause of these rows' forecast errors, if it is."""
        return None if self._weather_causes is None else self._weather_causes.of_errors(rows)

    def look(self, tick_ms: int, declared: DeclaredSeries) -> tuple[TickReadings, DetectionResult]:
        """Judge the readings since the last tick."""
        is_new = declared is not self._declared
        self._log.tick(LoggedTick(tick_ms, self._newly_heard(), declared if is_new else None))
        self._declare(declared)
        return self._look(tick_ms)

    def expect(self, forecasts: ForecastColumns) -> None:
        """Take forecasts that begin with their tick; those of a tick within a slot are ignored."""
        if forecasts.first_ms == forecasts.tick_ms:
            self._expected.take(forecasts)
            self._log.expect(forecasts.tick_ms, self._expected.columns())

    def keep(self, stay: Rows) -> None:
        """Keep only the series of the rows `stay`, in that order."""
        self._grow(int(stay.max(initial=-1)) + 1)
        self.detection.keep(stay)
        self._expected.keep(stay)
        self._heard, self._new, self._value = self._heard[stay], self._new[stay], self._value[stay]
        self._time_ms, self._sent_ms = self._time_ms[stay], self._sent_ms[stay]
        of = self._weather.of_rows(int(stay.max(initial=-1)) + 1)[stay]
        self._weather = replace(self._weather, of=of)
        self._log.begin_anew()

    def changes(self) -> dict[str, bytes | None]:
        """Return the records that changed since the last call; None for a deleted record."""
        snapshot = WatchSnapshot(
            self.detection.parts(),
            self._declared,
            self._expected.columns(),
            self._time_ms,
            self._weather,
            self._logged(self._heard),
        )
        return self._log.changes(snapshot, self._newly_heard())

    def _load(self, records: Mapping[str, bytes]) -> None:
        """Restore the snapshot and replay the entries after it."""
        stored = read_watch(records)
        self._log = stored.log
        if stored.snapshot is None:
            return
        self.detection.load(stored.snapshot.parts)
        self._declared, self._weather = stored.snapshot.declared, stored.snapshot.weather
        self._expected.load(stored.snapshot.expected)
        self._grow(len(stored.snapshot.time_ms))
        self._time_ms[:] = stored.snapshot.time_ms
        for entry in stored.since:
            if isinstance(entry, LoggedReadings):
                self._replay(entry)
            elif isinstance(entry, LoggedTick):
                self._replay(entry.readings)
                self._declare(entry.declared or self._declared)
                self._look(entry.tick_ms)
            elif isinstance(entry, StationObservations):
                self._take_weather(entry)
            else:
                self._expected.load(entry)

    def _replay(self, logged: LoggedReadings) -> None:
        rows = logged.rows
        self._grow(int(rows.max(initial=-1)) + 1)
        self._heard[rows] = True
        self._value[rows] = logged.value
        self._time_ms[rows], self._sent_ms[rows] = logged.time_ms, logged.sent_ms

    def _newly_heard(self) -> LoggedReadings:
        """Return the readings since the last log entry."""
        logged, self._new = self._logged(self._new), np.zeros_like(self._new)
        return logged

    def _logged(self, which: Flags) -> LoggedReadings:
        rows = np.flatnonzero(which)
        return LoggedReadings(rows, self._value[rows], self._time_ms[rows], self._sent_ms[rows])

    def _declare(self, declared: DeclaredSeries) -> None:
        """Take new declarations; the state of a group follows its name."""
        if declared.parents != self._declared.parents:
            place = {name: place for place, name in enumerate(self._declared.parents)}
            was = [place.get(name, -1) for name in declared.parents]
            self.detection.reorder_groups(np.array(was, np.intp))
        self._declared = declared

    def _read_weather(
        self, tick_ms: int, names: Sequence[str], grid: Grid, weather: WeatherAtTick
    ) -> None:
        """Read the weather that is available by now."""
        if self._stations is None or self._grid is not grid:
            self._stations, self._grid = NearestStations(grid), grid
        view = weather.as_of(tick_ms, 0)
        observed = StationObservations(
            tick_ms,
            view.stations,
            view.observed_ms,
            view.observed[:, TEMPERATURE],
            view.foretold[:, TEMPERATURE],
            self._stations.of(names, view).astype(np.intp),
        )
        is_moved = not np.array_equal(observed.of, self._weather.of)
        self._log.weather(observed, is_moved=is_moved)
        self._take_weather(observed)

    def _take_weather(self, observed: StationObservations) -> None:
        """Take the stations' observations; the state of a station follows its name."""
        if observed.stations != self._weather.stations:
            place = {name: place for place, name in enumerate(self._weather.stations)}
            was = [place.get(name, -1) for name in observed.stations]
            self.detection.stations.reorder(np.array(was, np.intp))
        self._weather, self._weather_is_new = observed, True

    def _look(self, tick_ms: int) -> tuple[TickReadings, DetectionResult]:
        self._grow(len(self._declared.group))
        value, time_ms = self._value, self._time_ms
        expected = self._expected.at(tick_ms, np.where(np.isnan(value), tick_ms - 1, time_ms))
        heard, sent_ms, levels = self._heard, self._sent_ms, self._expected.levels
        readings = TickReadings(tick_ms, heard, value, time_ms, sent_ms, expected, levels)
        self._heard, self._value = np.zeros_like(heard), np.full_like(value, np.nan)
        # Limited, so that a clock that was ahead is heard again as soon as it is right.
        self._time_ms = np.minimum(time_ms, tick_ms)
        is_new, self._weather_is_new = self._weather_is_new, False
        return readings, self.detection.update(
            readings, self._declared, self._weather, is_new=is_new
        )

    def _grow(self, rows: int) -> None:
        more = rows - len(self._value)
        if more <= 0:
            return
        self._heard = np.append(self._heard, np.zeros(more, np.bool_))
        self._new = np.append(self._new, np.zeros(more, np.bool_))
        self._value = np.append(self._value, np.full(more, np.nan, np.float32))
        self._time_ms = np.append(self._time_ms, np.full(more, NEVER))
        self._sent_ms = np.append(self._sent_ms, np.full(more, NEVER))
