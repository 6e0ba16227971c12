"""Writes the dead letters about what every worker reads, so that each is written once.

One worker writes: the one that has partition 0 of the readings. How far it came is remembered in
Kafka. Who takes over reads from there once more and goes on; a worker that is killed between a
letter and the remembering leaves one that is written twice, in the same bytes.
"""

import time
from collections.abc import Callable, Iterable

from aiokafka import TopicPartition

from gridcast.agents.batch import Batch
from gridcast.agents.dead_letter import Refused, dead_letter
from gridcast.schemas import Reason
from gridcast.schemas.topics import DEAD_LETTERS
from gridcast.stream.kafka.broadcast_consumer import BroadcastConsumer
from gridcast.stream.kafka.producer import send_once
from gridcast.stream.kafka.retry import retry_async
from gridcast.stream.settings import Settings

REMEMBER_EVERY_S = 60.0
"""Where nothing was refused, how much there is to be read again after a takeover."""

Wrote = Callable[[str, Iterable[Reason]], None]
"""Told of letters that Kafka has confirmed: the topic of the records, and each one's reason."""


class LetterWriter:
    """Writes letters about a topic's records, while that is this worker's task.

    Parameters
    ----------
    topic
        Where the records come from.
    wrote
        Counts the letters.
    """

    def __init__(self, settings: Settings, topic: BroadcastConsumer, wrote: Wrote) -> None:
        self._settings = settings
        self._topic = topic
        self._wrote = wrote
        self._told: dict[TopicPartition, int] | None = None
        """Up to where there are letters, while it is our task to write them."""
        self._remembered_s = 0.0

    async def take_over(self) -> None:
        """Write the letters from now on, and those that nobody wrote yet."""
        if self._told is None:
            self._told = await self._topic.remembered()
            self._topic.go_back(self._told)

    def hand_over(self) -> None:
        """Leave the letters to another worker."""
        self._told = None

    async def tell(self, batch: Batch, refused: Refused) -> None:
        """Write a letter for each record that was refused and has none."""
        told = self._told
        partition = TopicPartition(batch.topic, batch.partition)
        if told is None or batch.next_offset <= told[partition]:
            return
        new = [one for one in refused if batch.offsets[one[0]] >= told[partition]]
        if new:
            letters = [dead_letter(batch, place, refusal) for place, refusal in new]
            messages = [(letter.key, letter.to_bytes()) for letter in letters]
            await retry_async(
                "a dead letter", lambda: send_once(self._settings, DEAD_LETTERS, messages)
            )
            self._wrote(self._topic.topic.name, [letter.reason for letter in letters])
        told[partition] = batch.next_offset
        if new or time.monotonic() - self._remembered_s > REMEMBER_EVERY_S:
            await self._topic.remember(told)
            self._remembered_s = time.monotonic()
