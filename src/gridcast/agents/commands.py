"""The agent of `load.commands`: what operators ask for about alarms.

Every worker reads all commands, without a group, and keeps them in a log. Each of its partitions
carries out those about its own alarms, and saves its commands offset in its table. So each command
is carried out once and in order, whichever worker has the partition by then.
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
    """Limits of what a command may ask for."""

    partitions: int
    """Number of partitions of the readings: alarms are in no others."""
    shelve: timedelta
    """The longest that an alarm may be shelved."""
    ahead: timedelta
    """Maximum time that a command may claim to be ahead of Kafka's timestamp."""
    message_bytes: int


@dataclass(frozen=True, slots=True)
class Given:
    """A command and where it came from."""

    command: Command
    partition: int
    """The partition of the readings whose alarm it is about."""
    batch: Batch
    """A batch with its message alone."""

    @property
    def offset(self) -> int:
        """Its offset in the topic."""
        return self.batch.begin


class CommandLog:
    """All commands that Kafka still keeps, in order."""

    def __init__(self) -> None:
        self.next_offset = 0
        """Commands before this offset were read."""
        self._given: deque[Given] = deque()

    def add(self, given: Given) -> None:
        """Append a command and drop those past retention. One that was read before is ignored."""
        if given.offset < self.next_offset:
            return
        oldest_ms = int(given.batch.sent_ms[0]) - _milliseconds(COMMANDS.kept_for)
        while self._given and self._given[0].batch.sent_ms[0] < oldest_ms:
            self._given.popleft()
        self._given.append(given)

    def since(self, offset: int, partition: int) -> Iterator[Given]:
        """Return the commands about a partition's alarms from an offset on."""
        if offset >= self.next_offset:
            return iter(())  # nearly always: this is called for every batch
        return (
            given
            for given in self._given
            if given.offset >= offset and given.partition == partition
        )


NO_COMMANDS = CommandLog()


async def commands(
    batches: AsyncIterable[Batch], log: CommandLog, tell: ReportRefusals, limits: CommandLimits
) -> None:
    """Read batches of commands into the log, and report refusals."""
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
    """Refuse what no partition could do. Only its partition knows whether an alarm exists."""
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
