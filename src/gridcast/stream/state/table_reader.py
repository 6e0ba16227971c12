"""Reading a partition's table: the newest committed message of each key, up to the end offset."""

from dataclasses import dataclass, field

from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    TopicPartition,
)

from gridcast.schemas.topics import STATE
from gridcast.stream.errors import UserError
from gridcast.stream.kafka.config import looking_options
from gridcast.stream.kafka.message_reader import is_partition_end, poll_messages
from gridcast.stream.kafka.transactions import REFUSED, SILENT, SLICE_S, Transactions
from gridcast.stream.settings import Settings


@dataclass(slots=True)
class TableSnapshot:
    """The newest message of each key in a partition of the state topic, up to an offset."""

    messages: dict[str, bytes] = field(default_factory=dict)
    next_offset: int = OFFSET_BEGINNING
    size: int = 0
    """Bytes of the messages' values."""

    def take(self, message: Message) -> None:
        """Apply the next message."""
        key, value = (message.key() or b"").decode(), message.value()
        self.size -= len(self.messages.get(key, b""))
        if value is None:
            self.messages.pop(key, None)
        else:
            self.messages[key] = value
            self.size += len(value)
        self.next_offset = (message.offset() or 0) + 1


def consumer_options(settings: Settings) -> dict[str, object]:
    """Return the options of a consumer that reads tables."""
    return looking_options(settings) | {
        # If the offset to continue from was deleted, that must not go unnoticed.
        "auto.offset.reset": "error",
        # The end is reported with the first empty answer: at once, not after 0.5 s.
        "fetch.wait.max.ms": 10,
        "max.partition.fetch.bytes": 8_000_000,
    }


def read(
    settings: Settings, partition: int, known: TableSnapshot | None, transactions: Transactions
) -> TableSnapshot:
    """Update a snapshot to the end of its table, which must have been taken over before."""
    consumer = Consumer(consumer_options(settings), logger=SILENT)
    try:
        place = TopicPartition(settings.topic_prefix + STATE.name, partition)
        end = _end(consumer, place, transactions)
        if known is None or known.next_offset > end:
            known = TableSnapshot()
        try:
            _read_on(consumer, place, known, end, transactions)
        except _GoneError:
            known = TableSnapshot()
            _read_on(consumer, place, known, end, transactions)
    finally:
        consumer.close()
    return known


class _GoneError(Exception):
    """The offset to continue from was deleted."""


class _NoAnswerError(Exception):
    """Kafka sent neither a message nor the end of the partition."""


def _end(consumer: Consumer, place: TopicPartition, transactions: Transactions) -> int:
    """Return the end offset, as the partition's leader has it.

    A new leader answers this only when it knows the end; what it reports with a fetch may be lower.
    """

    def ask() -> int:
        try:
            return int(consumer.get_watermark_offsets(place, SLICE_S)[1])
        except KafkaException as error:
            _check(place, error.args[0])
            raise

    return transactions.retry(ask, lambda error: isinstance(error, KafkaException))


def _read_on(
    consumer: Consumer,
    place: TopicPartition,
    known: TableSnapshot,
    end: int,
    transactions: Transactions,
) -> None:
    def poll() -> list[Message]:
        messages = poll_messages(consumer, SLICE_S)
        if not messages:
            raise _NoAnswerError("no answer")
        return messages

    consumer.assign([TopicPartition(place.topic, place.partition, known.next_offset)])
    while known.next_offset < end:
        for message in transactions.retry(poll, lambda error: isinstance(error, _NoAnswerError)):
            error = message.error()
            if error is None:
                known.take(message)
            elif is_partition_end(message):
                # The transaction marker behind the last message has an offset of its own.
                known.next_offset = message.offset() or 0
            else:
                _check(place, error)


def _check(place: TopicPartition, error: KafkaError) -> None:
    """Raise an error that retrying does not help; others are ignored."""
    if error.code() == KafkaError._AUTO_OFFSET_RESET:
        raise _GoneError
    if error.code() in REFUSED:
        raise UserError(f"{place.topic} cannot be read: {error.str()}")
