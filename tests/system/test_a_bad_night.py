"""Weather cut off, a model file corrupted, a third of the series silent: all at once, on a Kafka.

Every series still has a forecast at every tick, and each says truthfully which rung made it.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from support.releases import model_file, release_of
from support.site import WITHIN_S, Site, deployment

from gridcast.models.features import FeatureSpec
from gridcast.schemas import (
    Forecast,
    ReadingFrame,
    Rung,
    WeatherForecast,
    WeatherObservation,
)
from gridcast.schemas.topics import (
    READINGS,
    RELEASES,
    WEATHER_FORECASTS,
    WEATHER_OBSERVATIONS,
)

START = datetime(2026, 3, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)
DUSK, NIGHT = 30, 34
"""Hours: the windows are full by dusk; then all goes wrong at once."""
OLD_HOURS = 3
FRAMES = {f"f-{number}": [f"m-{number}a", f"m-{number}b"] for number in range(6)}
SILENT = ("f-0", "f-1")
EVERYONE = {name for series in FRAMES.values() for name in series}
SEES_WEATHER = FeatureSpec(
    lookback_hours=24,
    holidays=False,
    weather=("temperature_c",),
    weather_ahead=("temperature_c",),
)


class Night(Site):
    """A deployment, and what is sent to it."""

    def hour(self, number: int, silent: tuple[str, ...] = ()) -> None:
        """Send the readings of one hour, but for those of some feeders."""
        load = 100 + 30 * (8 <= number % 24 < 20)
        self.send(
            READINGS,
            [
                ReadingFrame(frame=frame, time=START + number * HOUR, series=s, value=[load] * 2)
                for frame, s in FRAMES.items()
                if frame not in silent
            ],
        )

    def weather(self, number: int) -> None:
        """Send what the weather is, and what it will be."""
        at = START + number * HOUR
        self.send(
            WEATHER_OBSERVATIONS,
            [WeatherObservation(station="st", time=at, available_at=at, temperature_c=8.0)],
        )
        self.send(
            WEATHER_FORECASTS,
            [
                WeatherForecast(
                    station="st",
                    issued_at=at,
                    available_at=at,
                    valid_at=[at + ahead * HOUR for ahead in range(48)],
                    temperature_c=[8.0] * 48,
                )
            ],
        )

    def release(self, name: str, minute: int, *, corrupt: bool = False) -> Path:
        """Give out a release as champion; a corrupt one is cut short on the way."""
        data = model_file(name, SEES_WEATHER, seed=minute)
        path = self.folder / f"{name}.onnx"
        path.write_bytes(data[:-100] if corrupt else data)
        self.send(RELEASES, [release_of(data, name, minute, url=path.as_uri())])
        return path

    def forecasts(self, since: datetime, until: datetime) -> list[Forecast]:
        """Wait until every series has a forecast of a tick; give those since another."""
        found = self.forecasts_until(until, EVERYONE)
        return [one for one in found if since < one.tick <= until]


@pytest.fixture
def night(kafka: str, tmp_path: Path) -> Iterator[Night]:
    chosen = {
        "step_minutes": "60",
        "levels": "0.05,0.5,0.95",
        "clock": "replay",
        "model": "none",
        "weather_old_hours": str(OLD_HOURS),
    }
    it = Night(deployment(kafka, tmp_path), tmp_path, **chosen)
    yield it
    it.end()


def test_when_all_goes_wrong_every_series_has_a_forecast_that_says_how_it_was_made(
    night: Night,
) -> None:
    path = night.release("good", 0)
    worker = night.start_worker()
    night.wait_until_said("small good")
    for number in range(DUSK):
        night.weather(number)
        night.hour(number)
    dusk = START + (DUSK - 1) * HOUR
    evening = night.forecasts(dusk - HOUR, dusk)
    by_model = {one.series for one in evening if one.rung is Rung.MODEL}
    assert by_model == EVERYONE
    assert all(one.weather_issued_at is not None for one in evening)

    night.release("corrupt", 1, corrupt=True)
    night.wait_until_said("corrupt")
    for number in range(DUSK, NIGHT + OLD_HOURS):
        night.hour(number, SILENT)
    late = START + (NIGHT + OLD_HOURS - 1) * HOUR
    found = night.forecasts(dusk, late)
    told = _each_tick_once(found)
    for tick, one in told.items():
        age = tick - dusk
        for forecast in one.values():
            assert (forecast.model, forecast.release) == ("small", "good")
            if age <= OLD_HOURS * HOUR:
                assert forecast.rung is Rung.MODEL
                assert forecast.weather_issued_at is not None
            else:
                assert forecast.rung is Rung.MODEL_WITHOUT_WEATHER
                assert forecast.reason == f"the weather forecast is {age // HOUR} h old"
                assert forecast.weather_issued_at is None
    silent = {name for frame in SILENT for name in FRAMES[frame]}
    measured = {one.series: one.measured for one in told[late].values()}
    assert max(measured[name] for name in silent) < min(measured[n] for n in EVERYONE - silent)

    worker.terminate()
    assert worker.wait(WITHIN_S) == 0
    path.write_bytes(path.read_bytes()[:-100])
    for cached in night.settings.cache_dir.rglob("*"):
        if cached.is_file():
            cached.write_bytes(cached.read_bytes()[:-100])
    night.start_worker()
    for number in range(NIGHT + OLD_HOURS, NIGHT + OLD_HOURS + 2):
        night.hour(number, SILENT)
    dawn = late + 2 * HOUR
    for forecast in night.forecasts(late, dawn):
        assert forecast.rung in {Rung.SEASONAL_PROFILE, Rung.LAST_LEVEL}
        assert (forecast.model, forecast.release) == (None, None)
        assert forecast.reason is not None
        assert "refused" in forecast.reason or forecast.rung is Rung.LAST_LEVEL


def _each_tick_once(found: list[Forecast]) -> dict[datetime, dict[str, Forecast]]:
    """Sort by tick; every tick has each series once, and no tick between is missing."""
    told: dict[datetime, dict[str, Forecast]] = defaultdict(dict)
    for one in found:
        assert one.series not in told[one.tick], "a series was answered twice"
        told[one.tick][one.series] = one
    ticks = sorted(told)
    assert all(later - tick == timedelta(minutes=1) for tick, later in pairwise(ticks))
    assert all(set(one) == EVERYONE for one in told.values())
    return told
