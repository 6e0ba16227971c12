import gzip
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gridcast.learning.history import History, Mapping, check_history, load_mapping, read_history
from gridcast.stream.errors import UserError

SAMPLES = Path(__file__).parents[2] / "data" / "history"


def milliseconds(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def mapping(**changes: Any) -> Mapping:
    """A long-form mapping of columns at, who, kw; `load__unit="W"` reaches into a table."""
    given: dict[str, Any] = {
        "title": "t",
        "step_minutes": 60,
        "time": {"column": "at", "zone": "UTC", "marks": "begin"},
        "load": {"unit": "kW", "series_column": "who", "value_column": "kw"},
    }
    for name, value in changes.items():
        table, _, key = name.partition("__")
        if key:
            given[table] = {**given[table], key: value}
        else:
            given[table] = value
    return Mapping.model_validate(given)


def written(folder: Path, text: str) -> Path:
    path = folder / "history.csv"
    path.write_text(text)
    return path


def sample(name: str) -> History:
    return read_history(SAMPLES / f"{name}.csv", load_mapping(SAMPLES / f"{name}.toml"))


def test_a_wide_file_of_energies_in_local_time_becomes_kilowatts_in_utc() -> None:
    history = sample("autumn")
    assert [one.series for one in history.series] == ["north", "south"]
    assert history.series[1].holidays == "DE-BY"
    assert {one.station for one in history.series} == {"city"}
    north = history.readings_of(0)
    # A day of 25 hours, without a hole and without a time twice.
    assert len(history.time_ms[north]) == 100
    assert set(np.diff(history.time_ms[north]).tolist()) == {15 * 60_000}
    assert history.time_ms[0] == milliseconds("2023-10-28T22:00")
    assert history.value[0] == 1000  # 250 kWh in a quarter of an hour


def test_missing_markers_leave_no_reading() -> None:
    history = sample("autumn")
    south = history.grid(15).value[1]
    assert np.flatnonzero(np.isnan(south)).tolist() == [40, 41]


def test_weather_comes_in_the_units_of_the_wire_with_its_delay() -> None:
    city = sample("autumn").weather["city"]
    assert city.variable("temperature_c")[:2] == pytest.approx([10.0, 10.1])
    assert np.isnan(city.variable("wind_ms")).all()
    assert np.all(city.available_at_ms - city.time_ms == 10 * 60_000)


def test_times_at_the_ends_of_slots_become_their_beginnings() -> None:
    history = sample("meters")
    assert history.time_ms[0] == milliseconds("2024-03-01T00:00")
    assert history.step_ms == 30 * 60_000
    assert history.value[0] == 0.4


def test_labels_and_facts_of_series_are_kept() -> None:
    history = sample("meters")
    assert history.label is not None
    assert np.flatnonzero(history.label[history.readings_of(1)]).tolist() == [7, 8]
    m1, m2 = history.series
    assert (m1.time_zone, m1.parent) == ("Europe/Oslo", None)
    assert (m2.parent, m2.capacity_kw) == ("feeder-7", 5)


def test_the_operators_forecast_says_when_it_could_be_known() -> None:
    forecasts = sample("meters").operator_forecasts
    assert forecasts is not None
    # 23:30 UTC is half past midnight of the next day in Oslo.
    for time, published in (
        ("2024-03-01T00:00", "2024-02-29T09:00"),
        ("2024-03-01T22:30", "2024-02-29T09:00"),
        ("2024-03-01T23:00", "2024-03-01T09:00"),
    ):
        found = forecasts.time_ms == milliseconds(time)
        assert found.sum() == 2
        assert set(forecasts.available_at_ms[found].tolist()) == {milliseconds(published)}
    assert forecasts.value[0] == 0.425


@pytest.mark.parametrize(
    ("unit", "factor"),
    [("W", 1e-3), ("kW", 1), ("MW", 1e3), ("GW", 1e6), ("MWh", 1e3), ("Wh", 1e-3)],
)
def test_units_become_kilowatts(tmp_path: Path, unit: str, factor: float) -> None:
    path = written(tmp_path, "at,who,kw\n2024-01-01T00:00,a,3\n2024-01-01T01:00,a,4\n")
    history = read_history(path, mapping(load__unit=unit))
    assert history.value == pytest.approx([3 * factor, 4 * factor])


@pytest.mark.parametrize(
    ("text", "zone", "form"),
    [
        ("2024-01-01T00:00", "UTC", "iso"),
        ("2024-01-01 00:00:00", "UTC", "iso"),
        ("2024-01-01", "UTC", "iso"),
        ("2024-01-01T00:00:00Z", "UTC", "iso"),
        ("2024-01-01T00:00:00Z", "carried", "iso"),
        ("2024-01-01 00:00:00.000000Z", "carried", "iso"),
        ("2024-01-01 00:00:00.000000000+00:00", "carried", "iso"),
        ("2024-01-01T05:45+05:45", "carried", "iso"),
        ("2023-12-31 19:00", "America/New_York", "iso"),
        ("01/01/2024 01h00", "Europe/Berlin", "%d/%m/%Y %Hh%M"),
        ("01/01/2024 0100 +0100", "carried", "%d/%m/%Y %H%M %z"),
        ("1704067200", "UTC", "epoch_s"),
        ("1704067200000", "UTC", "epoch_ms"),
    ],
)
def test_many_ways_to_write_one_instant(tmp_path: Path, text: str, zone: str, form: str) -> None:
    path = written(tmp_path, f"at,who,kw\n{text},a,3\n")
    history = read_history(path, mapping(time__zone=zone, time__format=form))
    assert history.time_ms.tolist() == [milliseconds("2024-01-01")]


@pytest.mark.parametrize("kind", [pa.timestamp("us", "UTC"), pa.timestamp("ns"), pa.int64()])
def test_parquet_is_read_by_its_types(tmp_path: Path, kind: pa.DataType) -> None:
    unit = {"us": 1000, "ns": 1_000_000}.get(getattr(kind, "unit", ""), 1)
    times = pa.array([milliseconds("2024-01-01") * unit], pa.int64()).cast(kind)
    who = pa.array(["a"]).dictionary_encode()
    path = tmp_path / "history"  # its first bytes tell what it is, not its name
    pq.write_table(pa.table({"at": times, "who": who, "kw": pa.array([3], pa.int16())}), path)
    form = "epoch_ms" if kind == pa.int64() else "iso"
    history = read_history(path, mapping(time__format=form))
    assert history.time_ms.tolist() == [milliseconds("2024-01-01")]
    assert history.value.tolist() == [3]


HOUR = "2024-01-01T00:00,a,1\n"


@pytest.mark.parametrize(
    ("text", "changes", "said"),
    [
        ("at,who,kw\n" + HOUR + "2024-01-01T01:00,a,1k\n", {}, "column kw, row 2: '1k' is not a"),
        (
            "at,who,kw\n" + HOUR + "yesterday,a,1\n",
            {},
            "column at, row 2: 'yesterday' is not a time",
        ),
        ("at,who,kw\n" + HOUR + ",a,1\n", {}, "column at, row 2: there is no time"),
        ("at,who,kw\n1924-01-01,a,1\n", {}, "column at, row 1: a time is from 1970 to 2199"),
        ("at,who,kw\n" + HOUR, {"time__zone": "carried"}, "column at: the times carry no offset"),
        (
            "at,who,kw\n2024-01-01T00:00+01:00,a,1\n",
            {"time__zone": "Europe/Berlin"},
            "carry their own offset, yet time.zone is 'Europe/Berlin' (say \"carried\")",
        ),
        (
            "at,who,kw\n2024-01-01T00:00+01:00,a,1\n2024-01-01T01:00,a,1\n",
            {"time__zone": "carried"},
            "column at, row 2: '2024-01-01T01:00' is not a time with an offset",
        ),
        ("at,who,kW\n" + HOUR, {}, "column 'kw' is not there; 'kW' is"),
        ("at,who,kw,kw\n2024-01-01,a,1,2\n", {}, "column 'kw' is there 2 times"),
        ("at,who,kw\n", {}, "holds no rows"),
        ("", {}, "Empty CSV file"),
        ("at,who,kw\n2024-01-01,a\n", {}, "Expected 3 columns, got 2"),
        ("at,who,kw\n2024-01-01,a b,1\n", {}, "found_as = 'a b'"),
        (
            "at,who,kw,odd\n2024-01-01,a,1,maybe\n",
            {"load__label_column": "odd"},
            "column odd, row 1: 'maybe' is not a number",
        ),
        (
            "at,who,kw,odd\n2024-01-01,a,1,2\n",
            {"load__label_column": "odd"},
            "column odd, row 1: a label is 0 or 1, not 2",
        ),
    ],
)
def test_what_cannot_be_read_is_one_line_that_names_the_place(
    tmp_path: Path, text: str, changes: dict[str, Any], said: str
) -> None:
    path = written(tmp_path, text)
    with pytest.raises(UserError) as error:
        check_history(path, mapping(**changes))
    assert said in str(error.value)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_a_file_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none\.csv is not there"):
        read_history(tmp_path / "none.csv", mapping())


def test_a_station_a_series_is_read_from_each_series_own_rows(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "at,who,kw,wind\n2024-01-01T00:00,a,1,36\n2024-01-01T00:00,b,1,72\n",
    )
    wind = {"available_after_minutes": 5, "wind_ms": {"column": "wind", "unit": "km/h"}}
    history = read_history(path, mapping(weather={"at-{series}": wind}))
    assert [one.station for one in history.series] == ["at-a", "at-b"]
    assert history.weather["at-a"].variable("wind_ms") == pytest.approx([10])
    assert history.weather["at-b"].variable("wind_ms") == pytest.approx([20])


def test_weather_keeps_the_time_of_its_row_where_load_moves_to_its_slots_beginning(
    tmp_path: Path,
) -> None:
    path = written(tmp_path, "at,who,kw,t\n2024-01-01T01:00,a,1,12\n")
    station = {"available_after_minutes": 0, "temperature_c": {"column": "t", "unit": "C"}}
    history = read_history(path, mapping(time__marks="end", weather={"w": station}))
    assert history.time_ms.tolist() == [milliseconds("2024-01-01T00:00")]
    assert history.weather["w"].time_ms.tolist() == [milliseconds("2024-01-01T01:00")]


def test_gzipped_csv_is_read(tmp_path: Path) -> None:
    path = tmp_path / "history.csv.gz"
    path.write_bytes(gzip.compress(b"at,who,kw\n2024-01-01T00:00,a,3\n"))
    assert read_history(path, mapping()).value.tolist() == [3]
