"""A small grid on the topics, as workers leave it: a day of readings, forecasts, scores, alarms."""

from datetime import UTC, datetime, timedelta

import numpy as np
from support.sending import publish

from gridcast.schemas import (
    Alarm,
    AlarmChange,
    AlarmKind,
    Forecast,
    GridSeries,
    Message,
    Priority,
    Reading,
    Rung,
    Score,
    WeatherForecast,
    WeatherObservation,
)
from gridcast.schemas.score import BandScore
from gridcast.schemas.topics import (
    ALARMS,
    FORECASTS,
    READINGS,
    SCORES,
    SERIES,
    WEATHER_FORECASTS,
    WEATHER_OBSERVATIONS,
)
from gridcast.stream.settings import Settings

STEP = timedelta(minutes=15)
HOUR = timedelta(hours=1)
DAY_SLOTS = 96
FEEDERS = ("Airport", "Harbour", "Hospital", "Market", "Old town", "Riverside", "Station")
LEVELS = [0.05, 0.25, 0.5, 0.75, 0.95]
STATION, SILENT_STATION = "st-north", "st-silent"
WIDTH = np.array([-1.64, -0.67, 0.0, 0.67, 1.64])


def name_of(feeder: str) -> str:
    return feeder.lower().replace(" ", "-")


def load(at: datetime, size: float) -> float:
    """A day's shape: a trough at night, a peak in the evening."""
    hour = at.hour + at.minute / 60
    share = 1 + 0.3 * np.sin((hour - 9) * np.pi / 12) + 0.1 * np.sin(hour * np.pi / 3)
    return size * float(share)


def slot(now: datetime) -> datetime:
    return now - (now - datetime.min.replace(tzinfo=UTC)) % STEP


def a_forecast(series: str, size: float, tick: datetime) -> Forecast:
    first = slot(tick)
    middle = np.array([load(first + n * STEP, size) for n in range(DAY_SLOTS)])
    spread = 0.02 * size * np.sqrt(np.arange(1, DAY_SLOTS + 1) / 4)
    spread[0] *= 1 - (tick - first) / STEP  # of a slot that is measured less is left to chance
    rows = middle + WIDTH[:, None] * np.minimum(spread, 0.12 * size)
    return Forecast(
        series=series,
        tick=tick,
        first=first,
        step_minutes=15,
        levels=LEVELS,
        quantiles=np.round(rows, 3).tolist(),
        rung=Rung.MODEL,
        model="lstm-quarter",
        release="2026-11",
        newest_reading=tick,
        measured=0.998,
    )


def sizes() -> dict[str, float]:
    return {name_of(name): 3_000.0 + 900.0 * place for place, name in enumerate(FEEDERS)}


def declare(settings: Settings) -> None:
    zone = GridSeries(
        series="north", kind="zone", name="North", time_zone="Europe/Berlin", station=STATION
    )
    feeders = [
        GridSeries(
            series=name_of(name),
            kind="feeder",
            parent="north",
            name=name,
            time_zone="Europe/Berlin",
            capacity_kw=20_000,
            station=SILENT_STATION if name == "Hospital" else None,
        )
        for name in FEEDERS
    ]
    publish(settings, SERIES, zone, *feeders)


def publish_past(settings: Settings, now: datetime) -> None:
    """A day of readings, and what was said of it."""
    noise = np.random.default_rng(7)
    of = sizes() | {"north": sum(sizes().values())}
    readings, said = [], []
    for back in range(2 * DAY_SLOTS, -1, -1):
        at = slot(now) - back * STEP
        for series, size in of.items():
            value = load(at, size) * (1 + 0.015 * noise.standard_normal())
            if back <= DAY_SLOTS:
                readings.append(Reading(series=series, time=at, value=round(value, 3)))
            said.append(a_forecast(series, size * (1 + 0.02 * noise.standard_normal()), at))
    publish(settings, READINGS, *readings)
    publish(settings, FORECASTS, *said)


def degrees(at: datetime) -> float:
    """Cold at night, mild in the afternoon."""
    return round(6 - 5 * float(np.cos((at.hour - 4) * np.pi / 12)), 2)


def publish_weather(settings: Settings, now: datetime) -> None:
    """A day of observations, half an hour late each, and a run that is a degree too warm."""
    hours = [now.replace(minute=0, second=0, microsecond=0) + n * HOUR for n in range(-25, 37)]
    publish(
        settings,
        WEATHER_OBSERVATIONS,
        *(
            WeatherObservation(
                station=STATION, time=at, available_at=at + HOUR / 2, temperature_c=degrees(at)
            )
            for at in hours
            if at + HOUR / 2 <= now
        ),
    )
    ahead = hours[13:]
    run = WeatherForecast(
        station=STATION,
        issued_at=ahead[0],
        available_at=ahead[0] + HOUR,
        valid_at=ahead,
        temperature_c=[degrees(at) + 1 for at in ahead],
    )
    publish(settings, WEATHER_FORECASTS, run)


def publish_now(settings: Settings, *moments: datetime, **off: float) -> None:
    """A reading and a forecast of each at every moment; `off`: how far one is from its forecast."""
    of = sizes()
    whole = of | {"north": sum(of.values())}
    readings, forecasts = [], []
    for now in moments:
        values = {one: load(now, size) * (1 + off.get(one, 0.004)) for one, size in of.items()}
        values["north"] = sum(values.values())
        readings += [
            Reading(series=one, time=now, value=round(kw, 3)) for one, kw in values.items()
        ]
        forecasts += [a_forecast(one, size, now) for one, size in whole.items()]
    publish(settings, READINGS, *readings)
    publish(settings, FORECASTS, *forecasts)


def publish_scores(settings: Settings, now: datetime) -> None:
    band = BandScore(
        from_minutes=0,
        to_minutes=60,
        rung=Rung.MODEL,
        model="lstm-quarter",
        count=60,
        mae_kw=62.0,
        bias_kw=3.0,
        pinball_kw=21.0,
        naive_mae_kw=104.0,
        coverage_90=0.91,
    )
    hour = now.replace(minute=0, second=0, microsecond=0)
    scores: list[Message] = [Score(series=one, hour=hour, bands=[band]) for one in sizes()]
    publish(settings, SCORES, *scores)


def an_alarm(
    series: str, kind: AlarmKind, priority: Priority, at: datetime, text: str, **more: object
) -> Alarm:
    return Alarm.model_validate(
        {
            "alarm": f"{kind}/{series}/0/{at:%Y-%m-%dT%H:%M:%SZ}",
            "kind": kind,
            "series": series,
            "priority": priority,
            "change": AlarmChange.RAISED,
            "changed_at": at,
            "active": True,
            "raised_at": at,
            "text": text,
            **more,
        }
    )


def publish_alarms_of_a_day(settings: Settings, now: datetime) -> None:
    ago = [now - timedelta(minutes=minutes) for minutes in (4, 21, 95, 260, 400)]
    publish(
        settings,
        ALARMS,
        an_alarm(
            "harbour",
            AlarmKind.SPIKE,
            Priority.HIGH,
            ago[0],
            "6,820 kW where 5,100 were expected, for 4 minutes",
            cause="a new large load, or a transfer from a neighbour",
            measured=6820.0,
            expected=5100.0,
            expected_low=4890.0,
            expected_high=5310.0,
            evidence={"distance_in_widths": 8.2, "neighbours_moved": 0},
        ),
        an_alarm(
            "market",
            AlarmKind.FLATLINE,
            Priority.MEDIUM,
            ago[1],
            "the same value for 21 minutes",
            cause="the meter repeats its last value",
        ),
        an_alarm("station", AlarmKind.DRIFT, Priority.LOW, ago[2], "the load has a new level"),
        an_alarm(
            "airport",
            AlarmKind.GAP,
            Priority.LOW,
            ago[3],
            "silent for 4 hours",
            change=AlarmChange.ACKNOWLEDGED,
            acknowledged_at=ago[2],
            acknowledged_by="anna",
        ),
        an_alarm(
            "hospital",
            AlarmKind.DROP,
            Priority.LOW,
            ago[4],
            "2,100 kW where 4,800 were expected",
            change=AlarmChange.CLEARED,
            active=False,
            cleared_at=ago[3],
        ),
    )


def publish_grid(settings: Settings, now: datetime) -> None:
    """All of it; Harbour is far above its forecast."""
    declare(settings)
    publish_past(settings, now - timedelta(minutes=1))
    publish_weather(settings, now)
    publish_scores(settings, now)
    publish_alarms_of_a_day(settings, now)
    publish_now(settings, now, harbour=0.16, market=-0.025)
