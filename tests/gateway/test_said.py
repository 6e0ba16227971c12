"""What was said of each slot before: the medians of former forecasts."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st
from support.gateway import NOON, forecast

from gridcast.gateway.forecast_history import ForecastHistory
from gridcast.schemas import Forecast

STEP_MS = 15 * 60_000
NOON_MS = round(NOON.timestamp() * 1000)


def at(minute: int, *middle: float, series: str = "m") -> bytes:
    """A forecast of a tick, of which the medians are given."""
    tick = NOON + timedelta(minutes=minute)
    made = forecast(series).model_copy(
        update={
            "tick": tick,
            "first": tick,
            "quantiles": [[-1.0] * len(middle), list(middle), [1e6] * len(middle)],
        }
    )
    return Forecast.model_validate(made.model_dump()).to_bytes()


def test_a_slot_is_told_as_it_was_said_so_long_before_its_end():
    said = ForecastHistory(STEP_MS, 4, (30, 60))
    said.note(at(0, 1.0, 2.0, 3.0, 4.0))
    said.note(at(15, 10.0, 20.0, 30.0, 40.0))
    assert said.of("m") == [
        (NOON_MS + STEP_MS, [2.0, None]),
        (NOON_MS + 2 * STEP_MS, [20.0, None]),
        (NOON_MS + 3 * STEP_MS, [None, 4.0]),
        (NOON_MS + 4 * STEP_MS, [None, 40.0]),
    ]


def test_ticks_within_a_slot_are_passed_over_but_tell_the_grids_time():
    said = ForecastHistory(STEP_MS, 4, (15,))
    said.note(at(0, 1.0))
    said.note(at(7, 5.0))
    assert said.of("m") == [(NOON_MS, [1.0])]
    assert said.tick_ms == NOON_MS + 7 * 60_000


def test_what_lies_beyond_the_horizon_was_not_said():
    said = ForecastHistory(STEP_MS, 4, (15, 60))
    said.note(at(0, 1.0, 2.0))
    assert said.of("m") == [(NOON_MS, [1.0, None])]


def test_what_is_no_forecast_changes_nothing():
    said = ForecastHistory(STEP_MS, 4, (15,))
    for value in (None, b"", b"{", b'{"tick":"x"}', b'{"tick":"2026-01-01T12:00:00Z"', b'"tick":"'):
        said.note(value)
    assert said.of("m") == []


@given(
    st.lists(st.tuples(st.integers(0, 40), st.sampled_from("ab")), max_size=60),
    st.integers(1, 8),
)
def test_whatever_comes_in_whatever_order_the_newest_slots_are_told(
    ticks: list[tuple[int, str]], slots: int
):
    said, ahead = ForecastHistory(STEP_MS, slots, (15, 45)), (0, 2)
    for tick, series in ticks:
        said.note(at(15 * tick, *(100.0 * tick + step for step in range(3)), series=series))
    head = max((tick for tick, _ in ticks), default=0)
    for series in "ab":
        came = {tick for tick, name in ticks if name == series}
        for begin, values in said.of(series):
            slot = (begin - NOON_MS) // STEP_MS
            for steps, value in zip(ahead, values, strict=True):
                if value is not None:
                    assert value == 100 * (slot - steps) + steps
                    assert slot - steps in came
        told = {(begin - NOON_MS) // STEP_MS for begin, values in said.of(series) if values[0]}
        assert {tick for tick in came if tick > head - slots and tick} <= told
