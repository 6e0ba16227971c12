"""The newest Kafka message of one key, together with the message that clients get for it.

The value of the Kafka message is embedded byte for byte. It is parsed to validate it, but never
serialised again.
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
    """The fields that a forecast must have to be shown.

    There are thousands of forecasts a minute, and pydantic takes ten times as long for each.
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
    """The newest message of one key: a series, its forecast, score or reading, or an alarm."""

    what: What
    key: str
    """The name of the series, or of the alarm."""
    series: str
    """The series of the message. For an alarm, the series or feed on which it was raised."""
    partition: int
    offset: int
    sent_ms: int
    """Kafka's timestamp of the message."""
    packet: Packet
    is_gone: bool = False
    message: Message | None = None
    """The parsed message of an alarm or a series; None for other kinds, which aren't needed."""

    @cached_property
    def binary(self) -> Packet:
        """The message as MessagePack, shared by all clients that use it."""
        return self.packet.to(Format.MSGPACK)

    def to(self, form: Format) -> Packet:
        """Return the message in the given format."""
        return self.packet if form is Format.JSON else self.binary

    @property
    def value(self) -> bytes:
        """The value of the Kafka message."""
        start = len(_head(self.what, self.partition, self.offset))
        return self.packet.payload[start:-1]

    @property
    def is_over(self) -> bool:
        """Return True if this is an alarm that is no longer active."""
        return isinstance(self.message, Alarm) and not self.message.active


class KafkaMessage(NamedTuple):
    """One Kafka message."""

    partition: int
    offset: int
    sent_ms: int
    key: bytes | None
    value: bytes | None


def message_at(batch: Batch, index: int) -> KafkaMessage:
    """Return the message at a position in a batch."""
    return KafkaMessage(
        batch.partition,
        batch.offsets[index],
        int(batch.sent_ms[index]),
        batch.keys[index],
        batch.values[index],
    )


def read_entry(what: What, message: KafkaMessage, limit: int) -> Entry | Refusal:
    """Parse a Kafka message of at most `limit` bytes."""
    partition, offset, sent_ms, key, value = message
    name = (key or b"").decode(errors="replace")
    if value is None and key is not None and TOPIC_OF[what].compacted:
        gone = Gone(seq=(partition, offset), what=what, key=name)
        packet = Packet(gone.to_bytes(), Format.JSON)
        return Entry(what, name, name, partition, offset, sent_ms, packet, is_gone=True)
    parsed = _parse(what, key, value, limit)
    if isinstance(parsed, Refusal):
        return parsed
    series = parsed.series if isinstance(parsed, Alarm) else name
    payload = b"".join((_head(what, partition, offset), value or b"", b"}"))
    packet = Packet(payload, Format.JSON)
    return Entry(what, name, series, partition, offset, sent_ms, packet, message=parsed)


def _head(what: What, partition: int, offset: int) -> bytes:
    return f'{{"type":"{what}","seq":[{partition},{offset}],"{what}":'.encode()


def _parse(
    what: What, key: bytes | None, value: bytes | None, limit: int
) -> Message | Refusal | None:
    if what is What.FORECAST:
        return _check_forecast(key, value, limit)
    topic: Topic = TOPIC_OF[what]
    parsed = read(topic, key, value, limit=limit)
    if what is What.SCORE and not isinstance(parsed, Refusal):
        return None
    return parsed


def _check_forecast(key: bytes | None, value: bytes | None, limit: int) -> Refusal | None:
    if (refusal := weigh(value, limit)) is not None:
        return refusal
    try:
        forecast = _FORECAST.decode(value or b"")
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        return Refusal(Reason.WRONG_TYPE, str(error)[:300])
    if forecast.version != 1:
        return Refusal(Reason.UNKNOWN_VERSION, f"version {forecast.version}")
    if forecast.series.encode() != key:
        return Refusal(Reason.WRONG_KEY, f"the key is not {forecast.series[:40]!r}")
    widths = {len(row) for row in forecast.quantiles}
    if len(forecast.quantiles) != len(forecast.levels) or len(widths) != 1:
        return Refusal(Reason.UNEVEN_LISTS, "quantiles and levels differ in length")
    return None
