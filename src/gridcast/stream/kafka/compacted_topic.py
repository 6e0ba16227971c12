"""The current contents of a compacted topic: the newest message of each key."""

from contextlib import closing

from confluent_kafka import Consumer, KafkaException, TopicPartition

from gridcast.stream.errors import UserError
from gridcast.stream.kafka.config import looking_options
from gridcast.stream.kafka.message_reader import read_spans, watermark_offsets
from gridcast.stream.settings import Settings

WITHIN_S = 15.0


def latest_by_key(settings: Settings, topic: str, partition: int) -> dict[bytes, bytes]:
    """Return the newest committed value of each key in one partition, in the order of sending.

    `topic` is the name with the deployment's prefix. Deleted keys are left out.
    """
    values: dict[bytes, bytes] = {}
    with closing(Consumer(looking_options(settings))) as consumer:
        try:
            span = watermark_offsets(consumer, TopicPartition(topic, partition), WITHIN_S)
            for messages in read_spans(consumer, topic, {partition: span}, within_s=WITHIN_S):
                for message in messages:
                    key, value = message.key() or b"", message.value()
                    values.pop(key, None)
                    if value is not None:
                        values[key] = value
        except KafkaException as error:
            raise UserError(f"{topic} cannot be read: {error.args[0].str()}") from None
    return values
