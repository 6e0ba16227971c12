"""The tick: which slots are forecast, from what, and the same bytes whatever came before."""

from collections.abc import Iterator
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.plain_windows import Row, columns

from gridcast.models.grid import Grid
from gridcast.models.partition import Partition, Tick
from gridcast.models.serving import EMPTY_CONTEXT, TickContext
from gridcast.models.tick_forecaster import TickForecaster
from gridcast.models.windows.spec import WindowSpec
from gridcast.schemas import ClosedBy, Forecast, GridSeries, Quality, Rung

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
START = 20_000 * DAY
SPEC = WindowSpec(step_minutes=60, days=8, hold_minutes=60)
MINUTELY = WindowSpec(step_minutes=15, days=8, hold_minutes=3)
LEVELS = (0.05, 0.5, 0.95)


def row(time_ms: int, series: str = "a", value: float = 1.0, quality: int = 0) -> Row:
    return (series, time_ms, value, quality, 0)


def fed(rows: list[Row], until_ms: int, spec: WindowSpec = SPEC) -> tuple[Partition, Tick]:
    """Give a partition that has taken readings, at a tick; those in between are left out."""
    partition = Partition(spec, lateness_ms=0)
    partition.windows.fold(columns(rows))
    partition.windows.advance(until_ms)
    return partition, Tick(until_ms)


def forecasts(
    rows: list[Row], until_ms: int, spec: WindowSpec = SPEC, context: TickContext = EMPTY_CONTEXT
) -> dict[str, Forecast]:
    """Give each series' forecast at a tick, as its reader sees it."""
    batch = TickForecaster(spec, 24, LEVELS).forecast(*fed(rows, until_ms, spec), context)
    return {key.decode(): Forecast.from_bytes(value) for key, value in batch.messages()}


def daily(series: str, days: float = 8, step: int = HOUR, start: int = START) -> list[Row]:
    """Give readings of a load that follows the time of day."""
    times = range(start, start + round(days * DAY), step)
    return [row(t, series, 10 + 5 * np.sin(t / DAY * 2 * np.pi)) for t in times]


def test_the_horizon_begins_with_the_slot_that_the_tick_lies_in() -> None:
    forecast = forecasts(daily("a", 9), START + 9 * DAY + 37 * MINUTE)["a"]
    assert forecast.tick == datetime.fromtimestamp(20_009 * 86_400 + 37 * 60, UTC)
    assert forecast.first == datetime.fromtimestamp(20_009 * 86_400, UTC)
    assert forecast.step_minutes == 60
    assert {len(steps) for steps in forecast.quantiles} == {24}
    expected = [10 + 5 * np.sin(h / 24 * 2 * np.pi) for h in range(24)]
    np.testing.assert_allclose(forecast.quantiles[1], expected, rtol=0.01)


def test_a_tick_on_the_hour_forecasts_the_hour_that_begins() -> None:
    forecast = forecasts(daily("a", 9), START + 9 * DAY)["a"]
    assert forecast.first == forecast.tick


def test_what_is_measured_of_the_open_slot_is_no_longer_forecast() -> None:
    """Ten minutes of fifteen are over."""
    steady = [row(START + m * MINUTE, value=2.0) for m in range(1440 * 2 + 45)]
    now = START + (1440 * 2 + 55) * MINUTE
    high = [row(t, value=11.0) for t in range(now - 10 * MINUTE, now, MINUTE)]
    before = forecasts(steady, now - 10 * MINUTE, MINUTELY)["a"]
    after = forecasts(steady + high, now, MINUTELY)["a"]
    assert before.first == after.first
    known, rest = 11 * 10 / 15, 5 / 15
    for old, new in zip(before.quantiles, after.quantiles, strict=True):
        assert new[0] == pytest.approx(known + old[0] * rest, abs=0.002)
        assert new[1:] == old[1:]


def test_a_forecast_says_what_it_was_made_from() -> None:
    rows = [row(START + DAY - m * MINUTE, "fresh", 5) for m in range(1, 1300)]
    rows += [row(START + DAY - m * MINUTE, "silent", 5) for m in range(605, 1300)]
    rows += [row(START + DAY - 300 * MINUTE, "doubted", 5)]
    rows += [row(START + DAY - 3 * MINUTE, "doubted", 9, Quality.QUESTIONABLE)]
    found = forecasts(rows, START + DAY, MINUTELY)
    newest = {series: one.newest_reading for series, one in found.items()}
    midnight = 20_001 * 86_400
    assert newest["fresh"] == datetime.fromtimestamp(midnight - 60, UTC)
    assert newest["silent"] == datetime.fromtimestamp(midnight - 615 * 60, UTC), "to its slot"
    assert newest["doubted"] == datetime.fromtimestamp(midnight - 300 * 60, UTC)
    assert found["fresh"].measured == pytest.approx(1299 / (8 * 1440), abs=0.001)
    assert found["silent"].measured == pytest.approx(695 / (8 * 1440), abs=0.001)
    assert {one.rung for one in found.values()} == {Rung.LAST_LEVEL}
    assert found["fresh"].reason == "less than a day measured"


def test_a_series_known_by_doubted_readings_only_has_a_forecast_too() -> None:
    found = forecasts([row(START, "a", 9, Quality.QUESTIONABLE)], START + 5 * MINUTE)["a"]
    assert (found.newest_reading, found.measured) == (None, 0)
    assert found.reason == "nothing measured"
    assert found.quantiles == [[0.0] * 24] * 3


def test_readings_from_after_the_tick_are_not_in_it() -> None:
    rows = [row(START), row(START + 9 * MINUTE + 1, value=100)]
    partition = Partition(SPEC, lateness_ms=5 * MINUTE)
    ticks = list(partition.take(columns(rows), columns(rows).time_ms, np.arange(2), 2))
    forecaster = TickForecaster(SPEC, 24, LEVELS)
    batch = forecaster.forecast(partition, ticks[-1])
    assert ticks[-1].time_ms == START + 4 * MINUTE
    assert batch.newest_ms.tolist() == [START]
    assert batch.quantiles[0, 1, 0] == 1


def test_the_clock_is_named_where_it_closed_the_tick() -> None:
    partition, forecaster = Partition(SPEC, lateness_ms=0), TickForecaster(SPEC, 24, LEVELS)
    (tick,) = partition.take(columns([row(START)]), np.array([START]), np.array([0]), 1)
    assert forecaster.forecast(partition, tick).closed_by is ClosedBy.WATERMARK
    (tick,) = partition.close_by_clock(START + MINUTE)
    assert forecaster.forecast(partition, tick).closed_by is ClosedBy.WALL_CLOCK


def test_each_series_is_answered_by_its_own_rung() -> None:
    rows = daily("week", 8) + daily("new", 0.2, start=START + 8 * DAY - 5 * HOUR)
    found = forecasts(rows, START + 8 * DAY)
    assert {series: one.rung for series, one in found.items()} == {
        "week": Rung.SEASONAL_PROFILE,
        "new": Rung.LAST_LEVEL,
    }
    assert found["week"].reason == "no model is served"
    assert found["week"].measured == 1


def test_a_day_ahead_across_a_change_of_the_clocks_has_twenty_four_hours() -> None:
    """Slots are UTC: the night to 29 March 2026 in Berlin is one hour short, the horizon is not."""
    noon = int(datetime(2026, 3, 28, 12, tzinfo=UTC).timestamp()) * 1000
    found = forecasts(daily("a", 8, start=noon - 8 * DAY), noon)["a"]
    assert found.first == datetime(2026, 3, 28, 12, tzinfo=UTC)
    times = noon + HOUR * np.arange(24)
    expected = 10 + 5 * np.sin(times / DAY * 2 * np.pi)
    np.testing.assert_allclose(found.quantiles[1], expected, rtol=0.01)


def test_the_floor_is_zero_unless_said_or_measured_otherwise() -> None:
    rng = np.random.default_rng(0)
    noise = np.abs(rng.normal(0, 1, 8 * 24))
    rows = [row(START + h * HOUR, value=v) for h, v in enumerate(noise)]
    now = START + 8 * DAY
    assert min(forecasts(rows, now)["a"].quantiles[0]) == 0
    grid = Grid()
    grid.declare(GridSeries(series="a", can_be_negative=True))
    assert min(forecasts(rows, now, context=TickContext(grid))["a"].quantiles[0]) < 0
    solar = [row(t, series, value - 12) for series, t, value, _, _ in daily("a")]
    assert min(forecasts(solar, now)["a"].quantiles[1]) == pytest.approx(-7, abs=0.01)


def test_a_partition_without_series_has_no_forecasts() -> None:
    partition = Partition(SPEC, lateness_ms=0)
    partition.windows.advance(START)
    batch = TickForecaster(SPEC, 24, LEVELS).forecast(partition, Tick(START))
    assert (len(batch), list(batch.messages())) == (0, [])


def test_more_series_than_are_cut_at_once() -> None:
    rows = [row(START + h * HOUR, f"s{n}", n) for h in range(3) for n in range(5000)]
    found = forecasts(rows, START + 3 * HOUR)
    assert all(found[f"s{n}"].quantiles[1] == [float(n)] * 24 for n in range(5000))


def test_a_tick_that_is_past_is_refused() -> None:
    partition, tick = fed(daily("a", 1), START + DAY)
    partition.windows.advance(START + DAY + MINUTE)
    with pytest.raises(ValueError, match="the partition stands at"):
        TickForecaster(SPEC, 24, LEVELS).forecast(partition, tick)


# --- whatever came before -------------------------------------------------------------------------


@st.composite
def feeds(draw: st.DrawFn) -> list[list[Row]]:
    """Days of hourly and other readings: gaps, late ones, corrections, estimates, faults."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    hours = draw(st.sampled_from([5, 34]))
    messages = []
    for hour in range(hours):
        readings = []
        for series in "abc":
            if rng.random() < 0.2:
                continue
            late = int(rng.choice([0, 0, 0, 1, 2, 9]))
            minute = int(rng.choice([0, 0, 7, 31]))
            time = START + max(hour - late, 0) * HOUR + minute * MINUTE + int(rng.integers(0, 2))
            value = float(rng.choice([1, 1, 1, 1000])) * (3 + np.sin(hour / 4) + rng.normal())
            quality, revision = int(rng.choice([0, 0, 9, 10])), int(rng.choice([0, 0, 1]))
            readings.append((series, time, value, quality, revision))
        messages.append(readings)
    return messages


def ticks_of(
    partition: Partition, messages: list[list[Row]], first: int
) -> Iterator[tuple[int, list[tuple[bytes, bytes]]]]:
    """Take messages and give the forecasts of each tick every twenty minutes."""
    offset = [first + n for n, message in enumerate(messages) for _ in message]
    batch = columns([reading for message in messages for reading in message])
    for tick in partition.take(
        batch, batch.time_ms, np.array(offset, np.int64), first + len(messages)
    ):
        if tick.time_ms % (20 * MINUTE) == 0:
            made = TickForecaster(SPEC, 3, LEVELS).forecast(partition, tick)
            yield tick.time_ms, list(made.messages())


@given(feeds(), st.lists(st.integers(1, 40), min_size=1, max_size=5))
@settings(deadline=None, max_examples=20)
def test_a_partition_loaded_from_its_records_gives_the_bytes_of_one_that_lived(
    messages: list[list[Row]], cuts: list[int]
) -> None:
    lived = dict(ticks_of(Partition(SPEC, MINUTE), messages, 0))
    table: dict[str, bytes] = {}
    seen: dict[int, list[tuple[bytes, bytes]]] = {}
    turn = 0
    while (partition := Partition(SPEC, MINUTE, table)).next_offset < len(messages):
        first = partition.next_offset
        seen |= ticks_of(partition, messages[first:][: cuts[turn % len(cuts)]], first)
        for key, value in partition.changes().items():
            if value is None:
                table.pop(key, None)
            else:
                table[key] = value
        turn += 1
    assert seen == lived


@given(feeds())
@settings(deadline=None, max_examples=20)
def test_a_forecast_is_the_same_whoever_else_is_in_the_partition(messages: list[list[Row]]) -> None:
    rows = [reading for message in messages for reading in message]
    now = START + 34 * HOUR + 20 * MINUTE
    together = forecasts(rows, now) if rows else {}
    for series in together:
        alone = forecasts([reading for reading in rows if reading[0] == series], now)
        assert alone[series].to_bytes() == together[series].to_bytes()


# --- without a past -------------------------------------------------------------------------------


def test_a_new_series_is_forecast_like_the_others_at_its_own_size_from_its_first_tick() -> None:
    now = START + 8 * DAY + 6 * HOUR + 10 * MINUTE
    others = [reading for n in range(8) for reading in daily(f"s{n}", 8 + 6.5 / 24)]
    own = 2 * (10 + 5 * np.sin((now - 5 * MINUTE) / DAY * 2 * np.pi))
    found = forecasts([*others, row(now - 5 * MINUTE, "new", own)], now, SPEC)
    usual, new = found["s0"], found["new"]
    assert (new.rung, new.reason) == (Rung.POPULATION_PROFILE, "less than a day measured")
    np.testing.assert_allclose(new.quantiles[1][1:], 2 * np.array(usual.quantiles[1][1:]), rtol=0.2)
