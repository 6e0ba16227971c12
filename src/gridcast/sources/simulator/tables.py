"""The simulation's arrays as Arrow tables: the columns of the files."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from gridcast.models.simulator import KINDS, Arrivals, Labels, SimulatedGrid, Truth
from gridcast.models.simulator.customers import NAMES
from gridcast.models.simulator.meteorology import StationMeasurements, WeatherRun
from gridcast.models.simulator.types import Floats, Ints
from gridcast.schemas.weather import VARIABLES

_TIME = pa.timestamp("ms", tz="UTC")


class Tables:
    """A builder of the tables of one grid."""

    def __init__(self, grid: SimulatedGrid) -> None:
        self._grid = grid
        self._ids = pa.array(grid.ids, pa.string())
        self._kinds = pa.array([kind.value for kind in KINDS], pa.string())
        self._stations = [zone.station for zone in grid.zones]

    def readings(self, arrivals: Arrivals) -> pa.Table:
        """Return readings by arrival."""
        return pa.table(
            {
                "series": pa.DictionaryArray.from_arrays(arrivals.series, self._ids),
                "time": pa.array(arrivals.time_ms).cast(_TIME),
                "arrival": pa.array(arrivals.arrival_ms).cast(_TIME),
                "value": pa.array(arrivals.value),
                "quality": pa.array(arrivals.quality),
                "revision": pa.array(arrivals.revision),
            }
        )

    def labels(self, labels: Labels) -> pa.Table:
        """Return the labels of faults. A kind without a magnitude has null."""
        kinds = pa.array(labels.kind.astype(np.int32))
        return pa.table(
            {
                "kind": pa.DictionaryArray.from_arrays(kinds, self._kinds),
                "series": pa.DictionaryArray.from_arrays(labels.series, self._ids),
                "from": pa.array(labels.from_ms).cast(_TIME),
                "to": pa.array(labels.to_ms).cast(_TIME),
                "magnitude": pa.array(labels.magnitude, mask=np.isnan(labels.magnitude)),
            }
        )

    def truth(self, truth: Truth) -> pa.Table:
        """Return the true load, step by step."""
        count = len(self._ids)
        series = np.tile(np.arange(count, dtype=np.int32), len(truth.time_ms))
        return pa.table(
            {
                "series": pa.DictionaryArray.from_arrays(series, self._ids),
                "time": pa.array(np.repeat(truth.time_ms, count)).cast(_TIME),
                "value": pa.array(np.round(truth.value.T.ravel(), 4)),
            }
        )

    def observations(self, observed: Sequence[StationMeasurements]) -> pa.Table:
        """Return measured weather, station by station."""
        lengths = [len(measured.time_ms) for measured in observed]
        station = np.repeat([measured.station for measured in observed], lengths)
        return pa.table(
            {
                "station": self._station(station),
                "time": _times([measured.time_ms for measured in observed]),
                "available_at": _times([measured.available_ms for measured in observed]),
                **_variables([measured.values for measured in observed]),
            }
        )

    def weather_forecasts(self, runs: Sequence[WeatherRun]) -> pa.Table:
        """Return forecast weather: one row for each run and instant that it forecasts."""
        hours = [len(run.valid_ms) for run in runs]
        issued = np.repeat(np.array([run.issued_ms for run in runs], np.int64), hours)
        available = np.repeat(np.array([run.available_ms for run in runs], np.int64), hours)
        return pa.table(
            {
                "station": self._station(np.repeat([run.station for run in runs], hours)),
                "issued_at": _times([issued]),
                "available_at": _times([available]),
                "valid_at": _times([run.valid_ms for run in runs]),
                **_variables([run.values for run in runs]),
            }
        )

    def series(self) -> pa.Table:
        """Return the declaration of each series, and attributes that only the simulator has."""
        rows = [series.model_dump(mode="json", exclude={"version"}) for series in self._grid.series]
        table = pa.Table.from_pylist(rows)
        customer, charger = [], []
        for zone in self._grid.zones:
            sums: list[None] = [None] * (1 + zone.feeders)
            customer += [*sums, *(NAMES[kind] for kind in zone.meters.customer)]
            charger += [*sums, *zone.meters.charger_kw.tolist()]
        solar = np.concatenate([zone.solar_kw for zone in self._grid.zones])
        table = table.append_column("customer", pa.array(customer, pa.string()))
        table = table.append_column("solar_kw", pa.array(solar))
        return table.append_column("charger_kw", pa.array(charger, pa.float64()))

    def _station(self, numbers: Ints) -> pa.Array:
        return pa.DictionaryArray.from_arrays(
            pa.array(numbers.astype(np.int32)), pa.array(self._stations, pa.string())
        )


def _times(parts: Sequence[Ints]) -> pa.Array:
    joined = np.concatenate([np.empty(0, np.int64), *parts])
    return pa.array(joined).cast(_TIME)


def _variables(parts: Sequence[Floats]) -> dict[str, pa.Array]:
    joined = np.concatenate([np.empty((len(VARIABLES), 0)), *parts], axis=1)
    return {
        name: pa.array(row, mask=np.isnan(row)) for name, row in zip(VARIABLES, joined, strict=True)
    }
