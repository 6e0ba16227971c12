"""The inputs of a network: nothing from after the origin, the same bits everywhere."""

import dataclasses
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.archives import archive_of, hours, observation, readings_of, run, weather_of

from gridcast.models.archive import Archive
from gridcast.models.features import FeatureBuilder, FeatureSpec, Inputs, WeatherSlots
from gridcast.models.grid import Grid
from gridcast.models.nearest import NearestStations
from gridcast.models.splines import Smoother
from gridcast.models.weather import Weather
from gridcast.models.windows import Windows, WindowSpec
from gridcast.models.windows.marks import NOTHING, PLAIN
from gridcast.schemas import GridSeries
from gridcast.units import HOUR_MS

SPEC = FeatureSpec(
    weather=("temperature_c", "wind_ms"),
    weather_ahead=("temperature_c",),
    operator=True,
    static=("is_meter", "capacity_kw"),
)
SERIES = (
    GridSeries(series="s-0", time_zone="Europe/Berlin", holidays="DE", capacity_kw=20),
    GridSeries(series="s-1", time_zone="Australia/Melbourne", holidays="AU-VIC"),
    GridSeries(series="s-2", can_be_negative=True),
)
HOURS = 500
SLOTS, ROWS = np.array([250, 200, 333, 251]), np.array([0, 1, 2, 2])


def weather_until(known_hour: float, seed: int) -> Weather:
    """Give a station whose messages known by some hour are always the same, later ones not."""
    weather, sure, other = weather_of(), np.random.default_rng(0), np.random.default_rng(seed)
    for hour in range(HOURS):
        temperature, late = sure.normal(), 90 * sure.random()
        if hour + late / 60 > known_hour:
            temperature = other.normal()
        weather.observe(observation("a", hour, late, temperature_c=temperature, wind_ms=1.5))
    for hour in range(0, HOURS, 12):
        ahead, late = sure.normal(size=60), 90 * sure.random()
        if hour + late / 60 > known_hour:
            ahead = other.normal(size=60)
        weather.forecast(run("a", hour, late, 60, temperature_c=[float(t) for t in ahead]))
    return weather


def archive(known_slot: int = HOURS, seed: int = 1, lost: float = 0.03) -> Archive:
    """Give an archive of which all that was not known at a slot's beginning follows the seed."""
    rng = np.random.default_rng(seed)
    mean = hours(HOURS, 3, lost)
    operator, at_ms = mean + 1, np.arange(HOURS)[:, None] // 24 * 24 * HOUR_MS + np.zeros_like(mean)
    mean[known_slot:] = 1e6 * rng.random(mean[known_slot:].shape)
    whole = archive_of(mean, weather_until(known_slot, seed))
    whole.mark[known_slot:] = rng.integers(0, 256, whole.mark[known_slot:].shape)
    later = at_ms > known_slot * HOUR_MS
    operator[later] = rng.random(later.sum())
    return dataclasses.replace(
        whole, series=SERIES, operator=operator.astype("f4"), operator_at_ms=at_ms.astype(np.int64)
    )


def bits(inputs: Inputs) -> dict[str, bytes]:
    return {name: tensor.tobytes() for name, tensor in inputs.feed().items()}


@given(st.integers(200, 470), st.integers(0, 2**32 - 1), st.sampled_from([0.0, 0.1]))
@settings(deadline=None, max_examples=12)
def test_nothing_from_after_the_origin_changes_a_bit(slot: int, seed: int, lam: float) -> None:
    builder = FeatureBuilder(dataclasses.replace(SPEC, lam=lam))
    slots, rows = np.full(3, slot), np.arange(3)
    inputs, usable = builder.sample(archive(slot, seed), slots, rows)
    others, still = builder.sample(archive(slot, seed + 1), slots, rows)
    assert bits(inputs) == bits(others)
    assert usable.tolist() == still.tolist() == [True] * 3


def test_what_was_known_at_the_origin_is_there() -> None:
    inputs, usable = FeatureBuilder(SPEC).sample(archive(lost=0.0), SLOTS, ROWS)
    assert usable.all()
    assert {name: tensor.shape[1:] for name, tensor in inputs.feed().items()} == {
        "load": (168,),
        "past": (168, len(SPEC.past)),
        "future": (24, len(SPEC.future)),
        "static": (2,),
    }
    assert all(tensor.flags.c_contiguous for tensor in inputs.feed().values())
    assert all(tensor.dtype == np.float32 for tensor in inputs.feed().values())
    past, future = SPEC.past, SPEC.future
    assert np.isfinite(inputs.past).all()
    assert (inputs.past[:, :, past.index("wind_ms")] == 1.5).all()
    assert np.isfinite(inputs.future[:, :, future.index("temperature_c_ahead")]).all()
    known = np.isfinite(inputs.future[:, :, future.index("operator")])
    assert known.sum(axis=1).tolist() == [24 - slot % 24 for slot in SLOTS.tolist()]
    assert inputs.static[:, 0].tolist() == [1.0] * 4
    assert inputs.static[0, 1] == 20.0
    assert np.isnan(inputs.static[1:, 1]).all()


@given(st.lists(st.integers(0, 39), min_size=1, max_size=9), st.sampled_from([0.0, 0.1]))
@settings(deadline=None, max_examples=15)
def test_the_bits_of_a_column_do_not_depend_on_those_beside_it(
    chosen: list[int], lam: float
) -> None:
    builder, whole = FeatureBuilder(dataclasses.replace(SPEC, lam=lam)), ARCHIVE
    rng = np.random.default_rng(0)
    slots, rows = rng.integers(100, 470, 40), rng.integers(0, 3, 40)
    together, usable = builder.sample(whole, slots, rows)
    alone, still = FeatureBuilder(builder.spec).sample(whole, slots[chosen], rows[chosen])
    assert bits(alone) == bits(together.take(np.array(chosen)))
    assert still.tolist() == usable[chosen].tolist()


ARCHIVE = archive()


@pytest.mark.parametrize("lam", [0.0, 0.1])
def test_training_shows_what_serving_showed(lam: float) -> None:
    spec = dataclasses.replace(SPEC, operator=False, lam=lam)
    builder, whole = FeatureBuilder(spec), archive()
    windows, grid = Windows(WindowSpec(step_minutes=60)), Grid()
    for one in SERIES:
        windows.roster.rows([one.series])
        grid.declare(one)
    windows.fold(readings_of(whole.mean))
    for slot in (200, 333):
        origin = slot * HOUR_MS
        windows.advance(origin)
        first = origin - spec.slots * HOUR_MS
        assert whole.weather is not None
        known = whole.weather.as_of(origin, first, spec.slots + spec.horizon)
        station = NearestStations(grid).of([one.series for one in SERIES], known)
        served, usable = builder.build(
            windows.cut(spec.window), origin, SERIES, WeatherSlots.at_tick(known, station)
        )
        trained, still = builder.sample(whole, np.full(3, slot), np.arange(3))
        assert bits(served) == bits(trained)
        assert usable.tolist() == still.tolist()


def test_a_complete_window_comes_through_untouched_to_the_bit() -> None:
    mean = hours(SPEC.window, 3) - 12  # below zero too, though nobody said that it can be
    mark = np.full(mean.shape, PLAIN, np.uint8)
    inputs, _ = FeatureBuilder(FeatureSpec()).build((mean, mark), 0, SERIES)
    assert inputs.load.tobytes() == np.ascontiguousarray(mean[-168:].T).tobytes()


def test_what_is_filled_is_not_below_zero_where_the_load_cannot_be() -> None:
    mean = np.zeros((SPEC.window, 2), np.float32)
    mean[20::24] = 100.0  # an interpolating spline swings below zero beside it
    mark = np.full(mean.shape, PLAIN, np.uint8)
    mark[-24 * 3 + 19] = NOTHING
    mark[-24 * 3 + 21] = NOTHING
    mean[mark == NOTHING] = np.nan
    cannot, can = GridSeries(series="a"), GridSeries(series="b", can_be_negative=True)
    load = FeatureBuilder(FeatureSpec()).build((mean, mark), 0, (cannot, can))[0].load
    assert load.min(axis=1)[0] == 0.0
    assert np.isfinite(load).all()


def test_a_window_that_cannot_be_filled_is_of_no_use_and_holds_no_nan() -> None:
    mean, mark = hours(SPEC.window, 3), np.full((SPEC.window, 3), PLAIN, np.uint8)
    mark[:, 0], mark[:-5, 1] = NOTHING, NOTHING
    mean[mark == NOTHING] = np.nan
    inputs, usable = FeatureBuilder(FeatureSpec()).build((mean, mark), 0, SERIES)
    assert usable.tolist() == [False, False, True]
    assert np.isfinite(inputs.load).all()
    assert (inputs.load[:2] == 0).all()


def test_smoothed_windows_are_taken_as_they_are() -> None:
    spec = FeatureSpec(lam=1.0)
    mean, mark = hours(spec.window, 3), np.full((spec.window, 3), PLAIN, np.uint8)
    smoothed = Smoother.for_step(60, spec.slots, 1.0).smooth(mean[-168:], mark[-168:])
    given = FeatureBuilder(spec).build(smoothed, 0, SERIES)[0]
    made = FeatureBuilder(spec).build((mean, mark), 0, SERIES)[0]
    assert given.load[2].tobytes() == made.load[2].tobytes()


def test_without_weather_and_operator_what_they_say_is_not_known() -> None:
    mean, mark = hours(SPEC.window, 3), np.full((SPEC.window, 3), PLAIN, np.uint8)
    inputs, _ = FeatureBuilder(SPEC).build((mean, mark), 0, SERIES)
    calendar = len(SPEC.calendar)
    assert np.isfinite(inputs.past[:, :, :calendar]).all()
    assert np.isnan(inputs.past[:, :, calendar:]).all()
    assert np.isnan(inputs.future[:, :, calendar:]).all()


def test_what_does_not_fit_is_refused() -> None:
    builder = FeatureBuilder(SPEC)
    mean, mark = hours(SPEC.window, 3), np.full((SPEC.window, 3), PLAIN, np.uint8)
    with pytest.raises(ValueError, match="beginning of a slot"):
        builder.build((mean, mark), 1, SERIES)
    with pytest.raises(ValueError, match="192 slots"):
        builder.build((mean[1:], mark[1:]), 0, SERIES)
    with pytest.raises(ValueError, match="3 series"):
        builder.build((mean[:, :2], mark[:, :2]), 0, SERIES)
    with pytest.raises(ValueError, match="60 min, not 30"):
        FeatureBuilder(FeatureSpec(step_minutes=30)).sample(ARCHIVE, SLOTS, ROWS)


def origin_ms(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


@pytest.mark.parametrize(
    ("night", "hours_of_the_day"), [("2026-03-29T00:00", 23), ("2026-10-25T00:00", 25)]
)
def test_days_of_23_and_25_hours_are_as_long_as_they_are(night: str, hours_of_the_day: int) -> None:
    spec = FeatureSpec(horizon_hours=48)
    mean, mark = hours(spec.window, 1), np.full((spec.window, 1), PLAIN, np.uint8)
    berlin = GridSeries(series="m", time_zone="Europe/Berlin", holidays="DE")
    inputs, _ = FeatureBuilder(spec).build((mean, mark), origin_ms(night), [berlin])
    sunday = inputs.future[0, :, spec.future.index("sunday")]
    first = 2 if hours_of_the_day == 25 else 1  # local midnight is 22:00 or 23:00 UTC
    assert sunday.sum() == hours_of_the_day - first
    hour = np.round(np.arctan2(*inputs.future[0, :, :2].T) / (2 * np.pi) * 24 - 0.5) % 24
    expected = [hour for hour in range(24) if hours_of_the_day == 25 or hour != 2]
    if hours_of_the_day == 25:
        expected.insert(2, 2)
    assert hour[: len(expected) - first].tolist() == expected[first:]
