from datetime import UTC, datetime, timedelta

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from support.times import ms

from gridcast.models.simulator import FAULTS, Arrivals, Simulation, build_grid
from gridcast.schemas.quality import Quality
from gridcast.schemas.reading import Reading, ReadingFrame
from gridcast.schemas.weather import WeatherForecast, WeatherObservation
from gridcast.sources.simulator.messages import (
    FrameWriter,
    write_observations,
    write_weather_run,
)
from gridcast.stream.recording.reading_writer import ReadingWriter

GRID = build_grid(1, "KR", [[4, 3], [2]])
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
START = ms("2024-05-01T10:00")

rows = st.lists(
    st.tuples(
        st.integers(0, GRID.size - 1),
        st.integers(0, 7_000_000_000_000),
        st.integers(-(10**12), 10**12),  # whole watts
        st.sampled_from([int(code) for code in Quality]),
        st.integers(0, 5),
    ),
    min_size=1,
    max_size=20,
)


def arrivals(found: list[tuple[int, int, int, int, int]]) -> Arrivals:
    series, time_ms, watts, quality, revision = (
        np.array(column) for column in zip(*found, strict=True)
    )
    return Arrivals(
        series.astype(np.int32),
        time_ms,
        np.sort(time_ms),
        watts / 1000 + 0.0,
        quality.astype(np.uint8),
        revision.astype(np.int32),
    )


def as_models(batch: Arrivals) -> list[Reading]:
    return [
        Reading(
            series=GRID.ids[batch.series[row]],
            time=EPOCH + timedelta(milliseconds=int(batch.time_ms[row])),
            value=float(batch.value[row]),
            quality=Quality(int(batch.quality[row])),
            revision=int(batch.revision[row]),
        )
        for row in range(len(batch))
    ]


@given(rows)
def test_a_reading_is_written_in_its_canonical_bytes(
    found: list[tuple[int, int, int, int, int]],
) -> None:
    batch = arrivals(found)
    written = list(ReadingWriter(GRID.ids).write(batch))
    models = as_models(batch)
    assert written == [(one.key, one.to_bytes()) for one in models]


@given(rows)
def test_frames_hold_the_same_readings_whatever_they_are(
    found: list[tuple[int, int, int, int, int]],
) -> None:
    batch = arrivals(found)
    read = []
    for key, data in FrameWriter(GRID).write(batch):
        frame = ReadingFrame.from_bytes(data)
        assert key == frame.key
        assert frame.to_bytes() == data
        for row, series in enumerate(frame.series):
            read.append(
                Reading(
                    series=series,
                    time=frame.time + timedelta(milliseconds=(frame.offset_ms or [0] * 99)[row]),
                    value=frame.value[row],
                    quality=(frame.quality or [Quality.VALID] * 99)[row],
                    revision=(frame.revision or [0] * 99)[row],
                ).to_bytes()
            )
    assert sorted(read) == sorted(one.to_bytes() for one in as_models(batch))


def test_a_frame_is_a_feeder_and_its_meters_or_a_zone() -> None:
    parents = {one.series: one.parent for one in GRID.series}
    simulation = Simulation(GRID, 1, 60, FAULTS["none"])
    frames = [
        ReadingFrame.from_bytes(data)
        for _, data in FrameWriter(GRID).write(next(simulation.chunks(START)).arrivals)
    ]
    assert {frame.frame for frame in frames} == {"z01", "z01-f01", "z01-f02", "z02", "z02-f01"}
    for frame in frames:
        if parents[frame.frame] is None:
            assert frame.series == [frame.frame]
        else:
            family = {frame.frame} | {one for one, above in parents.items() if above == frame.frame}
            assert set(frame.series) == family
            assert not frame.offset_ms


def test_weather_is_written_as_its_models_have_it() -> None:
    simulation = Simulation(GRID, 1)
    observed = simulation.observations(START, START + 86_400_000)[0]
    messages = [data for _, data in write_observations(GRID.zones[0], observed)]
    read = [WeatherObservation.from_bytes(data) for data in messages]
    assert [one.to_bytes() for one in read] == messages
    assert len(read) == 144
    zone = GRID.zones[0]
    assert {(one.station, one.latitude, one.longitude) for one in read} == {
        (zone.station, zone.latitude, zone.longitude)
    }
    assert any(one.humidity_pct is None or one.wind_ms is None for one in read) == bool(
        np.isnan(observed.values[[1, 2]]).any()
    )
    run = simulation.weather_forecasts(START, START + 86_400_000)[0]
    forecast = WeatherForecast.from_bytes(write_weather_run(GRID.zones[0], run))
    assert forecast.temperature_c == run.values[0].tolist()
    assert forecast.issued_at == datetime(2024, 5, 1, 12, tzinfo=UTC)
