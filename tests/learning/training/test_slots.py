import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gridcast.learning.history import History
from gridcast.learning.training.slots import lay_out
from gridcast.models.windows import Windows, WindowSpec
from gridcast.schemas.series import GridSeries
from gridcast.units import MINUTE_MS

START_MS = 1_700_006_400_000  # a whole hour


def _history(times: list[np.ndarray], values: list[np.ndarray]) -> History:
    return History(
        title="made up",
        step_ms=None,
        series=tuple(GridSeries(series=f"s-{row}") for row in range(len(times))),
        row=np.repeat(np.arange(len(times), dtype=np.int32), [len(one) for one in times]),
        time_ms=np.concatenate(times).astype(np.int64),
        value=np.concatenate(values).astype(np.float64),
        label=None,
        weather={},
        operator_forecasts=None,
    )


def _served(history: History, step: int, hold: int) -> tuple[np.ndarray, np.ndarray, int]:
    """Take the same through the windows of a worker, every slot of them."""
    spec = WindowSpec(step, days=8, fine_minutes=max(120, hold), hold_minutes=hold)
    windows = Windows(spec)
    for columns in history.columns():
        windows.fold(columns)
    end_ms = -(-int(history.time_ms.max() + 1) // spec.step_ms) * spec.step_ms
    windows.advance(end_ms)
    mean, mark = windows.cut(spec.slots)
    order = [windows.roster.names.index(one.series) for one in history.series]
    return mean[:, order], mark[:, order], end_ms


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**31),
    step=st.sampled_from([5, 10, 15, 30, 60]),
    hold=st.sampled_from([0, 3, 15, 60, 90]),
    every_s=st.sampled_from([60, 300, 900, 1800, 3600, None]),
)
def test_slots_of_a_history_have_the_bits_of_a_workers_windows(
    seed: int, step: int, hold: int, every_s: int | None
) -> None:
    random = np.random.default_rng(seed)
    times, values = [], []
    for _ in range(3):
        if every_s is None:
            time = np.unique(random.integers(0, 7_200, size=60)) * 1000
        else:
            time = np.flatnonzero(random.random(50) < 0.8) * every_s * 1000
        if not len(time):
            time = np.array([0])
        times.append(START_MS + time)
        values.append(random.normal(50, 30, len(time)))
    history = _history(times, values)
    mean, mark, end_ms = _served(history, step, hold)

    slots = lay_out(history, step * MINUTE_MS, (hold or step) * MINUTE_MS)

    assert slots.start_ms + len(slots.mean) * slots.step_ms == end_ms
    known = mean[-len(slots.mean) :]
    np.testing.assert_array_equal(slots.mean.view(np.uint32), known.view(np.uint32))
    np.testing.assert_array_equal(slots.mark, mark[-len(slots.mark) :])


def test_a_history_without_readings_has_no_slots() -> None:
    empty = _history([np.empty(0)], [np.empty(0)])
    assert lay_out(empty, 60 * MINUTE_MS, 60 * MINUTE_MS).mean.shape == (0, 1)


def test_a_gap_longer_than_a_reading_may_stand_is_not_measured() -> None:
    history = _history([START_MS + np.array([0, 3]) * 3_600_000], [np.array([1.0, 2.0])])
    slots = lay_out(history, 60 * MINUTE_MS, 60 * MINUTE_MS)
    assert slots.mark[:, 0].tolist() == [255, 0, 0, 255]
    np.testing.assert_array_equal(
        slots.mean[:, 0], np.array([1.0, np.nan, np.nan, 2.0], np.float32)
    )
