import json
from pathlib import Path
from threading import Event

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from pyarrow import csv
from support.times import ms

from gridcast.models.simulator import FAULTS, Arrivals, Simulation, build_grid
from gridcast.sources.simulator.folder import Folder, Format
from gridcast.sources.simulator.run import SimulationOutcome, run
from gridcast.stream.errors import UserError

START, END = ms("2024-03-30T20:00"), ms("2024-03-31T08:30")
NAMES = {"readings", "labels", "truth", "series", "weather_observations", "weather_forecasts"}


def simulation() -> Simulation:
    return Simulation(build_grid(1, "ES", [[4, 3], [2]]), 1, 60, FAULTS["storm"])


def written(path: Path, form: Format, stop: Event | None = None) -> SimulationOutcome:
    made = simulation()
    folder = Folder(made, path, form, truth=True, about={"seed": 1})
    return run(made.chunks(START, END), [folder], START, END, stop or Event())


def rows(table: pa.Table) -> list[dict[str, object]]:
    columns = []
    for name in table.column_names:
        column = table[name]
        is_time = pa.types.is_timestamp(column.type)
        columns.append(column.cast(pa.timestamp("ms", tz="UTC")) if is_time else column)
    rows: list[dict[str, object]] = pa.table(columns, names=table.column_names).to_pylist()
    return rows


def test_parquet_and_csv_hold_the_same(tmp_path: Path) -> None:
    written(tmp_path / "one", "parquet")
    written(tmp_path / "two", "csv")
    for name in NAMES:
        parquet = pq.read_table(tmp_path / "one" / f"{name}.parquet")
        text = csv.ConvertOptions(strings_can_be_null=True)
        plain = csv.read_csv(tmp_path / "two" / f"{name}.csv", convert_options=text)
        assert len(parquet) > 0
        assert rows(parquet) == rows(plain)
    assert {path.stem for path in (tmp_path / "one").iterdir()} == NAMES | {"simulation"}


def test_files_hold_what_was_simulated(tmp_path: Path) -> None:
    outcome = written(tmp_path / "out", "parquet")
    chunks = simulation().chunks(START, END)
    feed = Arrivals.join([chunk.arrivals for chunk in chunks])
    table = pq.read_table(tmp_path / "out" / "readings.parquet")
    assert outcome.readings == len(table) == len(feed)
    assert not outcome.stopped
    assert np.array_equal(table["value"].to_numpy(), feed.value)
    assert np.array_equal(table["arrival"].cast(pa.int64()).to_numpy(), feed.arrival_ms)
    truth = pq.read_table(tmp_path / "out" / "truth.parquet")
    assert len(truth) == 14 * 750
    zone = truth.filter(pc.field("series") == "z01")["value"].to_numpy()
    assert zone == pytest.approx(simulation().truth(START, END).value[0], abs=1e-3)
    about = json.loads((tmp_path / "out" / "simulation.json").read_text())
    assert about["seed"] == 1
    assert about["rows"]["readings"] == len(feed)


def test_the_same_seed_is_the_same_file(tmp_path: Path) -> None:
    written(tmp_path / "one", "csv")
    written(tmp_path / "two", "csv")
    for name in NAMES:
        one, two = ((tmp_path / folder / f"{name}.csv").read_bytes() for folder in ("one", "two"))
        assert one == two


def test_a_stopped_run_leaves_whole_files(tmp_path: Path) -> None:
    stop = Event()
    stop.set()
    outcome = written(tmp_path / "out", "parquet", stop)
    assert outcome.stopped
    assert len(pq.read_table(tmp_path / "out" / "readings.parquet")) == outcome.readings > 0


def test_a_folder_in_use_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("precious")
    with pytest.raises(UserError, match="is not an empty folder"):
        written(tmp_path, "parquet")
    with pytest.raises(UserError, match="cannot make the folder"):
        written(tmp_path / "mine.txt" / "below", "parquet")
