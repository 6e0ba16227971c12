"""The topics: their messages, keys and retention (docs/reference/topics.md)."""

from dataclasses import dataclass
from datetime import timedelta

from gridcast.schemas.alarm import Alarm
from gridcast.schemas.command import Command
from gridcast.schemas.dead_letter import DeadLetter
from gridcast.schemas.forecast import Forecast
from gridcast.schemas.message import Message
from gridcast.schemas.reading import Reading, ReadingFrame
from gridcast.schemas.release import Release, ReleaseRefused
from gridcast.schemas.replayed_letters import ReplayedLetters
from gridcast.schemas.score import Score
from gridcast.schemas.series import GridSeries
from gridcast.schemas.weather import WeatherForecast, WeatherObservation


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic. Its name is without the deployment's prefix."""

    name: str
    about: str
    """One line for people about the contents."""
    models: tuple[type[Message], ...]
    """The kinds of messages on it, told apart by their fields."""
    key: str
    """The Kafka key, in words."""
    by_series: bool
    """True if it has the deployment's number of partitions. Otherwise it has one, which every
    reader reads whole."""
    compacted: bool
    """True if the newest message of each key is kept for ever. A message without a value deletes
    its key."""
    kept_for: timedelta | None
    """Retention of every message; None if compaction alone deletes."""
    rewritten: bool = False
    """True if the same keys are written all the time. It is compacted early, so that reading it
    whole stays fast."""

    def __hash__(self) -> int:
        return hash(self.name)  # computed for every message: hashing all fields would be slow

    def configuration(self) -> dict[str, str]:
        """Return Kafka's topic configuration."""
        policies = ["compact"] * self.compacted + ["delete"] * (self.kept_for is not None)
        kept_ms = -1 if self.kept_for is None else int(self.kept_for / timedelta(milliseconds=1))
        return {
            "cleanup.policy": ",".join(policies),
            "retention.ms": str(kept_ms),
            # Retention counts from Kafka's own timestamp. With the producer's timestamps, a
            # history that is replayed today would be deleted on arrival.
            "message.timestamp.type": "LogAppendTime",
        } | (COMPACTED_EARLY if self.rewritten else {})


# Why these: docs/decisions/table.md.
COMPACTED_EARLY = {
    "segment.bytes": str(32 * 1024 * 1024),
    "min.cleanable.dirty.ratio": "0.2",
    "max.compaction.lag.ms": str(60 * 60 * 1000),
}


# Eight days of window, and a day to notice that no worker was reading.
NINE_DAYS = timedelta(days=9)
EIGHT_DAYS = timedelta(days=8)
A_QUARTER = timedelta(days=90)

READINGS = Topic(
    "meter.readings",
    "What was measured, one reading a message or a frame of many.",
    (Reading, ReadingFrame),
    key="series, or what the series of a frame have in common",
    by_series=True,
    compacted=False,
    kept_for=NINE_DAYS,
)
WEATHER_OBSERVATIONS = Topic(
    "weather.observations",
    "Measured weather.",
    (WeatherObservation,),
    key="station",
    by_series=False,
    compacted=False,
    kept_for=NINE_DAYS,
)
WEATHER_FORECASTS = Topic(
    "weather.forecasts",
    "Forecast weather, one run of one station a message.",
    (WeatherForecast,),
    key="station",
    by_series=False,
    compacted=False,
    kept_for=NINE_DAYS,
)
SERIES = Topic(
    "grid.series",
    "What is known of each series.",
    (GridSeries,),
    key="series",
    by_series=False,
    compacted=True,
    kept_for=None,
)
RELEASES = Topic(
    "model.releases",
    "Which model release serves in which role, and which could not be taken into use.",
    (Release, ReleaseRefused),
    key="kind of series, model and release",
    by_series=False,
    compacted=True,
    kept_for=None,
)
FORECASTS = Topic(
    "load.forecasts",
    "The forecasts, one series and tick a message.",
    (Forecast,),
    key="series",
    by_series=True,
    compacted=True,
    kept_for=EIGHT_DAYS,
)
SCORES = Topic(
    "load.scores",
    "Forecasts verified against what came.",
    (Score,),
    key="series",
    by_series=True,
    compacted=False,
    kept_for=EIGHT_DAYS,
)
ALARMS = Topic(
    "load.alarms",
    "Alarms and their changes of state.",
    (Alarm,),
    key="alarm",
    by_series=True,
    compacted=True,
    kept_for=A_QUARTER,
)
COMMANDS = Topic(
    "load.commands",
    "What operators want done about alarms; kept as long as these.",
    (Command,),
    key="alarm",
    by_series=False,
    compacted=False,
    kept_for=A_QUARTER,
)
DEAD_LETTERS = Topic(
    "gridcast.dead-letters",
    "Records that could not be used, and why; and which of them were sent again.",
    (DeadLetter, ReplayedLetters),
    key="key of the original",
    by_series=False,
    compacted=False,
    kept_for=A_QUARTER,
)

STATE = Topic(
    "gridcast.state",
    "What the workers keep of each partition; for them alone, not JSON.",
    (),
    key="record",
    by_series=True,
    compacted=True,
    kept_for=None,
    rewritten=True,
)

TOPICS = (
    READINGS,
    WEATHER_OBSERVATIONS,
    WEATHER_FORECASTS,
    SERIES,
    RELEASES,
    FORECASTS,
    SCORES,
    ALARMS,
    COMMANDS,
    DEAD_LETTERS,
    STATE,
)
