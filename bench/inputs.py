"""From windows, calendars and weather to a network's inputs: what that costs beside the network.

Serving makes them for many series at one origin, training for many origins. Weather as of an
origin is looked up in training; the peer asks `Weather.as_of`, as a tick does, for one after
another. That both give the same is a test (`tests/models/test_past_weather.py`).
"""

from datetime import UTC, datetime, timedelta

import numpy as np
from common import arguments, in_turn, result, show

from gridcast.models.archive import Archive
from gridcast.models.features import FeatureBuilder, FeatureSpec
from gridcast.models.weather import Weather
from gridcast.models.windows.marks import NOTHING, PLAIN
from gridcast.schemas import GridSeries, WeatherObservation
from gridcast.units import HOUR_MS

START = datetime(2020, 1, 1, tzinfo=UTC)
START_MS = int(START.timestamp() * 1000)
SERIES, SAMPLES = 2_048, 256
ZONE = {"time_zone": "Europe/Berlin", "holidays": "DE"}


def serving(step: int, missing: float) -> dict[str, object]:
    """Give the call that makes the inputs of all series at one origin."""
    spec = FeatureSpec(step_minutes=step)
    rng = np.random.default_rng(0)
    mean = (10 + rng.normal(size=(spec.window, SERIES))).astype(np.float32)
    mark = np.where(rng.random(mean.shape) < missing, NOTHING, PLAIN).astype(np.uint8)
    series = [GridSeries(series=f"m-{row}", **ZONE) for row in range(SERIES)]
    builder = FeatureBuilder(spec)
    return {
        f"serve_{step}min_{missing:.0%}_missing": lambda: builder.build(
            (mean, mark), START_MS, series
        )
    }


def training(hours: int) -> dict[str, object]:
    """Give the calls that make a batch of samples with different origins."""
    rng = np.random.default_rng(0)
    weather = Weather(HOUR_MS, 8 * 24 * HOUR_MS)
    for hour in range(hours):
        time = START + timedelta(hours=hour)
        weather.observe(
            WeatherObservation(
                station="st", time=time, available_at=time, temperature_c=rng.normal()
            )
        )
    zone = (GridSeries(series="z", **ZONE),)
    archive = Archive.of(START_MS, 60, zone, 10 + rng.normal(size=(hours, 1)), weather)
    slots, rows = rng.integers(200, hours - 200, SAMPLES), np.zeros(SAMPLES, np.int64)
    plain = FeatureBuilder(FeatureSpec(lam=0.1))
    warm = FeatureBuilder(FeatureSpec(lam=0.1, weather=("temperature_c",)))

    def tick_by_tick() -> None:
        for origin in archive.begin_ms(slots).tolist():
            weather.as_of(origin, origin - 168 * HOUR_MS, 192)

    return {
        "samples": lambda: plain.sample(archive, slots, rows),
        "samples_with_weather": lambda: warm.sample(archive, slots, rows),
        "weather_looked_up": lambda: archive.weather_as_of(slots, rows, 168, 192),
        "weather_tick_by_tick": tick_by_tick,
    }


def main() -> None:
    options = arguments(__doc__ or "").parse_args()
    calls: dict = {}
    for step in (60, 15, 10):
        for missing in (0.0, 0.01):
            calls |= serving(step, missing)
    calls |= training(8_000 if options.quick else 35_000)
    runs = in_turn(calls, 5 if options.quick else 15)
    limits = {"serve_60min_0%_missing": "< 50", "serve_15min_0%_missing": "< 50", "samples": "< 10"}
    show(
        f"Inputs: of {SERIES:,} series at one origin, and of {SAMPLES} origins",
        ["", "wall, ms", "CPU, ms", "limit"],
        [
            [name.replace("_", " "), f"{1e3 * run.wall_s:.1f}", f"{1e3 * run.cpu_s:.1f}", limit]
            for name, run in runs.items()
            for limit in [limits.get(name, "")]
        ],
    )
    figures = {
        f"{name.replace('%', '')}_cpu_ms": round(1e3 * run.cpu_s, 2) for name, run in runs.items()
    }
    if options.json:
        print(result("inputs", figures))


if __name__ == "__main__":
    main()
