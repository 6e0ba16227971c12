"""The rungs under the model: what each answers, when, and that no series knows of another."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridcast.models.forecasters import FallbackForecast, Fallbacks, Why
from gridcast.models.windows.marks import ESTIMATED, NOTHING, PLAIN
from gridcast.schemas.forecast import Rung

DAY, DAYS = 24, 8
LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
MEDIAN = 2
slot = np.arange(DAYS * DAY)
WAVE = 10 + 5 * np.sin(slot / DAY * 2 * np.pi)
RUNGS = Fallbacks(DAY, DAY, LEVELS)


def forecast(window: np.ndarray, by: Fallbacks = RUNGS, **more: Any) -> FallbackForecast:
    """Forecast windows of slots, one a column or one alone; what is not a number is unknown."""
    mean = np.asarray(window, np.float32).reshape(len(window), -1)
    mark = np.where(np.isnan(mean), NOTHING, PLAIN).astype(np.uint8)
    return by.forecast(mean, mark, **more)


def rungs(answer: FallbackForecast) -> list[Rung]:
    return [Why(why).rung for why in answer.why]


def reasons(answer: FallbackForecast) -> list[str | None]:
    return [Why(why).text for why in answer.why]


def known_from(first: int, window: np.ndarray = WAVE) -> np.ndarray:
    """Give a window of which nothing before a slot is known."""
    return np.where(slot >= first, window, np.nan)


@st.composite
def windows(draw: st.DrawFn) -> np.ndarray:
    """Windows of all kinds: sizes, signs, gaps, silence, faults."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    columns = []
    for _ in range(draw(st.integers(1, 7))):
        size = 10.0 ** draw(st.integers(-30, 29))
        column = size * (rng.normal(draw(st.sampled_from([0, 3])), 1, len(slot)) + WAVE / 5)
        column[rng.random(len(slot)) < draw(st.sampled_from([0, 0.1, 0.7, 1]))] = np.nan
        column[: draw(st.sampled_from([0, 0, 100, 170, 191, 192]))] = np.nan
        column[draw(st.integers(0, len(slot) - 1))] *= draw(st.sampled_from([1, 1, 0, -1e3]))
        columns.append(np.where(rng.random() < 0.1, np.round(column), column))
    return np.stack(columns, axis=1)


@given(windows(), st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=150)
def test_a_series_answer_is_its_own_to_the_bit(window: np.ndarray, random: object) -> None:
    """Whatever stands beside it, before it, and however many they are."""
    newest = np.where(np.arange(window.shape[1]) % 3 == 0, 7.5, np.nan)
    together = forecast(window, lower=0, newest=newest)
    for column in range(window.shape[1]):
        alone = forecast(window[:, column], lower=0, newest=newest[column : column + 1])
        assert alone.quantiles.tobytes() == together.quantiles[column].tobytes()
        assert alone.why[0] == together.why[column]
    many = np.tile(window, (1, 600))  # more than are worked on at once
    repeated = forecast(many, lower=0, newest=np.tile(newest, 600)).quantiles
    assert repeated.reshape(600, -1).tobytes() == together.quantiles.tobytes() * 600


@given(windows(), st.sampled_from([-np.inf, 0.0, 2.0]))
@settings(deadline=None, max_examples=150)
def test_every_series_has_finite_quantiles_that_never_fall(
    window: np.ndarray, lower: float
) -> None:
    answer = forecast(window, lower=lower)
    assert np.isfinite(answer.quantiles).all()
    assert (np.diff(answer.quantiles, axis=1) >= 0).all()
    measured = np.fmin(lower, np.fmin.reduce(window.astype(np.float32), axis=0, initial=np.inf))
    assert (answer.quantiles >= measured.astype(np.float32)[:, None, None]).all()
    assert not (np.signbit(answer.quantiles) & (answer.quantiles == 0)).any(), "-0.0 is 0.0"


@given(windows(), st.integers(-20, 20))
@settings(deadline=None, max_examples=50)
def test_the_unit_does_not_matter(window: np.ndarray, power: int) -> None:
    window = np.where(np.abs(window) < 1e-20, 1, np.clip(window, -1e20, 1e20))
    other = forecast(window * 2.0**power)
    np.testing.assert_array_equal(other.quantiles, forecast(window).quantiles * 2.0**power)


def test_a_daily_wave_is_forecast_as_it_is() -> None:
    answer = forecast(WAVE)
    assert rungs(answer) == [Rung.SEASONAL_PROFILE]
    assert reasons(answer) == [None]
    for quantile in answer.quantiles[0]:
        np.testing.assert_allclose(quantile, WAVE[:DAY], rtol=1e-5)


def test_what_stands_higher_than_usual_is_forecast_higher_and_fades() -> None:
    usual = forecast(WAVE).quantiles[0, MEDIAN]
    higher = forecast(np.where(slot >= 7 * DAY, WAVE + 3, WAVE)).quantiles[0, MEDIAN]
    more = higher - usual
    assert 0.5 < more[0] < 3
    assert more[-1] < more[0]


def test_a_weekend_is_forecast_from_the_last_one() -> None:
    """The window begins on a Saturday and ends with one; ahead is a Sunday."""
    rng = np.random.default_rng(2)
    weekend = np.isin(slot // DAY % 7, [0, 1])
    days = np.where(weekend, 0.6, 1.0) * WAVE * (1 + 0.01 * rng.normal(size=len(slot)))
    ahead = forecast(days).quantiles[0, MEDIAN]
    np.testing.assert_allclose(ahead, 0.6 * WAVE[:DAY], rtol=0.15)


def test_a_flat_load_stays_flat_with_no_spread() -> None:
    answer = forecast(np.full(len(slot), 4.2))
    assert rungs(answer) == [Rung.SEASONAL_PROFILE]
    np.testing.assert_allclose(answer.quantiles, 4.2, rtol=1e-6)


def test_nothing_measured_is_nothing_claimed() -> None:
    answer = forecast(np.full(len(slot), np.nan))
    assert (rungs(answer), reasons(answer)) == ([Rung.LAST_LEVEL], ["nothing measured"])
    assert not answer.quantiles.any()


def test_less_than_a_day_holds_the_last_level_less_and_less_surely() -> None:
    answer = forecast(known_from(len(slot) - DAY + 1))
    assert (rungs(answer), reasons(answer)) == ([Rung.LAST_LEVEL], ["less than a day measured"])
    np.testing.assert_allclose(answer.quantiles[0, MEDIAN], WAVE[-1], rtol=1e-6)
    width = answer.quantiles[0, -1] - answer.quantiles[0, 0]
    assert (np.diff(width[:6]) > 0).all()
    assert np.ptp(width[6:]) < 1e-5


def test_one_reading_is_enough_for_a_last_level() -> None:
    answer = forecast(known_from(len(slot) - 1))
    assert answer.quantiles[0, MEDIAN, 0] == np.float32(WAVE[-1])
    assert answer.quantiles[0, 0, 0] < answer.quantiles[0, -1, 0]


def test_a_day_alone_cannot_tell_how_far_off_it_is() -> None:
    assert reasons(forecast(known_from(len(slot) - DAY))) == ["no two days to compare"]
    assert rungs(forecast(known_from(len(slot) - 2 * DAY))) == [Rung.SEASONAL_PROFILE]


@pytest.mark.parametrize(("hours", "rung"), [(6, Rung.SEASONAL_PROFILE), (7, Rung.LAST_LEVEL)])
def test_hours_of_the_day_never_measured_are_bridged_up_to_six(hours: int, rung: Rung) -> None:
    never = (slot % DAY >= 9) & (slot % DAY < 9 + hours)
    answer = forecast(np.where(never, np.nan, WAVE))
    assert rungs(answer) == [rung]
    if rung is Rung.SEASONAL_PROFILE:
        line = np.linspace(WAVE[8], WAVE[9 + hours], hours + 2)
        np.testing.assert_allclose(answer.quantiles[0, MEDIAN, 8 : 10 + hours], line, rtol=0.02)
    else:
        assert reasons(answer) == ["some hours of the day never measured"]


@pytest.mark.parametrize("silent", [1, 6, 24, 60])
def test_a_gap_up_to_now_is_forecast_over_by_the_days_before(silent: int) -> None:
    answer = forecast(np.where(slot >= len(slot) - silent, np.nan, WAVE))
    assert rungs(answer) == [Rung.SEASONAL_PROFILE]
    np.testing.assert_allclose(answer.quantiles[0, MEDIAN], WAVE[:DAY], rtol=0.01)


def test_random_gaps_hardly_matter() -> None:
    rng = np.random.default_rng(0)
    gappy = np.where(rng.random((len(slot), 50)) < 0.3, np.nan, WAVE[:, None])
    answer = forecast(gappy)
    np.testing.assert_allclose(answer.quantiles[:, MEDIAN], np.tile(WAVE[:DAY], (50, 1)), rtol=0.04)


def test_loads_below_zero_are_forecast_below_zero() -> None:
    feeding_in = WAVE - 12
    answer = forecast(feeding_in)
    np.testing.assert_allclose(answer.quantiles[0, MEDIAN], feeding_in[:DAY], atol=1e-4)


def test_the_floor_holds_unless_a_load_was_measured_below() -> None:
    rng = np.random.default_rng(1)
    noisy = np.abs(rng.normal(0, 1, len(slot)))
    assert forecast(noisy).quantiles.min() < 0
    assert forecast(noisy, lower=0).quantiles.min() == 0
    below = np.where(np.isin(slot % DAY, [12, 13]), -0.5, noisy)
    assert forecast(below, lower=0).quantiles.min() == -0.5
    both = forecast(np.stack([noisy, noisy], 1), lower=np.array([-np.inf, 0]))
    assert both.quantiles[0].min() < both.quantiles[1].min() == 0


def test_an_estimate_is_a_last_level_but_no_day_to_learn_from() -> None:
    mean = WAVE[:, None].astype(np.float32)
    answer = RUNGS.forecast(mean, np.full(mean.shape, ESTIMATED, np.uint8))
    assert reasons(answer) == ["less than a day measured"]
    assert answer.quantiles[0, MEDIAN, 0] == mean[-1, 0]


def test_the_open_slot_is_the_last_level_where_it_is_known() -> None:
    start = known_from(len(slot) - 3)
    assert forecast(start, newest=np.array([33.0])).quantiles[0, MEDIAN, 0] == 33
    nothing = np.full(len(slot), np.nan)
    answer = forecast(nothing, newest=np.array([33.0]))
    assert answer.quantiles[0, MEDIAN, 0] == 33
    assert reasons(answer) == ["less than a day measured"]


@pytest.mark.parametrize("at", [0, 80, len(slot) - 1])
@pytest.mark.parametrize("factor", [1000, -50])
def test_one_faulty_slot_is_not_seen_again_tomorrow(at: int, factor: float) -> None:
    spiked = WAVE.copy()
    spiked[at] *= factor
    ahead = forecast(spiked).quantiles[0, MEDIAN]
    assert np.abs(ahead / WAVE[:DAY] - 1).max() < 0.35


def test_a_factory_that_starts_again_is_followed_from_its_second_slot_on() -> None:
    quiet = np.full(len(slot), 10.0)
    quiet[-1] = 500
    assert forecast(quiet).quantiles[0, MEDIAN].max() < 11
    quiet[-2:] = 500
    assert forecast(quiet).quantiles[0, MEDIAN, 0] > 100


def test_a_reading_of_any_size_does_no_harm() -> None:
    window = np.tile(WAVE[:, None], (1, 4))
    window[100:103, 0] = 1e30
    window[-3:, 1] = -1e30
    window[:, 2] *= 1e-40
    window[:, 3] *= 1e28
    answer = forecast(window, newest=np.array([1e30, -1e30, np.nan, np.nan]))
    assert np.isfinite(answer.quantiles).all()
    np.testing.assert_allclose(answer.quantiles[3, MEDIAN], WAVE[:DAY] * 1e28, rtol=1e-5)


@pytest.mark.parametrize("horizon", [1, 7, 24, 25, 72])
def test_any_horizon(horizon: int) -> None:
    answer = forecast(WAVE, Fallbacks(DAY, horizon, LEVELS))
    assert answer.quantiles.shape == (1, len(LEVELS), horizon)
    wave = np.tile(WAVE[:DAY], 3)[:horizon]
    np.testing.assert_allclose(answer.quantiles[0, MEDIAN], wave, rtol=1e-5)


def test_only_whole_days_are_looked_at() -> None:
    longer = np.concatenate([[1e6] * 5, WAVE])
    assert forecast(longer).quantiles.tobytes() == forecast(WAVE).quantiles.tobytes()


def test_nine_of_ten_loads_lie_in_the_band() -> None:
    """Households that no profile explains: half of what they draw is chance."""
    rng = np.random.default_rng(5)
    series, days = 400, DAYS + 1
    hours = np.arange(days * DAY)[:, None]
    habit = 1 + np.sin((hours + rng.integers(0, DAY, series)) / DAY * 2 * np.pi) ** 2
    load = habit * rng.gamma(2, 0.5, (len(hours), series))
    answer = forecast(load[: DAYS * DAY])
    ahead = load[DAYS * DAY :].T
    inside = (ahead >= answer.quantiles[:, 0]) & (ahead <= answer.quantiles[:, -1])
    assert 0.86 < inside.mean() < 0.94


def test_every_reason_fits_into_a_forecast() -> None:
    assert all((why.text is None) == (why == Why.IT_ANSWERED) for why in Why)


@pytest.mark.parametrize("levels", [(), (0.5, 0.5), (0.0, 0.5), (0.5, 1.0), (0.9, 0.1)])
def test_levels_that_cannot_be_are_refused(levels: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="levels must rise"):
        Fallbacks(DAY, DAY, levels)


def test_a_window_shorter_than_a_day_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 24 slots"):
        forecast(WAVE[:23])
    with pytest.raises(ValueError, match="at least 1"):
        Fallbacks(DAY, 0, LEVELS)
