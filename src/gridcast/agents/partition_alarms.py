"""The alarms of one partition: raised by conditions, changed by operators, put into the outbox."""

import logging
import time
from collections.abc import Iterable, Mapping, Sequence

from gridcast.agents.commands import CommandLog
from gridcast.agents.metrics import Metrics
from gridcast.agents.outbox import Outbox
from gridcast.agents.state_table import Output
from gridcast.models.alarms import AlarmBoard, Condition
from gridcast.models.detection.condition_builder import DETECTED
from gridcast.models.records import Record, RecordKind, key_of
from gridcast.schemas import Alarm, Refusal
from gridcast.schemas.topics import ALARMS, COMMANDS

LOG = logging.getLogger("gridcast.readings")


class PartitionAlarms:
    """Keeps one partition's alarm board, and sends every change of an alarm.

    Parameters
    ----------
    number
        The partition.
    feed
        Its name in alarms.
    outbox
        Takes the alarms and the refused commands.
    metrics
        Counts the alarms.
    commands
        What operators ask for.
    """

    def __init__(
        self, number: int, feed: str, outbox: Outbox, metrics: Metrics, commands: CommandLog
    ) -> None:
        self._number, self._feed = number, feed
        self._outbox, self._metrics, self._commands = outbox, metrics, commands
        self._board = AlarmBoard(feed)

    def load(self, records: Mapping[str, bytes]) -> None:
        """Start from the records of a table."""
        self._board = AlarmBoard(self._feed, records.get(key_of(RecordKind.ALARMS)))

    def record(self) -> Record:
        """Return the board's state as a record."""
        return self._board.record()

    def judge_feed(self, conditions: Iterable[tuple[int, Condition]]) -> None:
        """Take the state of the feed, minute by minute."""
        for at_ms, condition in conditions:
            self.unshelve(at_ms)
            self._send(self._board.judge(at_ms, [condition], {condition.kind}))

    def judge_tick(self, tick_ms: int, conditions: Sequence[Condition], watched_s: float) -> None:
        """Take what the watch found at a tick; `watched_s` is how long the watch took.

        A condition that is missing from `conditions` is over.
        """
        began_s = time.monotonic()
        self._send(self._board.judge(tick_ms, conditions, DETECTED))
        self._metrics.looked(
            self._number,
            watched_s + time.monotonic() - began_s,
            rate=self._board.rate(tick_ms),
            standing=self._board.standing(),
        )

    def unshelve(self, now_ms: int) -> None:
        """Show again the alarms that were shelved until now."""
        self._send(self._board.unshelve(now_ms))

    def obey(self, commands_offset: int | None) -> int:
        """Carry out the commands from an offset on, in their order; return the next offset.

        None: the partition begins with the next command.
        """
        next_offset = self._commands.next_offset
        begin = next_offset if commands_offset is None else commands_offset
        for given in self._commands.since(begin, self._number):
            answer = self._board.command(given.command)
            if isinstance(answer, Refusal):
                self._outbox.refuse(COMMANDS, given.batch, 0, answer)
            elif answer is not None:
                self._send([answer])
        return max(begin, next_offset)

    def _send(self, alarms: Iterable[Alarm]) -> None:
        for alarm in alarms:
            self._outbox.put([Output(ALARMS, alarm.key, alarm.to_bytes())])
            self._metrics.alarmed(alarm)
            LOG.warning(
                "partition %s: alarm %s: %s",
                self._number,
                alarm.change,
                alarm.text,
                extra={"partition": self._number},
            )
