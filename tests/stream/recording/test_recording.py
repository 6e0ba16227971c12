"""Recordings: what came, in the order in which it came, and what it came to in the end."""

from pathlib import Path

import numpy as np
import pytest
from support.recordings import DAY, HOUR, START, make_recording

from gridcast.learning.history.recording_source import open_source
from gridcast.models.simulator import FAULTS, Arrivals, Simulation, build_grid, spread_series
from gridcast.schemas import GridSeries, Quality
from gridcast.sources.simulator.folder import Folder
from gridcast.sources.simulator.messages import write_observations, write_weather_run
from gridcast.stream.errors import UserError
from gridcast.stream.recording import Recording
from gridcast.stream.recording.recording import available_ms


def recorded(*rows: tuple[int, int, float, int, int]) -> Recording:
    """Rows of time, arrival, value, quality and revision, of one series."""
    columns = list(zip(*rows, strict=True))
    arrivals = Arrivals(
        np.zeros(len(rows), np.int32),
        np.array(columns[0], np.int64),
        np.array(columns[1], np.int64),
        np.array(columns[2], np.float64),
        np.array(columns[3], np.uint8),
        np.array(columns[4], np.int32),
    )
    return Recording("one", (GridSeries(series="m"),), arrivals, ())


def test_in_the_end_the_highest_revision_counts_and_of_doubles_the_first() -> None:
    found = recorded(
        (0, 1, 1.0, 0, 0), (60, 61, 5.0, 0, 0), (60, 70, 6.0, 0, 0), (0, 99, 2.0, 0, 1)
    )
    assert found.history.time_ms.tolist() == [0, 60]
    assert found.history.value.tolist() == [2.0, 5.0]


def test_what_is_rejected_counts_nothing_and_what_was_measured_more_than_an_estimate() -> None:
    found = recorded(
        (0, 1, 1.0, Quality.QUESTIONABLE, 0),
        (60, 61, 5.0, Quality.ESTIMATED_LINEAR, 0),
        (60, 62, 6.0, 0, 0),
    )
    assert found.history.time_ms.tolist() == [60]
    assert found.history.value.tolist() == [6.0]


def test_a_stretch_holds_what_arrived_in_it_and_the_weather_before_its_end() -> None:
    whole = make_recording(days=10)
    part = whole.arriving(START + 2 * DAY, START + 3 * DAY)
    assert part.first_ms == START + 2 * DAY
    assert part.end_ms <= START + 3 * DAY
    assert len(part.arrivals) == 24 * 3
    assert max(map(available_ms, part.weather)) < START + 3 * DAY
    assert min(map(available_ms, part.weather)) < START + HOUR


@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_a_simulated_folder_is_read_as_it_was_simulated(form: str, tmp_path: Path) -> None:
    grid = build_grid(seed=3, country_code="DE", meters_of=spread_series(8))
    simulation = Simulation(grid, seed=3, step_s=300, faults=FAULTS["storm"])
    end_ms = START + DAY
    sink = Folder(simulation, tmp_path / "sim", form, truth=False, about={})  # type: ignore[arg-type]
    chunks = list(simulation.chunks(START, end_ms))
    for chunk in chunks:
        sink.write(chunk, lambda *_: None)
    sink.close()
    found = open_source(tmp_path / "sim", None)
    wanted = Arrivals.join([chunk.arrivals for chunk in chunks])
    assert found.names == list(grid.ids)
    precise = form == "parquet"  # CSV has whole seconds
    assert len(found.arrivals) == len(wanted)
    for name in ("series", "time_ms", "arrival_ms", "quality", "revision"):
        one, other = getattr(found.arrivals, name), getattr(wanted, name)
        if precise:
            assert np.array_equal(one, other), name
    sent = [
        message
        for observed in simulation.observations(START, end_ms)
        for _, message in write_observations(grid.zones[observed.station], observed)
    ] + [
        write_weather_run(grid.zones[run.station], run)
        for run in simulation.weather_forecasts(START, end_ms)
    ]
    assert len(found.weather) == len(sent)
    assert [available_ms(one) for one in found.weather] == sorted(map(available_ms, found.weather))


def test_another_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="simulate"):
        open_source(tmp_path, None)
