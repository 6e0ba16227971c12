"""Watches the readings of a partition: what comes between two ticks is judged at the second."""

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
"""Stamps are taken to a tenth of a second: clocks that are off are off by more."""
WEATHER_EVERY_MS = 5 * 60_000
"""Stations say something new every ten minutes or so."""
TEMPERATURE = VARIABLES.index("temperature_c")


class ReadingWatch:
    """What is needed to judge readings at a tick.

    A reading is judged by the newest forecast that was made before its slot began: one that had
    seen a part of it would say more of the slot's mean and less of a reading.

    Parameters
    ----------
    records
        The table's records to start from; none: nothing was seen yet.
    steps
        So many steps ahead a forecast stands for readings that come before the next.
    """

    def __init__(self, records: Mapping[str, bytes] | None = None, *, steps: int = 1) -> None:
        self.detection = PartitionDetectors()
        self._facts = GridFacts()
        self._declared = NOTHING_DECLARED
        self._stations: NearestStations | None = None
        self._grid: Grid | None = None
        self._weather, self._weather_is_new = NO_STATIONS, False
        self._teller: WeatherConditionBuilder | None = None
        self._expected = ExpectedReadings(steps)
        self._heard = np.zeros(0, np.bool_)
        """Since the newest look …"""
        self._new = np.zeros(0, np.bool_)
        """… and since the newest note in the diary."""
        self._value = np.zeros(0, np.float32)
        self._time_ms = np.zeros(0, np.int64)
        self._sent_ms = np.zeros(0, np.int64)
        self._log = WatchLog()
        if records is not None:
            self._load(records)

    @property
    def known(self) -> DeclaredSeries:
        """What is declared of the series, as at the newest look."""
        return self._declared

    def take(
        self, rows: Rows, value: npt.NDArray[np.floating], time_ms: Times, sent_ms: Times
    ) -> None:
        """Take readings; of each series the newest counts. One that is older tells nothing new.

        A value that is not a number is one that was sent, and is of no use. Row -1 is a series
        that is not known: all that it sent is too old.
        """
        known = np.flatnonzero(rows >= 0)
        if len(known) < len(rows):
            rows, value = rows[known], value[known]
            time_ms, sent_ms = time_ms[known], sent_ms[known]
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
        """Judge what came since the last tick, and put it into words; `feed` names where from."""
        known = self._facts.current(names, grid)
        if weather is not None and self.needs_weather(tick_ms):
            self._look_at_weather(tick_ms, names, grid, weather)
        look, seen = self.look(tick_ms, known)
        self._teller = WeatherConditionBuilder(seen, look)
        return ConditionBuilder(seen, look, known, names, feed).conditions()

    def health(self, running: Running, feed: str) -> list[Condition]:
        """Judge how well forecasts did in the last days, by group and for the whole feed."""
        return list(health(running, self._declared, feed, self.blame_of))

    def blame_of(self, rows: Rows) -> WeatherCause | None:
        """Tell whether the weather of series is why their forecasts err, as at the newest look."""
        return None if self._teller is None else self._teller.of_errors(rows)

    def look(self, tick_ms: int, declared: DeclaredSeries) -> tuple[TickReadings, DetectionResult]:
        """Judge what came since the last tick."""
        is_new = declared is not self._declared
        self._log.tick(LoggedTick(tick_ms, self._noted(), declared if is_new else None))
        self._know(declared)
        return self._look(tick_ms)

    def expect(self, forecasts: ForecastColumns) -> None:
        """Take forecasts that begin with their tick: those of ticks within a slot are left out."""
        if forecasts.first_ms == forecasts.tick_ms:
            self._expected.take(forecasts)
            self._log.expect(forecasts.tick_ms, self._expected.columns())

    def keep(self, stay: Rows) -> None:
        """Forget all series but some, which move together."""
        self._grow(int(stay.max(initial=-1)) + 1)
        self.detection.keep(stay)
        self._expected.keep(stay)
        self._heard, self._new, self._value = self._heard[stay], self._new[stay], self._value[stay]
        self._time_ms, self._sent_ms = self._time_ms[stay], self._sent_ms[stay]
        of = self._weather.of_rows(int(stay.max(initial=-1)) + 1)[stay]
        self._weather = replace(self._weather, of=of)
        self._log.begin_anew()

    def changes(self) -> dict[str, bytes | None]:
        """Give the records that are not as they were last given; None for one that is gone."""
        whole = WatchSnapshot(
            self.detection.parts(),
            self._declared,
            self._expected.columns(),
            self._time_ms,
            self._weather,
            self._shown(self._heard),
        )
        return self._log.changes(whole, self._noted())

    def _load(self, records: Mapping[str, bytes]) -> None:
        """Take up what was recorded whole, and look again at all that was shown since."""
        found = read_watch(records)
        self._log = found.log
        if found.whole is None:
            return
        self.detection.load(found.whole.parts)
        self._declared, self._weather = found.whole.declared, found.whole.weather
        self._expected.load(found.whole.expected)
        self._grow(len(found.whole.time_ms))
        self._time_ms[:] = found.whole.time_ms
        for told in found.since:
            if isinstance(told, LoggedReadings):
                self._show(told)
            elif isinstance(told, LoggedTick):
                self._show(told.shown)
                self._know(told.declared or self._declared)
                self._look(told.tick_ms)
            elif isinstance(told, StationObservations):
                self._hear(told)
            else:
                self._expected.load(told)

    def _show(self, shown: LoggedReadings) -> None:
        rows = shown.rows
        self._grow(int(rows.max(initial=-1)) + 1)
        self._heard[rows] = True
        self._value[rows] = shown.value
        self._time_ms[rows], self._sent_ms[rows] = shown.time_ms, shown.sent_ms

    def _noted(self) -> LoggedReadings:
        """Give what came since this was last asked."""
        shown, self._new = self._shown(self._new), np.zeros_like(self._new)
        return shown

    def _shown(self, which: Flags) -> LoggedReadings:
        rows = np.flatnonzero(which)
        return LoggedReadings(rows, self._value[rows], self._time_ms[rows], self._sent_ms[rows])

    def _know(self, declared: DeclaredSeries) -> None:
        """Take what is declared by now; what was learned of a group stays with its name."""
        if declared.parents != self._declared.parents:
            place = {name: place for place, name in enumerate(self._declared.parents)}
            was = [place.get(name, -1) for name in declared.parents]
            self.detection.reorder_groups(np.array(was, np.intp))
        self._declared = declared

    def _look_at_weather(
        self, tick_ms: int, names: Sequence[str], grid: Grid, weather: WeatherAtTick
    ) -> None:
        """Look at what was known of the weather by now."""
        if self._stations is None or self._grid is not grid:
            self._stations, self._grid = NearestStations(grid), grid
        known = weather.as_of(tick_ms, 0)
        found = StationObservations(
            tick_ms,
            known.stations,
            known.observed_ms,
            known.observed[:, TEMPERATURE],
            known.foretold[:, TEMPERATURE],
            self._stations.of(names, known).astype(np.intp),
        )
        is_moved = not np.array_equal(found.of, self._weather.of)
        self._log.weather(found, is_moved=is_moved)
        self._hear(found)

    def _hear(self, observed: StationObservations) -> None:
        """Take what the stations said; what was learned of one stays with its name."""
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
        look = TickReadings(tick_ms, heard, value, time_ms, sent_ms, expected, levels)
        self._heard, self._value = np.zeros_like(heard), np.full_like(value, np.nan)
        # A clock that was ahead is believed again when it is not.
        self._time_ms = np.minimum(time_ms, tick_ms)
        is_new, self._weather_is_new = self._weather_is_new, False
        return look, self.detection.update(look, self._declared, self._weather, is_new=is_new)

    def _grow(self, rows: int) -> None:
        more = rows - len(self._value)
        if more <= 0:
            return
        self._heard = np.append(self._heard, np.zeros(more, np.bool_))
        self._new = np.append(self._new, np.zeros(more, np.bool_))
        self._value = np.append(self._value, np.full(more, np.nan, np.float32))
        self._time_ms = np.append(self._time_ms, np.full(more, NEVER))
        self._sent_ms = np.append(self._sent_ms, np.full(more, NEVER))
