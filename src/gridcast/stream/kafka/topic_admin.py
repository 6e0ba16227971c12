"""Topics in Kafka: missing ones are created, differences are reported, and nothing is changed.

The wanted topics follow from `gridcast.schemas.topics` and the settings. An existing topic may
differ for a good reason (a site's own retention, more partitions), so it is never altered.
"""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # it has no __all__
    AdminClient,
    ConfigResource,
    NewTopic,
    ResourceType,
    TopicMetadata,
)

from gridcast.schemas.topics import DEAD_LETTERS, TOPICS, Topic
from gridcast.stream.errors import UserError
from gridcast.stream.kafka.access import list_topics
from gridcast.stream.kafka.config import librdkafka_options
from gridcast.stream.settings import Settings

WITHIN_S = 15.0
SPARE_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class TopicState:
    """The shape of one topic, wanted or actual."""

    name: str
    partitions: int
    replication: int
    configuration: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Difference:
    """A property of a topic that is not as wanted."""

    topic: str
    what: str
    wanted: str
    actual: str

    def __str__(self) -> str:
        return f"{self.topic}: {self.what} is {self.actual}, not {self.wanted}"


@dataclass(frozen=True, slots=True)
class TopicPlan:
    """Which topics are missing, and how the existing ones differ."""

    missing: tuple[TopicState, ...]
    present: tuple[TopicState, ...]
    """The existing topics, as they are."""
    differences: tuple[Difference, ...]


def largest_message(settings: Settings, topic: Topic) -> int:
    """Return the size in bytes of the largest message that Kafka accepts on a topic."""
    # A little more than workers accept: a slightly larger message gets a dead letter with a reason.
    largest = settings.message_bytes + SPARE_BYTES
    # A dead letter contains the whole record in base64, and where it came from.
    return largest * 4 // 3 + SPARE_BYTES if topic is DEAD_LETTERS else largest


def wanted_topics(settings: Settings) -> list[TopicState]:
    """Return all topics as this deployment should have them."""
    common = {}
    if settings.replication >= 3:
        # When one replica is lost, two still have what was confirmed.
        common["min.insync.replicas"] = "2"
    return [
        TopicState(
            settings.topic_prefix + topic.name,
            settings.partitions if topic.by_series else 1,
            settings.replication,
            topic.configuration()
            | {"max.message.bytes": str(largest_message(settings, topic))}
            | common,
        )
        for topic in TOPICS
    ]


def plan(wanted: Iterable[TopicState], actual: Mapping[str, TopicState]) -> TopicPlan:
    """Compare wanted with existing topics."""
    wanted = list(wanted)
    there = [(topic, actual[topic.name]) for topic in wanted if topic.name in actual]
    return TopicPlan(
        missing=tuple(topic for topic in wanted if topic.name not in actual),
        present=tuple(is_now for _, is_now in there),
        differences=tuple(
            difference
            for should_be, is_now in there
            for difference in _differences(should_be, is_now)
        ),
    )


def _differences(wanted: TopicState, actual: TopicState) -> Iterable[Difference]:
    for what in ("partitions", "replication"):
        if getattr(wanted, what) != getattr(actual, what):
            yield Difference(
                wanted.name, what, str(getattr(wanted, what)), str(getattr(actual, what))
            )
    for what, value in wanted.configuration.items():
        is_now = actual.configuration.get(what, "not set")
        if _as_set(value) != _as_set(is_now):
            yield Difference(wanted.name, what, value, is_now)


def _as_set(value: str) -> frozenset[str]:
    """Return the set of a list of policies, which Kafka keeps in any order."""
    return frozenset(value.split(","))


def _is_led(topic: TopicMetadata) -> bool:
    partitions = topic.partitions.values()
    return bool(partitions) and all(partition.leader >= 0 for partition in partitions)


class TopicAdmin:
    """Compares a Kafka's topics with the wanted ones, and creates those that are missing."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client = AdminClient(librdkafka_options(settings))

    def look(self) -> TopicPlan:
        """Compare existing with wanted topics."""
        wanted = wanted_topics(self._settings)
        try:
            cluster = list_topics(self._settings, self._client, WITHIN_S)
            metadata = {topic.name: cluster.topics.get(topic.name) for topic in wanted}
            there = {name: topic for name, topic in metadata.items() if topic is not None}
            configurations = self._configurations(there)
        except KafkaException as error:
            raise self._unreachable(error) from None
        return plan(
            wanted,
            {
                name: TopicState(
                    name,
                    len(topic.partitions),
                    max((len(p.replicas) for p in topic.partitions.values()), default=0),
                    configurations[name],
                )
                for name, topic in there.items()
            },
        )

    def create(self, missing: Iterable[TopicState]) -> list[str]:
        """Create these topics; return the names of those created (others may have been quicker)."""
        new = [
            NewTopic(
                topic.name,
                num_partitions=topic.partitions,
                replication_factor=topic.replication,
                config=dict(topic.configuration),
            )
            for topic in missing
        ]
        if not new:
            return []
        made = []
        answers = self._client.create_topics(new, operation_timeout=WITHIN_S)
        for name, answer in answers.items():
            try:
                answer.result()
            except KafkaException as error:
                if error.args[0].code() == KafkaError.TOPIC_ALREADY_EXISTS:
                    continue
                raise UserError(f"{name} cannot be created: {error.args[0].str()}") from None
            made.append(name)
        self._wait_until_there(answers)
        return made

    def _wait_until_there(self, names: Iterable[str]) -> None:
        """Wait until topics have leaders: Kafka confirms a topic a moment earlier."""
        end = time.monotonic() + WITHIN_S
        while time.monotonic() < end:
            metadata = self._client.list_topics(timeout=WITHIN_S).topics
            if all(name in metadata and _is_led(metadata[name]) for name in names):
                return
            time.sleep(0.05)
        raise UserError(f"topics were created, but have no leaders after {WITHIN_S:.0f} s")

    def _configurations(self, names: Iterable[str]) -> dict[str, dict[str, str]]:
        resources = [ConfigResource(ResourceType.TOPIC, name) for name in names]
        if not resources:
            return {}
        answers: dict[Any, Any] = self._client.describe_configs(resources, request_timeout=WITHIN_S)
        return {
            resource.name: {name: entry.value for name, entry in answer.result().items()}
            for resource, answer in answers.items()
        }

    def _unreachable(self, error: KafkaException) -> UserError:
        why = error.args[0]
        if why.code() == KafkaError._TRANSPORT:
            return UserError(
                f"no Kafka answers at {self._settings.broker}: start one with `gridcast broker`, "
                "or name another with --broker"
            )
        return UserError(f"the Kafka at {self._settings.broker}: {why.str()}")
