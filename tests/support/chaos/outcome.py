"""What came of a day: every forecast, every window, every dead letter; and how two days compare."""

import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field

import numpy as np
from confluent_kafka import Consumer, KafkaError, Message, TopicPartition

from gridcast.models.partition import Partition
from gridcast.schemas import Reason, decode, within
from gridcast.schemas.bounds import NEVER
from gridcast.schemas.topics import DEAD_LETTERS, FORECASTS, READINGS
from gridcast.stream.kafka.config import librdkafka_options
from gridcast.stream.settings import Settings
from gridcast.stream.state.kafka_table import KafkaTable
from gridcast.stream.worker.processor_settings import processor_settings

Copies = dict[tuple[bytes, str], Counter[bytes]]
"""By series and tick: the forecasts that were seen, and how often each."""


@dataclass
class Outcome:
    """What came of a day."""

    forecasts: Copies
    """As a consumer sees them that reads what is committed."""
    all_forecasts: Copies
    """As one sees them that also reads what was given up."""
    letters: Counter[str]
    """Dead letters, but for when Kafka got the originals: that was another time."""
    windows: dict[str, bytes]
    """By series: its window, the open slot included, and every reading kept by itself."""


@dataclass
class Comparison:
    """How a disturbed day differs from a calm one."""

    forecasts: int
    lost: int
    """Forecasts, windows and dead letters that are missing."""
    differing: int
    """Forecasts and windows of other bytes; copies of a forecast that differ among themselves."""
    twice: int
    """Forecasts and dead letters seen more than once by who reads what is committed."""
    given_up: int
    """Copies that only those see who also read what was given up; identical, or they differ."""
    examples: list[str] = field(default_factory=list)

    @property
    def is_same(self) -> bool:
        """Nothing lost, nothing differing, nothing twice."""
        return not (self.lost or self.differing or self.twice)


def collect(settings: Settings) -> Outcome:
    """Read what a deployment has given out and kept; its workers have stopped."""
    letters: Counter[str] = Counter()
    for _, value in _read(settings, DEAD_LETTERS.name, "read_committed"):
        letter = json.loads(value)
        del letter["sent_at"]
        if letter["reason"] == Reason.FAR_FUTURE:
            del letter["detail"]  # it names Kafka's stamp
        letter["topic"] = letter["topic"].removeprefix(settings.topic_prefix)
        letters[json.dumps(letter, sort_keys=True)] += 1
    return Outcome(
        _forecasts(settings, "read_committed"),
        _forecasts(settings, "read_uncommitted"),
        letters,
        _windows(settings),
    )


def compare(calm: Outcome, stormy: Outcome) -> Comparison:
    """Compare two days of the same readings."""
    lost: list[str] = []
    differing: list[str] = []
    for key, copies in calm.forecasts.items():
        found = stormy.all_forecasts.get(key, Counter())
        if not stormy.forecasts.get(key):
            lost.append(f"forecast {key}")
        elif set(found) != set(copies):
            differing.append(f"forecast {key}")
    differing += [
        f"forecast {key} of no tick" for key in stormy.all_forecasts.keys() - calm.forecasts
    ]
    lost += [f"letter {letter}" for letter in calm.letters - stormy.letters]
    for series, window in calm.windows.items():
        if series not in stormy.windows:
            lost.append(f"window of {series}")
        elif stormy.windows[series] != window:
            differing.append(f"window of {series}")
    differing += [f"window of {series}" for series in stormy.windows.keys() - calm.windows]
    twice = sum((stormy.letters - calm.letters).values())
    twice += sum(copies.total() - 1 for copies in stormy.forecasts.values())
    seen = sum(copies.total() for copies in stormy.forecasts.values())
    return Comparison(
        forecasts=len(calm.forecasts),
        lost=len(lost),
        differing=len(differing),
        twice=twice,
        given_up=sum(copies.total() for copies in stormy.all_forecasts.values()) - seen,
        examples=[*lost[:5], *differing[:5]],
    )


def _forecasts(settings: Settings, isolation: str) -> Copies:
    found: Copies = defaultdict(Counter)
    for key, value in _read(settings, FORECASTS.name, isolation):
        found[key, json.loads(value)["tick"]][value] += 1
    return found


def folded(settings: Settings) -> dict[str, bytes]:
    """Return the windows of all readings, folded at once in this process."""
    spoken = processor_settings(settings)
    folded_windows: dict[str, bytes] = {}
    by_partition: dict[int, list[Message]] = defaultdict(list)
    for message in _messages(settings, READINGS.name, "read_committed"):
        by_partition[message.partition() or 0].append(message)
    for messages in by_partition.values():
        decoded = decode(
            [message.key() for message in messages],
            [message.value() for message in messages],
            limit=spoken.message_bytes,
        )
        sent_ms = np.array([message.timestamp()[1] for message in messages])
        decoded, _ = within(decoded, sent_ms, NEVER, spoken.bounds)
        offset = np.array([message.offset() for message in messages], np.int64)
        partition, of = Partition(spoken.spec, spoken.lateness_ms), decoded.message
        end = int(offset[-1]) + 1
        for _ in partition.take(decoded.readings, sent_ms[of], offset[of], end):
            pass
        folded_windows |= windows_of(partition)
    return folded_windows


def windows_of(partition: Partition) -> dict[str, bytes]:
    """Give of each series all that its window is made of."""
    windows, found = partition.windows, {}
    mean, mark = windows.cut(windows.spec.slots)
    opened = windows.open_slot()
    kept: dict[int, list[str]] = defaultdict(list)
    for minute, readings in sorted(windows.minutes.items()):
        for row, *values in zip(
            readings.row.tolist(),
            readings.offset_ms.tolist(),
            readings.value.tolist(),
            readings.revision.tolist(),
            readings.quality.tolist(),
            strict=True,
        ):
            kept[row].append(f"{minute} {values}")
    for row, name in enumerate(windows.roster.names):
        arrays = (mean[:, row], mark[:, row], opened.mean[row : row + 1])
        parts = [np.ascontiguousarray(one).tobytes() for one in arrays]
        found[name] = b"".join([*parts, "\n".join(kept[row]).encode()])
    return found


def _windows(settings: Settings) -> dict[str, bytes]:
    spoken = processor_settings(settings)
    found: dict[str, bytes] = {}
    for number in range(settings.partitions):
        table = KafkaTable(settings, number)
        records = table.open()
        table.close()
        found |= windows_of(Partition(spoken.spec, spoken.lateness_ms, records))
    return found


def _read(settings: Settings, topic: str, isolation: str) -> list[tuple[bytes, bytes]]:
    messages = _messages(settings, topic, isolation)
    return [(message.key() or b"", message.value() or b"") for message in messages]


def _messages(settings: Settings, topic: str, isolation: str) -> list[Message]:
    consumer = Consumer(
        librdkafka_options(settings)
        | {
            "group.id": "outcome",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "isolation.level": isolation,
        }
    )
    name, found = settings.topic_prefix + topic, []
    left = set(consumer.list_topics(name, timeout=10).topics[name].partitions)
    consumer.assign([TopicPartition(name, number, 0) for number in left])
    while left:
        message = consumer.poll(30)
        if message is None:
            raise TimeoutError(f"no more of {name}")
        error = message.error()
        if error is None:
            found.append(message)
        elif error.code() == KafkaError._PARTITION_EOF:
            left.discard(message.partition())
        else:
            raise RuntimeError(error.str())
    consumer.close()
    return found
