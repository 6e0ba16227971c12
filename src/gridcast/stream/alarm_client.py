"""The operator's view of the alarms topic, and sending commands about alarms."""

import time

from gridcast.schemas import Alarm, Command, read
from gridcast.schemas.topics import ALARMS, COMMANDS
from gridcast.stream.errors import UserError
from gridcast.stream.kafka.bulk_producer import BulkProducer
from gridcast.stream.kafka.compacted_topic import latest_by_key
from gridcast.stream.kafka.topic_admin import TopicAdmin
from gridcast.stream.settings import Settings

LOOK_EVERY_S = 0.3


class AlarmClient:
    """A client of a deployment's alarms and commands."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._topic = settings.topic_prefix + ALARMS.name
        there = {topic.name: topic for topic in TopicAdmin(settings).look().present}
        if self._topic not in there:
            raise UserError(f"no topic {self._topic}; create it with `gridcast topics create`")
        self._partitions = range(there[self._topic].partitions)

    def alarms(self) -> list[Alarm]:
        """Return the current state of each alarm, oldest first, including cleared ones."""
        alarms = []
        for partition in self._partitions:
            for key, value in latest_by_key(self._settings, self._topic, partition).items():
                alarm = read(ALARMS, key, value)
                if isinstance(alarm, Alarm):
                    alarms.append(alarm)
        return sorted(alarms, key=lambda alarm: (alarm.raised_at, alarm.alarm))

    def active(self, name: str) -> Alarm:
        """Return an active alarm; a :class:`UserError` if there is none of this name."""
        alarm = self._find(name)
        if alarm is None:
            raise UserError(f"there is no alarm {name} (`gridcast alarms list` names them)")
        if not alarm.active:
            raise UserError(f"{name} is over since {alarm.cleared_at:%Y-%m-%dT%H:%M:%SZ}")
        return alarm

    def send(self, command: Command) -> None:
        """Send a command; return when Kafka has confirmed it."""
        producer = BulkProducer(self._settings, [COMMANDS])
        producer.send(COMMANDS, [(command.alarm.encode(), command.to_bytes())])
        producer.flush()

    def wait(self, before: Alarm, within_s: float) -> Alarm | None:
        """Wait until an alarm has changed, and return it; None if it does not change in time."""
        end = time.monotonic() + within_s
        while time.monotonic() < end:
            alarm = self._find(before.alarm)
            if alarm is not None and alarm != before:
                return alarm
            time.sleep(LOOK_EVERY_S)
        return None

    def _find(self, name: str) -> Alarm | None:
        return next((alarm for alarm in self.alarms() if alarm.alarm == name), None)
