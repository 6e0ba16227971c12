"""The weather in a history file: by station, in the units of the wire, with its availability."""

import numpy as np
from numpy.typing import NDArray

from gridcast.learning.history.findings import Findings
from gridcast.learning.history.mapping import ONE_A_SERIES, Mapping, WeatherMapping
from gridcast.learning.history.report import FindingKind
from gridcast.learning.history.table import FileTable
from gridcast.learning.history.units import WEATHER_BOUNDS, WEATHER_UNITS
from gridcast.models.history import StationHistory
from gridcast.schemas.weather import VARIABLES

# Instruments overshoot: a humidity of 100.4 %, a night's irradiance of -2 W/m². So far outside, in
# shares of the range, a value is set to the bound; further out it is wrong.
_OVERSHOOT = 0.01


def read_weather(
    table: FileTable,
    mapping: Mapping,
    time_ms: NDArray[np.int64],
    series_of_row: NDArray[np.int32],
    findings: Findings,
) -> dict[str, StationHistory]:
    """Read all stations. A row counts at its time; rows with time -1 are ignored."""
    stations: dict[str, StationHistory] = {}
    for station, weather in mapping.weather.items():
        values = _values(table, weather, findings)
        if ONE_A_SERIES not in station:
            stations[station] = _station(station, weather, time_ms, values, findings)
            continue
        for code, series in enumerate(findings.names.ids):
            mine = np.flatnonzero(series_of_row == code)
            name = station.replace(ONE_A_SERIES, series)
            stations[name] = _station(name, weather, time_ms[mine], values[mine], findings)
    return stations


def _values(table: FileTable, weather: WeatherMapping, findings: Findings) -> NDArray[np.float64]:
    """Return one column per variable, [rows, variables], NaN if missing or impossible."""
    result = np.full((table.data.num_rows, len(VARIABLES)), np.nan)
    for variable, column in weather.columns.items():
        factor, offset = WEATHER_UNITS[variable][column.unit]
        given, missing = table.numbers(column.column)
        value = given * factor + offset
        least, most = WEATHER_BOUNDS[variable]
        slack = _OVERSHOOT * (most - least)
        impossible = ~missing & ~((value >= least - slack) & (value <= most + slack))
        if impossible.any():
            row = int(np.argmax(impossible))
            findings.add(
                FindingKind.WEATHER_OUT_OF_RANGE,
                int(impossible.sum()),
                f"{table.place(column.column, row)}: {given[row]:g} {column.unit} is not a possible"
                f" {variable}",
            )
        result[:, VARIABLES.index(variable)] = np.where(
            impossible, np.nan, np.clip(value, least, most)
        )
    return result


def _station(
    station: str,
    weather: WeatherMapping,
    time_ms: NDArray[np.int64],
    values: NDArray[np.float64],
    findings: Findings,
) -> StationHistory:
    usable = np.flatnonzero((time_ms >= 0) & ~np.isnan(values).all(axis=1))
    usable = usable[np.argsort(time_ms[usable], kind="stable")]
    times = time_ms[usable]
    starts = np.flatnonzero(np.append(True, np.diff(times) != 0)) if len(times) else usable
    # A station's weather often stands beside each of several series: the same, or a conflict.
    least = np.fmin.reduceat(values[usable], starts) if len(times) else values[usable]
    most = np.fmax.reduceat(values[usable], starts) if len(times) else values[usable]
    differs = (least != most) & ~np.isnan(least)
    if differs.any():
        moment, which = (int(axis[0]) for axis in np.nonzero(differs))
        column = weather.columns[VARIABLES[which]].column
        row = int(usable[starts[moment]])
        findings.add(
            FindingKind.WEATHER_CONFLICT,
            int(differs.any(axis=1).sum()),
            f"{findings.table.place(column, row)}, station {station}: from {least[moment, which]:g}"
            f" to {most[moment, which]:g} ({VARIABLES[which]}) at one time",
        )
    delay = round(weather.available_after_minutes * 60_000)
    return StationHistory(times[starts], times[starts] + delay, (least + most) / 2)
