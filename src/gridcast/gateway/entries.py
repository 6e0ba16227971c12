"""What is known of one thing, as the message that tells a client of it.

A message of Kafka is put into the gateway's own as it stands, byte for byte: it is read to see
that it is whole, and never written again.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, NamedTuple

import msgspec

from gridcast.agents.batch import Batch
from gridcast.gateway.protocol import Format, Packet
from gridcast.schemas import Alarm, Message, Refusal, read
from gridcast.schemas.codec import weigh
from gridcast.schemas.gateway import Gone, What
from gridcast.schemas.reasons import Reason
from gridcast.schemas.topics import ALARMS, FORECASTS, READINGS, SCORES, SERIES, Topic

TOPIC_OF = {
    What.SERIES: SERIES,
    What.FORECAST: FORECASTS,
    What.ALARM: ALARMS,
    What.SCORE: SCORES,
    What.READING: READINGS,
}
Kilowatts = list[float]


class _Forecast(msgspec.Struct):
    """What must hold of a forecast for it to be shown.

    There are thousands a minute, and pydantic takes ten times as long for each.
    """

    series: str
    tick: str
    first: str
    step_minutes: int
    levels: list[float]
    quantiles: Annotated[list[Kilowatts], msgspec.Meta(min_length=1)]
    rung: str
    measured: float
    version: int = 1


_FORECAST = msgspec.json.Decoder(_Forecast)


@dataclass(frozen=True)
class Entry:
    """The newest of one thing: a series, its forecast, score or reading, or an alarm."""

    what: What
    key: str
    """Which series or alarm."""
    series: str
    """The series that it is of, or where the alarm was seen."""
    partition: int
    offset: int
    """Its place in the topic."""
    sent_ms: int
    """Kafka's stamp of it."""
    packet: Packet
    is_gone: bool = False
    message: Message | None = None
    """Of an alarm and a series, which the gateway itself looks into."""

    @cached_property
    def binary(self) -> Packet:
        """The same for those who asked for the compact form."""
        return self.packet.to(Format.MSGPACK)

    def to(self, form: Format) -> Packet:
        """Give the message in a form."""
        return self.packet if form is Format.JSON else self.binary

    @property
    def value(self) -> bytes:
        """The message of Kafka that is in it."""
        start = len(_head(self.what, self.partition, self.offset))
        return self.packet.payload[start:-1]

    @property
    def is_over(self) -> bool:
        """Tell whether it is an alarm that nobody need look at any more."""
        return isinstance(self.message, Alarm) and not self.message.active


class KafkaMessage(NamedTuple):
    """One message as Kafka has it."""

    partition: int
    offset: int
    sent_ms: int
    key: bytes | None
    value: bytes | None


def message_at(batch: Batch, place: int) -> KafkaMessage:
    """Take one message from a batch."""
    return KafkaMessage(
        batch.partition,
        batch.offsets[place],
        int(batch.sent_ms[place]),
        batch.keys[place],
        batch.values[place],
    )


def read_entry(what: What, taken: KafkaMessage, limit: int) -> Entry | Refusal:
    """Read one message of a topic, of at most so many bytes."""
    partition, offset, sent_ms, key, value = taken
    name = (key or b"").decode(errors="replace")
    if value is None and key is not None and TOPIC_OF[what].compacted:
        gone = Gone(seq=(partition, offset), what=what, key=name)
        packet = Packet(gone.to_bytes(), Format.JSON)
        return Entry(what, name, name, partition, offset, sent_ms, packet, is_gone=True)
    found = _read(what, key, value, limit)
    if isinstance(found, Refusal):
        return found
    series = found.series if isinstance(found, Alarm) else name
    payload = b"".join((_head(what, partition, offset), value or b"", b"}"))
    packet = Packet(payload, Format.JSON)
    return Entry(what, name, series, partition, offset, sent_ms, packet, message=found)


def _head(what: What, partition: int, offset: int) -> bytes:
    return f'{{"type":"{what}","seq":[{partition},{offset}],"{what}":'.encode()


def _read(
    what: What, key: bytes | None, value: bytes | None, limit: int
) -> Message | Refusal | None:
    if what is What.FORECAST:
        return _look_at_forecast(key, value, limit)
    topic: Topic = TOPIC_OF[what]
    found = read(topic, key, value, limit=limit)
    if what is What.SCORE and not isinstance(found, Refusal):
        return None
    return found


def _look_at_forecast(key: bytes | None, value: bytes | None, limit: int) -> Refusal | None:
    if (refused := weigh(value, limit)) is not None:
        return refused
    try:
        found = _FORECAST.decode(value or b"")
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        return Refusal(Reason.WRONG_TYPE, str(error)[:300])
    if found.version != 1:
        return Refusal(Reason.UNKNOWN_VERSION, f"version {found.version}")
    if found.series.encode() != key:
        return Refusal(Reason.WRONG_KEY, f"the key is not {found.series[:40]!r}")
    widths = {len(row) for row in found.quantiles}
    if len(found.quantiles) != len(found.levels) or len(widths) != 1:
        return Refusal(Reason.UNEVEN_LISTS, "quantiles and levels differ in length")
    return None
