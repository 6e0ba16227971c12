"""Writes the dead letters about topics that every worker reads whole, so that each is written once.

One worker writes: the one with partition 0 of the readings. It commits how far it has come, and the
next writer reads on from there. If a worker is killed between a letter and the commit, that letter
is written twice, in the same bytes.
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
"""How often the offset is committed if nothing is refused: what a takeover reads again at most."""

Wrote = Callable[[str, Iterable[Reason]], None]
"""Called with the records' topic and each letter's reason when Kafka has confirmed letters."""


class LetterWriter:
    """Writes the dead letters about a topic's records while this worker is the writer.

    Parameters
    ----------
    settings
        The deployment's settings.
    topic
        The consumer of the records.
    wrote
        Counts the letters.
    """

    def __init__(self, settings: Settings, topic: BroadcastConsumer, wrote: Wrote) -> None:
        self._settings = settings
        self._topic = topic
        self._wrote = wrote
        self._written: dict[TopicPartition, int] | None = None
        """Up to here letters are written; None while another worker writes them."""
        self._remembered_s = 0.0

    async def take_over(self) -> None:
        """Become the writer, also of the letters that the former writer has not written."""
        if self._written is None:
            self._written = await self._topic.remembered()
            self._topic.go_back(self._written)

    def hand_over(self) -> None:
        """Leave writing to another worker."""
        self._written = None

    async def tell(self, batch: Batch, refused: Refused) -> None:
        """Write a letter for each refused record that has none yet."""
        written = self._written
        partition = TopicPartition(batch.topic, batch.partition)
        if written is None or batch.next_offset <= written[partition]:
            return
        if batch.begin > self._topic.done[partition]:
            return  # It was fetched before `go_back`, and will come again in its order.
        new = [
            (place, refusal)
            for place, refusal in refused
            if batch.offsets[place] >= written[partition]
        ]
        if new:
            letters = [dead_letter(batch, place, refusal) for place, refusal in new]
            messages = [(letter.key, letter.to_bytes()) for letter in letters]
            await retry_async(
                "a dead letter", lambda: send_once(self._settings, DEAD_LETTERS, messages)
            )
            self._wrote(self._topic.topic.name, [letter.reason for letter in letters])
        written[partition] = batch.next_offset
        if new or time.monotonic() - self._remembered_s > REMEMBER_EVERY_S:
            await self._topic.remember(written)
            self._remembered_s = time.monotonic()
