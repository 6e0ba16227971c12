"""The simulation's arrays as messages of the wire."""

from collections.abc import Iterator

import numpy as np

from gridcast.models.simulator import Arrivals, SimulatedGrid
from gridcast.models.simulator.grid import Zone
from gridcast.models.simulator.meteorology import StationMeasurements, WeatherRun
from gridcast.schemas.quality import Quality
from gridcast.schemas.reading import ReadingFrame
from gridcast.schemas.series import SeriesKind
from gridcast.schemas.weather import VARIABLES, WeatherForecast, WeatherObservation
from gridcast.stream.recording.reading_writer import Keyed
from gridcast.units import DAY_MS, utc_time


class FrameWriter:
    """A writer of reading frames: a feeder and its meters together, a zone alone.

    Readings that arrive at a feeder's concentrator within `GRAIN_MS` are sent together at its end.
    """

    GRAIN_MS = 30_000

    def __init__(self, grid: SimulatedGrid) -> None:
        self._ids = np.array(grid.ids)
        number = {name: place for place, name in enumerate(grid.ids)}
        self._frame_of = np.array(
            [
                number[series.parent]
                if series.kind is SeriesKind.METER and series.parent
                else place
                for place, series in enumerate(grid.series)
            ]
        )

    def write(self, arrivals: Arrivals) -> Iterator[Keyed]:
        """Yield key and bytes of each frame, by the arrival of its first reading."""
        frame = self._frame_of[arrivals.series]
        window = arrivals.arrival_ms // self.GRAIN_MS
        # offsets within a frame are of less than a day
        keys = np.stack([window, frame, arrivals.time_ms // DAY_MS])
        _, first, group = np.unique(keys, axis=1, return_index=True, return_inverse=True)
        order = np.argsort(group, kind="stable")
        ends = np.cumsum(np.bincount(group))
        starts = np.concatenate([[0], ends[:-1]])
        for number in np.argsort(first, kind="stable"):
            rows = arrivals.take(order[starts[number] : ends[number]])
            name = str(self._ids[frame[first[number]]])
            yield name.encode(), self._frame(name, rows).to_bytes()

    def _frame(self, name: str, rows: Arrivals) -> ReadingFrame:
        time_ms = int(rows.time_ms.min())
        offset_ms = rows.time_ms - time_ms
        return ReadingFrame(
            frame=name,
            time=utc_time(time_ms),
            series=self._ids[rows.series].tolist(),
            value=rows.value.tolist(),
            quality=[Quality(q) for q in rows.quality.tolist()] if rows.quality.any() else [],
            revision=rows.revision.tolist() if rows.revision.any() else [],
            offset_ms=offset_ms.tolist() if offset_ms.any() else [],
        )


def write_observations(zone: Zone, observed: StationMeasurements) -> Iterator[tuple[int, bytes]]:
    """Yield the availability and the bytes of each observation of a zone's station."""
    for time_ms, available_ms, values in zip(
        observed.time_ms.tolist(), observed.available_ms.tolist(), observed.values.T, strict=True
    ):
        message = WeatherObservation(
            station=zone.station,
            time=utc_time(time_ms),
            available_at=utc_time(available_ms),
            **_named(values.tolist()),
            **_place(zone),
        )
        yield available_ms, message.to_bytes()


def write_weather_run(zone: Zone, run: WeatherRun) -> bytes:
    """Return the bytes of one run of a weather forecast for a zone's station."""
    values = {name: row.tolist() for name, row in zip(VARIABLES, run.values, strict=True)}
    return WeatherForecast(
        station=zone.station,
        issued_at=utc_time(run.issued_ms),
        available_at=utc_time(run.available_ms),
        valid_at=[utc_time(valid_ms) for valid_ms in run.valid_ms.tolist()],
        **values,
        **_place(zone),
    ).to_bytes()


def _place(zone: Zone) -> dict[str, float]:
    return {"latitude": round(zone.latitude, 4), "longitude": round(zone.longitude, 4)}


def _named(values: list[float]) -> dict[str, float | None]:
    return {
        name: None if np.isnan(value) else value
        for name, value in zip(VARIABLES, values, strict=True)
    }
