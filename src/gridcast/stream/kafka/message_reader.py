"""Reading messages with librdkafka: those that are there now, or spans of offsets."""

import time
from collections.abc import Callable, Iterator, Mapping

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from gridcast.stream.kafka.transactions import REFUSED

MOST = 1_000
POLL_S = 0.2

Span = tuple[int, int | None]
"""First offset, and the offset after the last one.

None is the end of the partition that a fetch reports. Use `watermark_offsets` if it must not be
too early.
"""


def poll_messages(consumer: Consumer, timeout_s: float, most: int = MOST) -> list[Message]:
    """Wait for a message, and return it with those that were fetched with it.

    `Consumer.consume` alone would wait until it has as many as it was asked for.
    """
    message = consumer.poll(timeout_s)
    return [] if message is None else [message, *consumer.consume(most, timeout=0)]


def is_partition_end(message: Message) -> bool:
    """Return whether a message is the event of having reached the end of its partition."""
    error = message.error()
    return error is not None and error.code() == KafkaError._PARTITION_EOF


def watermark_offsets(consumer: Consumer, place: TopicPartition, within_s: float) -> Span:
    """Return the first and the end offset of a partition, also while its leader changes.

    A leader that was just elected answers this when it is sure of its end. Fetches it answers
    before, and the end that they report may be too early.
    """
    deadline_s = time.monotonic() + within_s
    while True:
        try:
            first, end = consumer.get_watermark_offsets(place, within_s)
        except KafkaException as error:
            if error.args[0].code() in REFUSED or time.monotonic() > deadline_s:
                raise
            time.sleep(POLL_S)
        else:
            return first, end


def read_spans(
    consumer: Consumer,
    topic: str,
    spans: Mapping[int, Span],
    *,
    within_s: float,
    most: int = MOST,
    check: Callable[[], None] = lambda: None,
) -> Iterator[list[Message]]:
    """Yield the messages of a span of each partition, some at a time and never none.

    Parameters
    ----------
    consumer
        It must report the ends of partitions (`enable.partition.eof`).
    topic
        With the deployment's prefix.
    spans
        What to read of each partition.
    within_s
        Longest time without a message.
    most
        Most messages at a time.
    check
        Called before each poll. It may raise to give up.

    Raises
    ------
    KafkaException
        A partition cannot be read, or nothing came within `within_s`.
    """
    ends = {n: end for n, (begin, end) in spans.items() if end is None or begin < end}
    consumer.assign([TopicPartition(topic, number, spans[number][0]) for number in ends])
    heard_s = time.monotonic()
    while ends:
        check()
        polled = poll_messages(consumer, POLL_S, most)
        if polled:
            heard_s = time.monotonic()
        elif time.monotonic() - heard_s > within_s:
            silence = f"no message within {within_s:g} s"
            raise KafkaException(KafkaError(KafkaError._TIMED_OUT, silence))
        messages = [message for message in polled if _is_in_span(consumer, ends, message)]
        if messages:
            yield messages
            heard_s = time.monotonic()  # the caller's time is not Kafka's silence


def _is_in_span(consumer: Consumer, ends: dict[int, int | None], message: Message) -> bool:
    """Return whether a message is to be read; stop reading a partition at the end of its span."""
    error = message.error()
    is_end = is_partition_end(message)
    if error is not None and not is_end:
        raise KafkaException(error)
    number, offset = message.partition() or 0, message.offset() or 0
    if number not in ends:
        return False
    end = ends[number]
    # The end of a transaction has an offset of its own, and is no message: the last offset of a
    # span need not come. A leader that was just elected may report an end that is too early.
    is_over = is_end if end is None else offset >= (end if is_end else end - 1)
    if is_over:
        del ends[number]
        consumer.incremental_unassign([TopicPartition(message.topic() or "", number)])
    return not is_end and (end is None or offset < end)
