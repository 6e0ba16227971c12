"""A real Apache Kafka, with no Docker and no Java installed.

>>> from gridcast.stream.kafka.broker import Broker
>>> with Broker() as broker:  # doctest: +SKIP
...     print(broker.address)  # a Kafka of one node, in a temporary directory
"""

from gridcast.stream.kafka.broker.cluster import Broker
from gridcast.stream.kafka.broker.jars import KAFKA_VERSION

__all__ = ["KAFKA_VERSION", "Broker"]
