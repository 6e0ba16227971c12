"""Operators' commands, from the gateway to `load.commands`, in the name of the operator."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from aiokafka.errors import KafkaError
from pydantic import ValidationError

from gridcast.schemas import Action, Alarm, Command
from gridcast.schemas.gateway import Act, RefusedBecause
from gridcast.schemas.topics import COMMANDS
from gridcast.stream.kafka.access import as_user_error
from gridcast.stream.kafka.producer import connect_producer
from gridcast.stream.kafka.retry import retry_async
from gridcast.stream.settings import Settings

WITHIN_MS = 10_000


class CommandRefused(Exception):  # noqa: N818 - an answer to the client, not a failure
    """A command that was not sent, and why."""

    def __init__(self, because: RefusedBecause, detail: str) -> None:
        super().__init__(detail)
        self.because = because
        self.detail = detail


def new_command(
    act: Act, alarm: Alarm | None, who: str, now: datetime, longest: timedelta
) -> Command:
    """Return the command for an operator's request.

    Raises
    ------
    CommandRefused
        The alarm is over or unknown, or the request is invalid.
    """
    if alarm is None or not alarm.active:
        detail = "there is no such alarm" if alarm is None else "the alarm is over"
        raise CommandRefused(RefusedBecause.UNKNOWN_ALARM, detail)
    if act.action is Action.SHELVE and act.until is not None and act.until > now + longest:
        hours = longest / timedelta(hours=1)
        raise CommandRefused(
            RefusedBecause.BAD_MESSAGE, f"an alarm is shelved for {hours:g} hours at most"
        )
    try:
        return Command(
            command=str(uuid4()),
            alarm=act.alarm,
            action=act.action,
            by=who,
            at=now,
            until=act.until,
            note=act.note,
        )
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise CommandRefused(RefusedBecause.BAD_MESSAGE, first["msg"]) from None


class CommandSender:
    """Publishes commands."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._topic = settings.topic_prefix + COMMANDS.name
        self._producer: Any = None

    async def start(self) -> None:
        """Connect to Kafka, and keep trying until that works."""
        self._producer = await retry_async("sending commands", self._connect)

    async def stop(self) -> None:
        """Send everything that is buffered, and disconnect."""
        if self._producer is not None:
            await self._producer.stop()

    async def send(self, act: Act, alarm: Alarm | None, who: str) -> Command:
        """Publish a command and return it once Kafka has it.

        Raises
        ------
        CommandRefused
            The command is invalid, or Kafka is not available.
        """
        if self._producer is None:
            raise CommandRefused(RefusedBecause.UNAVAILABLE, "Kafka does not answer yet")
        longest = timedelta(hours=self._settings.shelve_hours)
        command = new_command(act, alarm, who, datetime.now(UTC), longest)
        try:
            delivery = self._producer.send_and_wait(self._topic, command.to_bytes(), command.key)
            await asyncio.wait_for(delivery, WITHIN_MS / 1000)
        except TimeoutError:  # aiokafka itself would try for as long as there is no broker
            reason = (
                f"Kafka has not confirmed the command within {WITHIN_MS // 1000} s;"
                " it may still be carried out"
            )
            raise CommandRefused(RefusedBecause.UNAVAILABLE, reason) from None
        except KafkaError as error:
            reason = str(as_user_error(error))
            raise CommandRefused(
                RefusedBecause.UNAVAILABLE, f"Kafka has not confirmed the command: {reason}"
            ) from None
        return command

    async def _connect(self) -> Any:
        return await connect_producer(self._settings, acks="all", request_timeout_ms=WITHIN_MS)
