"""What weather stations showed, in words: as a cause of what loads do, and as alarms of their own.

A station is told of once, by the partition that has number 0, whichever series have its weather.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from gridcast.models.alarms import Condition
from gridcast.models.detection.detector_state import Rows
from gridcast.models.detection.detectors import DetectionResult
from gridcast.models.detection.groups import CLIP, FEWEST
from gridcast.models.detection.observations import TickReadings
from gridcast.models.detection.stations import StationFault
from gridcast.models.weather import NOT_KNOWN
from gridcast.schemas import AlarmKind
from gridcast.schemas.fields import ID_LENGTH
from gridcast.schemas.topics import WEATHER_OBSERVATIONS
from gridcast.units import HOUR_MS

ALIKE = 0.5
"""Of siblings: when all is well, a sixth of them lie so far to one side."""
LONG_MS = 24 * HOUR_MS
"""Errors of forecasts that have moved are not for weather that was wrong for less."""
LONGEST = 500
"""Characters of an alarm's text: two long names may be more."""
WEATHER = "the weather came otherwise than it was forecast"
DRIFTED = "the readings of the weather station, or the forecasts for it, have moved"
STUCK = "the weather station is stuck"
SILENT = "the weather station, or the line to it, is silent"
CAUSES = {
    StationFault.OFF: WEATHER,
    StationFault.DRIFTED: DRIFTED,
    StationFault.STUCK: STUCK,
    StationFault.SILENT: SILENT,
}
KINDS = {
    StationFault.DRIFTED: AlarmKind.DATA_DRIFT,
    StationFault.STUCK: AlarmKind.FLATLINE,
    StationFault.SILENT: AlarmKind.GAP,
}
"""What is told of a station itself: that a forecast was wrong is none of its faults."""


@dataclass(frozen=True, slots=True)
class WeatherCause:
    """Why it is the weather."""

    cause: str
    text: str
    evidence: dict[str, float]

    def of(self, condition: Condition) -> Condition:
        """Give a condition that is for the weather."""
        return replace(
            condition,
            cause=self.cause,
            text=f"{condition.text}; {self.text}"[:LONGEST],
            evidence=condition.evidence | self.evidence,
        )


@dataclass(frozen=True, slots=True)
class WeatherConditionBuilder:
    """Tells what the weather stations of one look have to do with it."""

    result: DetectionResult
    readings: TickReadings

    def of_series(self, row: int, *, high: bool) -> WeatherCause | None:
        """Give why a reading may be far above what was expected, or below."""
        score = float(np.abs(self.result.score[row]))
        if score > CLIP and not self.result.moved[row]:
            return None  # so far off it is by itself: its siblings are not
        return self._of_siblings(row, high=high)

    def of_group(self, rows: Rows, *, high: bool) -> WeatherCause | None:
        """Give why a group may lie to one side: by the station that most of it has."""
        found = self.result.stations.of[rows]
        first = int(np.argmax(found == self._most_have(rows)))
        return self._of_siblings(int(rows[first]), high=high)

    def of_errors(self, rows: Rows) -> WeatherCause | None:
        """Give why forecasts may err, as they do for long: by the station that most have."""
        return self._blame(self._most_have(rows), long=True)

    def conditions(self) -> Iterator[Condition]:
        """Tell which stations are not well."""
        stations = self.result.stations
        for station in np.flatnonzero(stations.ill).tolist():
            kind = KINDS.get(StationFault(stations.ill[station]))
            series = f"{WEATHER_OBSERVATIONS.name}/{stations.names[station]}"[:ID_LENGTH]
            blame = self._blame(station)
            if kind is None or blame is None:
                continue
            has_it = stations.of == station
            expected = self.readings.quantiles[: len(has_it), len(self.readings.levels) // 2][
                has_it
            ]
            yield Condition(
                kind,
                series,
                severity=float(np.abs(np.nansum(expected))),
                cause=blame.cause,
                text=blame.text,
                evidence=blame.evidence | {"weather_series_count": float(np.count_nonzero(has_it))},
            )

    def _most_have(self, rows: Rows) -> int:
        return int(np.bincount(self.result.stations.of[rows] + 1).argmax()) + NOT_KNOWN

    def _of_siblings(self, row: int, *, high: bool) -> WeatherCause | None:
        siblings = self.result.siblings
        if siblings is None:
            return None
        number = int(siblings.number[row])
        share = float((siblings.high if high else siblings.low)[number])
        blame = self._blame(int(self.result.stations.of[row]))
        if blame is None or siblings.size[number] < FEWEST or share < ALIKE:
            return None
        evidence = {
            "weather_siblings_count": float(siblings.size[number]),
            "weather_siblings_share": round(share, 3),
        }
        return WeatherCause(blame.cause, blame.text, blame.evidence | evidence)

    def _blame(self, station: int, *, long: bool = False) -> WeatherCause | None:
        stations = self.result.stations
        if station == NOT_KNOWN or stations.ill[station] == StationFault.NOT:
            return None
        ill, name = StationFault(stations.ill[station]), stations.names[station]
        for_ms = self.readings.tick_ms - int(stations.since_ms[station])
        if long and ill is StationFault.OFF and for_ms < LONG_MS:
            return None
        hours = round(for_ms / HOUR_MS, 1)
        measured, foretold = (
            round(float(one[station]), 1) for one in (stations.measured, stations.foretold)
        )
        evidence, against = {"weather_hours": hours}, ""
        if not np.isnan(measured):
            evidence |= {"weather_measured_c": measured, "weather_expected_c": foretold}
            against = f" {measured} °C where {foretold} were forecast"
        text = {
            StationFault.OFF: f"{name} measures{against}, and has been as far off for {hours} h",
            StationFault.DRIFTED: f"{name} has moved against its forecasts: it measures{against}",
            StationFault.STUCK: f"{name} has said {stations.said[station]:.1f} °C for {hours} h",
            StationFault.SILENT: f"{name} has said nothing for {hours} h",
        }
        return WeatherCause(CAUSES[ill], f"weather station {text[ill]}", evidence)
