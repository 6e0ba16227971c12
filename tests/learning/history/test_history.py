import numpy as np
import pytest

from gridcast.learning.history import History, StationHistory
from gridcast.schemas.columns import ReadingColumns
from gridcast.schemas.series import GridSeries

MINUTE = 60_000


def history(row: list[int], minutes: list[float], value: list[float]) -> History:
    return History(
        title="t",
        step_ms=None,
        series=(GridSeries(series="a"), GridSeries(series="b")),
        row=np.array(row, np.int32),
        time_ms=(np.array(minutes) * MINUTE).astype(np.int64),
        value=np.array(value, np.float64),
        label=None,
        weather={},
        operator_forecasts=None,
    )


THREE = history([0, 0, 1], [60, 70, 95], [1, 3, 5])


def test_a_grid_has_the_mean_of_each_slot_and_nan_where_there_is_none() -> None:
    grid = THREE.grid(15)
    assert grid.time_ms.tolist() == [60 * MINUTE, 75 * MINUTE, 90 * MINUTE]
    assert np.array_equal(grid.value, [[2, np.nan, np.nan], [np.nan, np.nan, 5]], equal_nan=True)


def test_a_grid_reaches_from_its_start_up_to_its_end() -> None:
    grid = THREE.grid(30, start_ms=0, end_ms=90 * MINUTE)
    assert grid.time_ms.tolist() == [0, 30 * MINUTE, 60 * MINUTE]
    assert np.array_equal(grid.value[0], [np.nan, np.nan, 2], equal_nan=True)
    assert np.isnan(grid.value[1]).all()


def test_a_history_without_readings_is_a_grid_without_slots() -> None:
    empty = history([], [], [])
    assert empty.grid(15).value.shape == (2, 0)
    assert list(empty.columns()) == []
    assert empty.grid(15, 0, 30 * MINUTE).value.shape == (2, 2)


def test_readings_come_in_order_of_time_in_batches() -> None:
    batches = list(history([0, 0, 1, 1], [1, 3, 1, 2], [1, 2, 3, 4]).columns(batch=3))
    assert [len(batch) for batch in batches] == [3, 1]
    whole = ReadingColumns.concatenate(batches)
    assert whole.series == ["a", "b", "b", "a"]
    assert whole.value.tolist() == [1, 3, 4, 2]
    assert not whole.quality.any()


@pytest.mark.parametrize(("instant", "expected"), [(9, np.nan), (10, 1.0), (24, 1.0), (25, 2.0)])
def test_weather_is_known_only_once_it_is_available(instant: int, expected: float) -> None:
    value = np.full((2, 6), np.nan)
    value[:, 0] = [1, 2]
    weather = StationHistory(np.array([5, 20]), np.array([10, 25]), value)
    found = weather.as_of(np.array([instant]))
    assert np.array_equal(found[:, 0], [expected], equal_nan=True)
