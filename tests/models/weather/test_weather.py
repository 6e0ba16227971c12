"""Weather as of: a tick sees what was known then, whatever came when."""

import math
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.plain_weather import as_of as plainly
from support.plain_weather import ms

from gridcast.models.weather import NOT_KNOWN, Weather, WeatherAsOf
from gridcast.schemas import WeatherForecast, WeatherObservation
from gridcast.schemas.weather import VARIABLES
from gridcast.units import HOUR_MS

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
STEP_MS = HOUR_MS // 4
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
NOON_MS = ms(NOON)
PAST_MS = 2 * 24 * HOUR_MS
TEMPERATURE = VARIABLES.index("temperature_c")

Message = WeatherObservation | WeatherForecast


def observation(
    hours: float, degrees: float | None, *, after: timedelta = 5 * MINUTE, **more: Any
) -> WeatherObservation:
    time = NOON + hours * HOUR
    fields = {"station": "s", "temperature_c": degrees} | more
    return WeatherObservation(time=time, available_at=time + after, **fields)


def run(
    issued: float, *degrees: float | None, after: timedelta = HOUR, **more: Any
) -> WeatherForecast:
    """A run of hourly values from its issue on."""
    time = NOON + issued * HOUR
    fields: dict[str, Any] = {
        "station": "s",
        "valid_at": [time + n * HOUR for n in range(len(degrees))],
    } | more
    return WeatherForecast(
        issued_at=time, available_at=time + after, temperature_c=list(degrees), **fields
    )


def told(*messages: Message) -> Weather:
    weather = Weather(STEP_MS, PAST_MS)
    for message in messages:
        tell(weather, message)
    return weather


def tell(weather: Weather, message: Message) -> None:
    if isinstance(message, WeatherObservation):
        weather.observe(message)
    else:
        weather.forecast(message)


def temperatures(weather: Weather, hours: float, first: float, slots: int) -> list[float]:
    answer = weather.as_of(at(hours), at(first), slots)
    celsius: list[float] = np.round(answer.values[0, :, TEMPERATURE].astype(float), 4).tolist()
    return celsius


def at(hours: float) -> int:
    return NOON_MS + round(hours * HOUR_MS)


def assert_same(one: WeatherAsOf, other: WeatherAsOf) -> None:
    assert one.stations == other.stations
    for name in ("values", "observed_ms", "issued_ms", "places"):
        mine, theirs = getattr(one, name), getattr(other, name)
        assert mine.tobytes() == theirs.tobytes(), name


nan = pytest.approx(math.nan, nan_ok=True)


def test_a_slot_has_the_value_of_its_middle_between_two_observations() -> None:
    weather = told(observation(0, 10), observation(1, 14))
    assert temperatures(weather, 2, 0, 4) == [10.5, 11.5, 12.5, 13.5]


def test_nothing_is_said_over_a_gap_of_more_than_three_hours() -> None:
    weather = told(observation(0, 10), observation(3, 13), observation(6.5, 16))
    assert temperatures(weather, 8, 2.75, 2) == [12.875, nan]


def test_a_variable_that_was_not_measured_is_taken_from_its_neighbours() -> None:
    weather = told(
        observation(0, 10, humidity_pct=40),
        observation(0.5, None, humidity_pct=70),
        observation(1, 14, humidity_pct=50),
    )
    answer = weather.as_of(at(2), at(0.25), 1)
    assert answer.values[0, 0, :2].tolist() == [11.5, 62.5]
    assert np.isnan(answer.values[0, 0, 2:]).all()


def test_an_observation_is_seen_from_the_tick_on_at_which_it_is_available() -> None:
    weather = told(observation(0, 10), observation(1, 14, after=30 * MINUTE))
    assert temperatures(weather, 1.5 - 1 / 60, 0, 1) == [nan]
    assert temperatures(weather, 1.5, 0, 1) == [10.5]


def test_a_correction_replaces_from_its_own_availability_on() -> None:
    weather = told(observation(0, 10), observation(1, 14), observation(1, 18, after=6 * HOUR))
    assert temperatures(weather, 2, 0, 1) == [10.5]
    assert temperatures(weather, 7, 0, 1) == [11.0]
    corrected = told(observation(0, 10), observation(0, None, after=HOUR), observation(0.5, 11))
    assert temperatures(corrected, 2, 0, 1) == [nan], "also by: it was not measured"


def test_what_is_not_measured_yet_comes_from_the_newest_run() -> None:
    older = run(-12, *range(20, 68), after=HOUR)
    newer = run(-6, *range(48), after=4 * HOUR)
    weather = told(observation(-1, 20), observation(0, 22), older, newer)
    # 11:30 and 11:45 measured, then twelve hours ahead of the run from 06:00
    assert temperatures(weather, 0.25, -0.5, 4) == pytest.approx([21.25, 21.75, 6.125, 6.375])
    assert temperatures(weather, -2.1, -2, 1) == pytest.approx([30.125]), "not yet available"
    assert weather.as_of(at(0), at(0), 1).issued_ms.tolist() == [at(-6)]


def test_a_run_that_is_issued_again_replaces_the_first() -> None:
    weather = told(run(-6, *[1] * 24), run(-6, *[2] * 24, after=3 * HOUR))
    assert temperatures(weather, -4, 0, 1) == [1]
    assert temperatures(weather, -3, 0, 1) == [2]


def test_an_older_run_that_comes_later_changes_nothing() -> None:
    weather = told(run(-6, *[1] * 24), run(-12, *[2] * 24, after=9 * HOUR))
    assert temperatures(weather, 0, 0, 1) == [1]


def test_beyond_the_end_of_the_run_and_within_its_gaps_nothing_is_known() -> None:
    weather = told(run(0, 1, None, 3, valid_at=[NOON + n * 4 * HOUR for n in range(3)]))
    assert temperatures(weather, 1, 8, 1) == [nan]
    assert temperatures(weather, 1, 2, 1) == [nan], "eight hours apart without the null"


def test_a_station_is_not_known_before_its_first_message() -> None:
    weather = told(observation(0, 10), observation(1, 11, station="other"))
    assert weather.as_of(at(-1), at(0), 1).stations == ()
    assert weather.as_of(at(-1), at(0), 3).values.shape == (0, 3, 6)
    assert weather.as_of(at(0.5), at(0), 1).stations == ("s",)
    assert weather.as_of(at(2), at(0), 1).stations == ("other", "s")


def test_a_place_is_the_one_that_became_known_last() -> None:
    weather = told(
        observation(0, 1, latitude=50, longitude=8),
        observation(1, 1),
        observation(2, 1, latitude=51, longitude=9, after=3 * HOUR),
        observation(3, 1, latitude=52, longitude=10),
        run(0, 1, latitude=-5, longitude=-6),
    )
    assert weather.as_of(at(2), at(0), 1).places.tolist() == [[50, 8]]
    assert weather.as_of(at(4), at(0), 1).places.tolist() == [[52, 10]]
    assert weather.as_of(at(6), at(0), 1).places.tolist() == [[51, 9]]
    assert np.isnan(told(observation(0, 1)).as_of(at(2), at(0), 1).places).all()
    only_run = told(run(0, 1, latitude=-5, longitude=-6))
    assert only_run.as_of(at(2), at(0), 1).places.tolist() == [[-5, -6]]


def test_how_old_the_newest_observation_is_can_be_seen() -> None:
    weather = told(observation(0, 10), observation(1, 10), run(0, 1, station="other"))
    answer = weather.as_of(at(1), at(0), 1)
    assert answer.observed_ms.tolist() == [NOT_KNOWN, at(0)]
    assert answer.issued_ms.tolist() == [at(0), NOT_KNOWN]


def test_what_no_tick_can_see_any_more_is_let_go() -> None:
    weather = told(
        *(observation(-hours, 10) for hours in range(24 * 30)),
        *(run(-6 * n, *[1] * 48) for n in range(120)),
    )
    weather.settle()
    before = weather.nbytes
    answer = weather.as_of(at(0), at(-48), 300)
    weather.forget(at(0))
    assert weather.nbytes < before / 8
    assert_same(weather.as_of(at(0), at(-48), 300), answer)
    with pytest.raises(LookupError):
        weather.as_of(at(-1), at(-48), 1)
    weather.forget(at(24 * 30))
    assert weather.nbytes == 0
    assert weather.as_of(at(24 * 30), at(0), 1).stations == ()


def test_an_earlier_tick_can_be_asked_for_again_when_all_is_read_again() -> None:
    messages: list[Message] = [observation(hours, hours % 24) for hours in range(200)]
    messages += [run(hours, *[1] * 48) for hours in range(0, 200, 6)]
    weather, whole = told(*messages), told(*messages)
    weather.as_of(at(150), at(120), 50)
    weather.forget(at(150))
    weather.reach_back(at(60))
    for message in messages:
        tell(weather, message)
    assert_same(weather.as_of(at(60), at(20), 200), whole.as_of(at(60), at(20), 200))
    assert weather.late == 0


def test_what_a_tick_should_have_seen_counts_as_late_once() -> None:
    weather = told(observation(0, 10), run(0, 1, 2, 3))
    weather.as_of(at(3), at(0), 1)
    for _ in range(2):
        tell(weather, observation(0, 10))  # known already
        tell(weather, observation(1, 11))  # late
        tell(weather, observation(2, 11, after=2 * HOUR))  # in time
        tell(weather, run(0, 1, 2, 3))  # known already
        tell(weather, run(1, 1, 2, 3))  # late
        tell(weather, run(2, 1, 2, 3, after=2 * HOUR))  # in time
        weather.settle()
        assert weather.late == 2


# --- whatever comes, in whatever order ------------------------------------------------------------

quarters = st.integers(-60, 60).map(lambda quarter: quarter / 4)
degrees = st.one_of(st.none(), st.integers(-20, 35))
delays = st.integers(0, 40).map(lambda quarter: quarter * 15 * MINUTE)
stations = st.sampled_from(["a", "b"])


@st.composite
def observations(draw: st.DrawFn) -> WeatherObservation:
    place = draw(st.one_of(st.none(), st.integers(-80, 80)))
    return observation(
        draw(quarters),
        draw(degrees),
        after=draw(delays),
        station=draw(stations),
        wind_ms=draw(st.one_of(st.none(), st.integers(0, 9))),
        latitude=place,
        longitude=place,
    )


@st.composite
def runs(draw: st.DrawFn) -> WeatherForecast:
    values = draw(st.lists(degrees, min_size=1, max_size=30))
    return run(draw(quarters), *values, after=draw(delays), station=draw(stations))


def one_of_each_run(messages: list[Message]) -> list[Message]:
    """Of runs of the same station, issue and availability one: which of them wins is not told."""
    kept: dict[object, Message] = {}
    for number, one in enumerate(messages):
        if isinstance(one, WeatherForecast):
            kept[one.station, one.issued_at, one.available_at] = one
        else:
            kept[number] = one
    return list(kept.values())


feeds = st.lists(st.one_of(observations(), runs()), max_size=25)
ticks = st.integers(-60, 70).map(lambda quarter: NOON_MS + quarter * STEP_MS)
NEAR_MS = 20 * HOUR_MS - 24 * HOUR_MS  # so that the window's end lies among the messages


@settings(max_examples=150, deadline=None)
@given(feeds, ticks, st.integers(-70, 10))
def test_the_answer_is_what_the_rules_say(feed: list[Message], tick: int, first: int) -> None:
    feed = one_of_each_run(feed)
    weather = Weather(STEP_MS, NEAR_MS)
    for message in feed:
        tell(weather, message)
    start = tick + first * STEP_MS
    answer = weather.as_of(tick, start, 80)
    expected = {}
    for name in ("a", "b"):
        own = [one for one in feed if one.station == name]
        values = plainly(own, tick, start, 80, step=STEP_MS, reach=weather.reach_ms)
        if values is not None:
            expected[name] = values
    assert answer.stations == tuple(expected)
    for found, wanted in zip(answer.values, expected.values(), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5)


@settings(max_examples=150, deadline=None)
@given(feeds, st.randoms(use_true_random=False), st.lists(ticks, min_size=1, max_size=4))
def test_order_and_repetition_change_nothing(
    feed: list[Message], shuffle: random.Random, asked: list[int]
) -> None:
    """Nor does when it was asked in between, nor what was let go."""
    again = feed + shuffle.sample(feed, shuffle.randint(0, len(feed)))
    shuffle.shuffle(again)
    plain, shuffled = told(*feed), Weather(STEP_MS, PAST_MS)
    first = min(asked)
    for message in again:
        tell(shuffled, message)
        if shuffle.random() < 0.2:
            shuffled.as_of(max(asked), NOON_MS, 3)
        if shuffle.random() < 0.1:
            shuffled.forget(first - shuffle.randint(0, 3) * HOUR_MS)
    for tick in asked:
        start = tick - 40 * STEP_MS
        assert_same(shuffled.as_of(tick, start, 60), plain.as_of(tick, start, 60))


@settings(max_examples=150, deadline=None)
@given(feeds, feeds, ticks)
def test_the_future_cannot_be_seen(feed: list[Message], planted: list[Message], tick: int) -> None:
    """Whatever becomes available after a tick, about whatever time, leaves its answer as it was."""
    future = [one for one in planted if ms(one.available_at) > tick]
    start = tick - 40 * STEP_MS
    assert_same(told(*feed, *future).as_of(tick, start, 60), told(*feed).as_of(tick, start, 60))
