import numpy as np
import pytest
from numpy.typing import NDArray
from support.times import ms

from gridcast.models.simulator import COUNTRIES
from gridcast.models.simulator.meteorology import LEADS_H, WeatherRun, WeatherService
from gridcast.models.simulator.sun import clear_sky_wm2, elevation_sine
from gridcast.models.simulator.weather import TrueWeather
from gridcast.schemas.weather import VARIABLES

START, END = ms("2024-01-01"), ms("2024-12-31")
TEMPERATURE, HUMIDITY, WIND, CLOUD, SUN, PRESSURE = range(len(VARIABLES))


def station(
    country: str = "DE", number: int = 0, seed: int = 5
) -> tuple[TrueWeather, WeatherService]:
    place = COUNTRIES[country]
    _, latitude, longitude = place.cities[number]
    weather = TrueWeather(seed, number, place, latitude, longitude)
    return weather, WeatherService(seed, number, weather)


@pytest.fixture(scope="module")
def runs() -> list[WeatherRun]:
    return station()[1].forecasts(START, END)


@pytest.fixture(scope="module")
def errors(runs: list[WeatherRun]) -> NDArray[np.float64]:
    """Forecast less truth: run, variable, lead."""
    weather, _ = station()
    return np.stack([run.values - weather.at(run.valid_ms) for run in runs])


@pytest.mark.parametrize("variable", [TEMPERATURE, HUMIDITY, WIND, CLOUD, SUN, PRESSURE])
def test_forecasts_err_more_the_further_they_look(
    errors: NDArray[np.float64], variable: int
) -> None:
    spread = np.sqrt((errors[:, variable] ** 2).reshape(len(errors), -1).mean(axis=0))
    by_half_day = [spread[first : first + 12].mean() for first in (1, 13, 25, 37)]
    assert by_half_day == sorted(by_half_day)
    assert by_half_day[-1] > 1.4 * by_half_day[0]


def test_temperature_forecasts_err_as_much_as_real_ones(errors: NDArray[np.float64]) -> None:
    spread = np.sqrt((errors[:, TEMPERATURE] ** 2).mean(axis=0))
    assert 0.7 < spread[6] < 1.3
    assert 1.3 < spread[24] < 2.0
    assert 1.8 < spread[48] < 2.8


def test_forecasts_are_right_on_average(errors: NDArray[np.float64]) -> None:
    for variable in (TEMPERATURE, HUMIDITY, WIND, PRESSURE):
        bias = errors[:, variable].mean()
        assert abs(bias) < 0.15 * errors[:, variable].std()


def test_errors_are_alike_from_hour_to_hour_and_from_run_to_run(
    errors: NDArray[np.float64],
) -> None:
    temperature = errors[:, TEMPERATURE]
    assert np.corrcoef(temperature[:, 24], temperature[:, 25])[0, 1] > 0.9
    # the same hour, forecast six hours later
    assert 0.3 < np.corrcoef(temperature[:-1, 30], temperature[1:, 24])[0, 1] < 0.8
    assert abs(np.corrcoef(temperature[:-8, 24], temperature[8:, 24])[0, 1]) < 0.25


def test_forecasts_come_every_six_hours_and_reach_two_days_beyond_their_publication(
    runs: list[WeatherRun],
) -> None:
    assert {run.issued_ms % 21_600_000 for run in runs} == {0}
    assert len(runs) == 365 * 4
    for run in runs:
        assert len(run.valid_ms) == LEADS_H
        assert 3 * 3_600_000 < run.available_ms - run.issued_ms < 5 * 3_600_000
        assert run.valid_ms[-1] - run.available_ms >= 48 * 3_600_000


def test_observations_are_published_after_they_are_made_and_near_the_truth() -> None:
    weather, service = station()
    seen = service.observations(START, START + 30 * 86_400_000)
    delay_s = (seen.available_ms - seen.time_ms) / 1000
    assert delay_s.min() >= 180
    assert delay_s.max() <= 3600
    assert len(seen.time_ms) == 30 * 144
    off = np.abs(seen.values[TEMPERATURE] - weather.at(seen.time_ms)[TEMPERATURE])
    assert np.nanmax(off) < 1.0
    assert 0 < np.isnan(seen.values).mean() < 0.01


def test_neighbouring_stations_have_much_the_same_weather() -> None:
    times = np.arange(START, END, 3_600_000, dtype=np.int64)
    one, other = (station(number=number)[0].at(times)[TEMPERATURE] for number in (0, 2))
    day = np.exp(2j * np.pi * times / (365.25 * 86_400_000))
    season = np.stack([np.ones(len(times)), day.real, day.imag], axis=1)
    rest = [x - season @ np.linalg.lstsq(season, x, rcond=None)[0] for x in (one, other)]
    assert 0.6 < np.corrcoef(*rest)[0, 1] < 0.99


def test_seasons_are_turned_around_in_the_south() -> None:
    january, july = (
        np.arange(ms(d), ms(d) + 14 * 86_400_000, 3_600_000) for d in ("2024-01-15", "2024-07-15")
    )
    for country, sign in (("KR", 1), ("AU", -1)):
        weather, _ = station(country)
        warmer = weather.at(july)[TEMPERATURE].mean() - weather.at(january)[TEMPERATURE].mean()
        assert sign * warmer > 6


def test_the_sun_stands_where_an_almanac_says() -> None:
    # Munich, 20 June 2024: culmination 13:15 CEST at 65.3 degrees, sunset 21:17 CEST
    times = np.arange(ms("2024-06-20"), ms("2024-06-21"), 60_000, dtype=np.int64)
    sine = elevation_sine(times, 48.14, 11.58)
    assert np.degrees(np.arcsin(sine.max())) == pytest.approx(65.3, abs=0.3)
    assert abs(int(sine.argmax()) - (11 * 60 + 15)) <= 3
    sunset = int(np.flatnonzero(sine > 0)[-1])
    assert abs(sunset - (19 * 60 + 17)) <= 8  # refraction is not in the formula
    assert clear_sky_wm2(sine).max() == pytest.approx(950, abs=60)
    assert clear_sky_wm2(sine)[0] == 0
