"""The forecast history: the medians of former forecasts of each slot."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st
from support.gateway import NOON, forecast

from gridcast.gateway.forecast_history import ForecastHistory
from gridcast.schemas import Forecast

STEP_MS = 15 * 60_000
NOON_MS = round(NOON.timestamp() * 1000)


def at(minute: int, *middle: float, series: str = "m") -> bytes:
    """Return a forecast of a tick with these medians."""
    tick = NOON + timedelta(minutes=minute)
    template = forecast(series).model_copy(
        update={
            "tick": tick,
            "first": tick,
            "quantiles": [[-1.0] * len(middle), list(middle), [1e6] * len(middle)],
        }
    )
    return Forecast.model_validate(template.model_dump()).to_bytes()


def test_each_slot_has_the_medians_of_the_given_times_before_its_end() -> None:
    history = ForecastHistory(STEP_MS, 4, (30, 60))
    history.note(at(0, 1.0, 2.0, 3.0, 4.0))
    history.note(at(15, 10.0, 20.0, 30.0, 40.0))
    assert history.of("m") == [
        (NOON_MS + STEP_MS, [2.0, None]),
        (NOON_MS + 2 * STEP_MS, [20.0, None]),
        (NOON_MS + 3 * STEP_MS, [None, 4.0]),
        (NOON_MS + 4 * STEP_MS, [None, 40.0]),
    ]


def test_ticks_within_a_slot_are_skipped_but_advance_the_newest_tick() -> None:
    history = ForecastHistory(STEP_MS, 4, (15,))
    history.note(at(0, 1.0))
    history.note(at(7, 5.0))
    assert history.of("m") == [(NOON_MS, [1.0])]
    assert history.tick_ms == NOON_MS + 7 * 60_000


def test_beyond_the_horizon_there_is_no_median() -> None:
    history = ForecastHistory(STEP_MS, 4, (15, 60))
    history.note(at(0, 1.0, 2.0))
    assert history.of("m") == [(NOON_MS, [1.0, None])]


def test_an_invalid_forecast_changes_nothing() -> None:
    history = ForecastHistory(STEP_MS, 4, (15,))
    for value in (None, b"", b"{", b'{"tick":"x"}', b'{"tick":"2026-01-01T12:00:00Z"', b'"tick":"'):
        history.note(value)
    assert history.of("m") == []


@given(
    st.lists(st.tuples(st.integers(0, 40), st.sampled_from("ab")), max_size=60),
    st.integers(1, 8),
)
def test_in_any_order_the_newest_slots_are_kept(ticks: list[tuple[int, str]], slots: int) -> None:
    history, ahead = ForecastHistory(STEP_MS, slots, (15, 45)), (0, 2)
    for tick, series in ticks:
        history.note(at(15 * tick, *(100.0 * tick + step for step in range(3)), series=series))
    head = max((tick for tick, _ in ticks), default=0)
    for series in "ab":
        ticks_of_series = {tick for tick, name in ticks if name == series}
        for begin, values in history.of(series):
            slot = (begin - NOON_MS) // STEP_MS
            for steps, value in zip(ahead, values, strict=True):
                if value is not None:
                    assert value == 100 * (slot - steps) + steps
                    assert slot - steps in ticks_of_series
        with_value = {
            (begin - NOON_MS) // STEP_MS for begin, values in history.of(series) if values[0]
        }
        assert {tick for tick in ticks_of_series if tick > head - slots and tick} <= with_value
