"""The readings that every engine is given, and the outputs that every engine should give."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np
from aiokafka.partitioner import DefaultPartitioner

from gridcast.schemas import Reading, ReadingFrame

METERS = 1_000
PARTITIONS = 4
EVERY_S = 15
A_MINUTE = METERS * 60 // EVERY_S
"""Readings a minute of event time."""
WINDOW_MINUTES = 60
FRAME = 500
Outputs = dict[tuple[str, int], tuple[float, float]]
"""By series or partition, and minute."""


def partition_of(key: bytes) -> int:
    """Say where Kafka's clients put a key (murmur2)."""
    places = list(range(PARTITIONS))
    return DefaultPartitioner()(key, places, places)


def place_alone(series: str) -> int:
    """Say in which partition a meter's own readings lie."""
    return partition_of(series.encode())


def place_in_frames(series: str) -> int:
    """Say in which partition the frames with a meter lie."""
    return int(series.rpartition("-")[2]) % PARTITIONS


@dataclass
class Feed:
    """So many whole minutes of all meters, and one round more, which closes the last minute."""

    minutes: int
    start_s: int
    """When the first minute begins, seconds since 1970."""
    series: list[str] = field(default_factory=lambda: [f"meter-{i:06}" for i in range(METERS)])

    @property
    def rounds(self) -> int:
        """Count the times at which all meters are read."""
        return self.minutes * 60 // EVERY_S + 1

    def __len__(self) -> int:
        return self.rounds * METERS

    def values(self, number: int) -> np.ndarray:
        """Give all meters' values of one round: multiples of 1/64, so that any sum is exact."""
        return (np.arange(METERS) * 31 + number * 17 + 641) % 1_600 / 64

    def time(self, number: int) -> str:
        """Give the time of one round."""
        return f"{datetime.fromtimestamp(self.start_s + number * EVERY_S, UTC):%Y-%m-%dT%H:%M:%SZ}"

    def readings(self) -> Iterator[tuple[bytes, bytes]]:
        """Yield key and canonical bytes of every reading, one a message."""
        keys = [name.encode() for name in self.series]
        heads = [f'{{"version":1,"series":"{name}","time":"' for name in self.series]
        for number in range(self.rounds):
            time = self.time(number)
            for key, head, value in zip(keys, heads, self.values(number).tolist(), strict=True):
                text = f'{head}{time}","value":{value!r},"unit":"kW","quality":0,"revision":0}}'
                yield key, text.encode()

    def frames(self) -> Iterator[tuple[bytes, bytes]]:
        """Yield the same in frames of 500: a quarter of the meters at two times."""
        groups = [list(range(place, METERS, PARTITIONS)) for place in range(PARTITIONS)]
        names = _frame_names()
        for number in range(0, self.rounds, 2):
            values = [self.values(n) for n in (number, number + 1) if n < self.rounds]
            for name, group in zip(names, groups, strict=True):
                frame = ReadingFrame.model_construct(
                    frame=name,
                    time=datetime.fromtimestamp(self.start_s + number * EVERY_S, UTC),
                    series=[self.series[i] for i in group] * len(values),
                    value=[value for at_once in values for value in at_once[group].tolist()],
                    offset_ms=[n * EVERY_S * 1000 for n in range(len(values)) for _ in group],
                )
                yield name.encode(), frame.to_bytes()

    def check_bytes(self) -> None:
        """See to it that the quick way of writing gives what the schemas give."""
        key, text = next(self.readings())
        assert Reading.from_bytes(text).to_bytes() == text
        assert Reading.from_bytes(text).key == key
        key, text = next(self.frames())
        frame = ReadingFrame.from_bytes(text)
        assert frame.to_bytes() == text
        assert len(frame.series) == FRAME

    def outputs(self, shape: str, *, frames: bool) -> Outputs:
        """Compute what should come out, without any engine."""
        by_minute = np.array([self.values(n) for n in range(self.rounds - 1)])
        a_minute = 60 // EVERY_S
        sums = by_minute.reshape(self.minutes, a_minute, METERS).sum(axis=1)
        first = self.start_s // 60
        if shape == "partition":
            place = place_in_frames if frames else place_alone
            places = np.array([place(name) for name in self.series])
            return {
                (str(p), first + m): (a_minute * float((places == p).sum()), total)
                for p in range(PARTITIONS)
                for m, total in enumerate(sums[:, places == p].sum(axis=1).tolist())
            }
        reach = np.cumsum(np.vstack([np.zeros(METERS), sums]), axis=0)
        expected: Outputs = {}
        for m in range(self.minutes):
            since = max(0, m + 1 - WINDOW_MINUTES)
            window = (reach[m + 1] - reach[since]) / (a_minute * (m + 1 - since))
            means = zip(self.series, sums[m] / a_minute, window, strict=True)
            expected |= {
                (name, first + m): (float(mean), float(wide)) for name, mean, wide in means
            }
        return expected


def _frame_names() -> list[str]:
    """Name four feeders whose keys lie in four partitions."""
    names: dict[int, str] = {}
    number = 0
    while len(names) < PARTITIONS:
        names.setdefault(partition_of(f"feeder-{number}".encode()), f"feeder-{number}")
        number += 1
    return [names[p] for p in range(PARTITIONS)]
