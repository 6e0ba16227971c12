"""Reading a folder that `gridcast simulate --out` wrote, faulty readings included."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyarrow import csv

from gridcast.models.simulator import Arrivals
from gridcast.schemas import GridSeries, WeatherForecast, WeatherObservation
from gridcast.schemas.weather import VARIABLES
from gridcast.stream.errors import UserError
from gridcast.stream.recording.recording import Recording, WeatherMessage, in_order

_RUN = ("station", "issued_at", "available_at")


def read_folder(folder: Path) -> Recording:
    """Return the recording of a folder: readings, series and weather."""
    series = tuple(_series(_table(folder, "series")))
    weather: list[WeatherMessage] = [*_observations(_table(folder, "weather_observations"))]
    weather += _runs(_table(folder, "weather_forecasts"))
    names = [declared.series for declared in series]
    arrivals = _arrivals(_table(folder, "readings"), names)
    return Recording(folder.name, series, arrivals, in_order(weather))


def _table(folder: Path, name: str) -> pa.Table:
    for suffix, read in ((".parquet", pq.read_table), (".csv", _read_csv)):
        path = folder / f"{name}{suffix}"
        if path.is_file():
            try:
                return read(path)
            except (pa.ArrowException, OSError) as error:
                raise UserError(f"{path} cannot be read: {error}") from None
    raise UserError(
        f"{folder} has no {name}.parquet or .csv; `gridcast simulate --out` writes them"
    )


def _read_csv(path: Path) -> pa.Table:
    nothing = csv.ConvertOptions(strings_can_be_null=True)  # an empty field is null
    return csv.read_csv(path, convert_options=nothing)


def _series(table: pa.Table) -> Iterator[GridSeries]:
    for row in table.to_pylist():
        fields = {name: row[name] for name in GridSeries.model_fields if row.get(name) is not None}
        yield GridSeries.model_validate(fields)


def _arrivals(table: pa.Table, names: list[str]) -> Arrivals:
    place = pc.index_in(table["series"].cast(pa.string()), pa.array(names, pa.string()))
    if place.null_count:
        raise UserError("the folder has readings of a series that its series file does not name")
    arrivals = Arrivals(
        series=place.to_numpy().astype(np.int32),
        time_ms=_ms(table["time"]),
        arrival_ms=_ms(table["arrival"]),
        value=table["value"].to_numpy().astype(np.float64),
        quality=table["quality"].to_numpy().astype(np.uint8),
        revision=table["revision"].to_numpy().astype(np.int32),
    )
    return arrivals.take(np.argsort(arrivals.arrival_ms, kind="stable"))


def _ms(column: pa.ChunkedArray) -> np.ndarray[Any, np.dtype[np.int64]]:
    stamps = column.cast(pa.timestamp("ms", tz="UTC")).cast(pa.int64())
    return np.asarray(stamps.to_numpy(), np.int64)


def _observations(table: pa.Table) -> Iterator[WeatherObservation]:
    for row in table.to_pylist():
        yield WeatherObservation.model_validate(row)


def _runs(table: pa.Table) -> Iterator[WeatherForecast]:
    """Yield a forecast for each run of the table, whose rows are consecutive."""
    rows = table.to_pylist()
    first = 0
    for place in range(1, len(rows) + 1):
        if place < len(rows) and all(rows[place][name] == rows[first][name] for name in _RUN):
            continue
        run = rows[first:place]
        values = {name: [row[name] for row in run] for name in VARIABLES}
        given = {name: row for name, row in values.items() if any(v is not None for v in row)}
        about = {name: run[0][name] for name in _RUN}
        yield WeatherForecast.model_validate(
            about | given | {"valid_at": [row["valid_at"] for row in run]}
        )
        first = place
