"""Weather faults as causes of load conditions, and as conditions of the stations themselves.

A station's condition is raised once, by partition 0, whichever series use the station.
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
"""Share of siblings on one side from which the weather is their cause; normally it is a sixth."""
LONG_MS = 24 * HOUR_MS
"""Shortest weather fault that can be the cause of drift."""
LONGEST = 500
"""Maximum length of an alarm's text; two long names may exceed it."""
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
"""Faults that are conditions of the station: a wrong forecast is not the station's fault."""


@dataclass(frozen=True, slots=True)
class WeatherCause:
    """The weather as the cause of a condition."""

    cause: str
    text: str
    evidence: dict[str, float]

    def of(self, condition: Condition) -> Condition:
        """Return the condition with the weather as its cause."""
        return replace(
            condition,
            cause=self.cause,
            text=f"{condition.text}; {self.text}"[:LONGEST],
            evidence=condition.evidence | self.evidence,
        )


@dataclass(frozen=True, slots=True)
class WeatherConditionBuilder:
    """Builds the conditions and causes that are due to the weather stations at one tick."""

    result: DetectionResult
    readings: TickReadings

    def of_series(self, row: int, *, high: bool) -> WeatherCause | None:
        """Return the weather as the cause of an unusual reading, if it is."""
        score = float(np.abs(self.result.score[row]))
        if score > CLIP and not self.result.moved[row]:
            return None  # too far off to be explained by the weather that its siblings share
        return self._of_siblings(row, high=high)

    def of_group(self, rows: Rows, *, high: bool) -> WeatherCause | None:
        """Return the weather as the cause of a moved group, by the station that most of it uses."""
        station = self.result.stations.of[rows]
        first = int(np.argmax(station == self._most_have(rows)))
        return self._of_siblings(int(rows[first]), high=high)

    def of_errors(self, rows: Rows) -> WeatherCause | None:
        """Return the weather as the cause of lasting errors, by the station that most rows use."""
        return self._blame(self._most_have(rows), long=True)

    def conditions(self) -> Iterator[Condition]:
        """Yield the conditions of the stations themselves."""
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
            round(float(degrees[station]), 1) for degrees in (stations.measured, stations.foretold)
        )
        evidence, against = {"weather_hours": hours}, ""
        if not np.isnan(measured):
            evidence |= {"weather_measured_c": measured, "weather_expected_c": foretold}
            against = f" {measured} °C where {foretold} were forecast"
        text = {
            StationFault.OFF: f"{name} measures{against}, and has been as far off for {hours} h",
            StationFault.DRIFTED: f"{name} has moved against its forecasts: it measures{against}",
            StationFault.STUCK: f"{name} has said {stations.last[station]:.1f} °C for {hours} h",
            StationFault.SILENT: f"{name} has said nothing for {hours} h",
        }
        return WeatherCause(CAUSES[ill], f"weather station {text[ill]}", evidence)
