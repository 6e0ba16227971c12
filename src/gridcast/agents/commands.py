"""The agent of `load.commands`: what operators want, for those who hold the alarms.

Every worker reads all commands, in no group, and remembers them. Each partition in its hands does
those about its own alarms, and keeps in its table up to where it did: so each is done once, in
their order, whoever holds the partition by then.
"""

from collections import deque
from collections.abc import AsyncIterable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from gridcast.agents.batch import Batch
from gridcast.agents.dead_letter import ReportRefusals
from gridcast.models.alarms import partition_of
from gridcast.schemas import Command, Message, Reason, Refusal, read
from gridcast.schemas.bounds import ahead_of_stamp
from gridcast.schemas.topics import COMMANDS


@dataclass(frozen=True, slots=True)
class CommandLimits:
    """What a command may ask for."""

    partitions: int
    """How many the readings have: alarms are in no others."""
    shelve: timedelta
    """The longest that an alarm may be shelved."""
    ahead: timedelta
    """How much later than Kafka's stamp a command may claim to be."""
    message_bytes: int


@dataclass(frozen=True, slots=True)
class Given:
    """A command that was given."""

    command: Command
    partition: int
    """Of the readings: the one whose alarms it is about."""
    batch: Batch
    """Itself alone, as it came."""

    @property
    def offset(self) -> int:
        """Its place among all commands."""
        return self.batch.begin


class CommandLog:
    """The commands, in the order in which Kafka has them."""

    def __init__(self) -> None:
        self.next_offset = 0
        """Up to where they are known."""
        self._given: deque[Given] = deque()

    def add(self, given: Given) -> None:
        """Remember a command; for as long as Kafka does. One that comes again is known."""
        if given.offset < self.next_offset:
            return
        oldest_ms = int(given.batch.sent_ms[0]) - _milliseconds(COMMANDS.kept_for)
        while self._given and self._given[0].batch.sent_ms[0] < oldest_ms:
            self._given.popleft()
        self._given.append(given)

    def since(self, offset: int, partition: int) -> Iterator[Given]:
        """Give the commands about a partition's alarms from an offset on."""
        if offset >= self.next_offset:
            return iter(())  # as nearly always: it is asked with every batch
        return (
            given
            for given in self._given
            if given.offset >= offset and given.partition == partition
        )


NO_COMMANDS = CommandLog()


async def commands(
    batches: AsyncIterable[Batch], log: CommandLog, tell: ReportRefusals, limits: CommandLimits
) -> None:
    """Take batches for as long as there are any."""
    async for batch in batches:
        refused = []
        for place in range(len(batch)):
            found = _judge(batch, place, limits)
            if isinstance(found, Refusal):
                refused.append((place, found))
            else:
                log.add(found)
        log.next_offset = max(log.next_offset, batch.next_offset)
        await tell(batch, refused)


def _judge(batch: Batch, place: int, limits: CommandLimits) -> Given | Refusal:
    """Refuse what nobody could do; whether there is such an alarm, its partition knows."""
    found: Message | Refusal | None = read(
        COMMANDS, batch.keys[place], batch.values[place], limit=limits.message_bytes
    )
    if not isinstance(found, Command):
        return found if isinstance(found, Refusal) else Refusal(Reason.EMPTY, "no bytes")
    if refused := ahead_of_stamp("at", found.at, int(batch.sent_ms[place]), limits.ahead):
        return refused
    if found.until is not None and found.until - found.at > limits.shelve:
        hours = limits.shelve / timedelta(hours=1)
        return Refusal(
            Reason.OUT_OF_RANGE, f"until: an alarm is shelved for {hours:g} hours at most"
        )
    partition = partition_of(found.alarm)
    if partition is None or partition >= limits.partitions:
        return Refusal(Reason.UNKNOWN_ALARM, "alarm: there is none of this name")
    return Given(found, partition, batch.only(place))


def _milliseconds(time: timedelta | None) -> int:
    return 0 if time is None else time // timedelta(milliseconds=1)
