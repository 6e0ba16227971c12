"""A folder of files: readings, labels, weather, series."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Protocol

import pyarrow as pa

from gridcast.models.simulator import Simulation, SimulationChunk
from gridcast.sources.simulator import csv, parquet
from gridcast.sources.simulator.sink import Tell
from gridcast.sources.simulator.tables import Tables
from gridcast.stream.errors import UserError

Format = Literal["parquet", "csv"]
ABOUT = "simulation.json"


class _File(Protocol):
    def write(self, table: pa.Table) -> None: ...

    def close(self) -> None: ...


class Folder:
    """A sink that writes readings, labels, weather, series and optionally the true load to files.

    `about` is stored beside them, so that the same run can be repeated.
    """

    def __init__(
        self,
        simulation: Simulation,
        path: Path,
        form: Format,
        *,
        truth: bool,
        about: Mapping[str, Any],
    ) -> None:
        self._simulation = simulation
        self._path = path
        self._form = form
        self._truth = truth
        self._tables = Tables(simulation.grid)
        self._files: dict[str, _File] = {}
        self._about = dict(about)
        self._counts: dict[str, int] = {}
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            raise UserError(f"{path} is there already and is not an empty folder")
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"cannot make the folder {path}: {error.strerror}") from None
        self._put("series", self._tables.series())

    def write(self, chunk: SimulationChunk, tell: Tell) -> None:
        """Write a chunk and everything of its span of true time."""
        simulation, tables = self._simulation, self._tables
        span = (chunk.from_ms, chunk.until_ms)
        self._put("readings", tables.readings(chunk.arrivals))
        self._put("labels", tables.labels(chunk.labels))
        tell(len(chunk.arrivals), chunk.until_ms)
        if span[0] == span[1]:  # only late arrivals: their span has been written
            return
        self._put("weather_observations", tables.observations(simulation.observations(*span)))
        self._put(
            "weather_forecasts", tables.weather_forecasts(simulation.weather_forecasts(*span))
        )
        if self._truth:
            self._put("truth", tables.truth(simulation.truth(*span)))

    def close(self) -> str:
        """Close all files."""
        for file in self._files.values():
            file.close()
        about = self._about | {"rows": self._counts}
        (self._path / ABOUT).write_text(json.dumps(about, indent=2) + "\n", "utf-8")
        rows = ", ".join(f"{name} {count:,}" for name, count in self._counts.items())
        return f"{self._path}: {rows}"

    def _put(self, name: str, table: pa.Table) -> None:
        if name not in self._files:
            path = self._path / f"{name}.{self._form}"
            is_csv = self._form == "csv"
            self._files[name] = (csv.CsvFile if is_csv else parquet.ParquetFile)(path, table.schema)
        self._files[name].write(table)
        self._counts[name] = self._counts.get(name, 0) + len(table)
