"""A day in peace and the same day in a storm, on one Kafka; what came of them, compared."""

from dataclasses import dataclass
from pathlib import Path

from support.chaos.day import Day
from support.chaos.deployment import Deployment
from support.chaos.outcome import Comparison, Outcome, collect, compare, folded
from support.chaos.storm import Blow, Storm, Tell, play_calm, play_storm

from gridcast.stream.kafka.broker import Broker
from gridcast.stream.settings import Settings, load

PARTITIONS = 3


@dataclass(frozen=True)
class Experiment:
    """What was done and found."""

    storm: Storm
    blows: list[Blow]
    calm: Outcome
    stormy: Outcome
    folded: dict[str, bytes]
    """By series: its window as one process gets it that folds the readings at one go."""
    comparison: Comparison

    @property
    def is_same(self) -> bool:
        """Both days ended alike, and as the readings themselves say."""
        return self.comparison.is_same and self.calm.windows == self.folded

    def __str__(self) -> str:
        blown = sum(blow.in_hand > 0 for blow in self.blows)
        told = f"{self.storm}: {len(self.blows)} blows, {blown} with readings in hand; "
        wrong = sum(self.calm.windows.get(name) != one for name, one in self.folded.items())
        return f"{told}{self.comparison}; windows unlike their readings: {wrong}"


def play(broker: Broker, folder: Path, day: Day, storm: Storm, tell: Tell) -> Experiment:
    """Play a day twice. Logs are kept in the folder."""

    def deployment(name: str) -> Deployment:
        return Deployment(settings_of(broker, folder, name), folder / name)

    calm = deployment("calm")
    try:
        play_calm(calm, day)
    finally:
        calm.close()
    tell("played in peace")
    stormy = deployment("storm")
    try:
        blows = play_storm(stormy, day, storm, broker, tell)
    finally:
        stormy.close()
    tell("played in a storm")
    found, disturbed = collect(calm.settings), collect(stormy.settings)
    return Experiment(
        storm, blows, found, disturbed, folded(calm.settings), compare(found, disturbed)
    )


def settings_of(broker: Broker, folder: Path, name: str) -> Settings:
    """Give the settings of a deployment: the defaults, but for the horizon, to save time."""
    chosen = {
        "broker": broker.address,
        "topic_prefix": f"{name}.",
        "partitions": PARTITIONS,
        "replication": len(broker.nodes),
        "clock": "replay",
        "horizon_hours": 2.0,
        "cache_dir": folder / "cache",
    }
    return load().settings.model_copy(update=chosen)
