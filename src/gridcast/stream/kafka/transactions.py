"""A transactional producer: its messages are sent all or none, by one producer at a time.

librdkafka classifies its errors, and this module follows. After a retriable error the same call is
repeated. After one that requires an abort, the transaction is aborted and sent again. After any
other the producer cannot be used any more. Errors that no repetition helps are
:class:`UserError`.
"""

import logging
from collections.abc import Callable, Sequence
from functools import partial
from threading import Event, Lock

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from gridcast.stream.errors import UserError
from gridcast.stream.kafka.access import check_access
from gridcast.stream.kafka.config import producer_options
from gridcast.stream.kafka.retry import BlockingRetry, Result, RetryStoppedError
from gridcast.stream.settings import Settings

TIMEOUT_S = 60.0
"""Kafka aborts a transaction that is this old: consumers wait no longer for a dead worker. A new
producer with the same name aborts it at once."""
SLICE_S = 1.0
"""Longest call into librdkafka. Between two it is checked whether to stop."""
BATCH_BYTES = 1_000_000

OutgoingMessage = tuple[str, bytes | None, bytes | None, int]
"""Topic (with the deployment's prefix), key, value and partition of a message; -1: by the key."""
BY_KEY = -1

REFUSED = frozenset(
    {
        KafkaError.MSG_SIZE_TOO_LARGE,
        KafkaError.RECORD_LIST_TOO_LARGE,
        KafkaError.INVALID_RECORD,
        KafkaError.POLICY_VIOLATION,
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError._UNKNOWN_TOPIC,
        KafkaError._UNKNOWN_PARTITION,
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
        KafkaError.CLUSTER_AUTHORIZATION_FAILED,
    }
)
# librdkafka logs what it also raises, and a producer that was fenced off is no emergency.
SILENT = logging.getLogger("gridcast.librdkafka")
SILENT.setLevel(logging.CRITICAL + 1)


def _error_of(call: Callable[[], object]) -> KafkaError | None:
    """Call, and return the error if it failed.

    If confluent_kafka raises while another error is being handled, it keeps that one forever, with
    all that its traceback refers to: a producer with its threads. So no call is made in a handler.
    """
    try:
        call()
    except KafkaException as error:
        kafka_error: KafkaError = error.args[0]
        return kafka_error
    return None


class ProducerLostError(Exception):
    """The producer cannot be used any more: another one has its name, or Kafka gave up on it."""


class _AbortedError(Exception):
    """The transaction was aborted, and is to be sent again."""


class Transactions:
    """A transactional producer. Of those with the same name, only the newest can send.

    Parameters
    ----------
    settings
        The deployment's settings.
    name
        The producer's `transactional.id`.
    """

    def __init__(self, settings: Settings, name: str) -> None:
        self.ended = Event()
        """Set when it is being closed; it stops all waiting for Kafka."""
        self._retry = BlockingRetry(name, self.ended, partial(check_access, settings))
        self._options = producer_options(settings) | {
            "transactional.id": name,
            "transaction.timeout.ms": round(TIMEOUT_S * 1000),
            # A topic takes batches no larger than its messages may be.
            "batch.size": min(BATCH_BYTES, settings.message_bytes),
            # A commit follows at once: there is no point in waiting for more messages.
            "linger.ms": 1,
            "delivery.report.only.error": True,
            "on_delivery": self._on_delivery,
        }
        self._name = name
        self._lock = Lock()
        self._producer: Producer | None = None
        self._refused: str | None = None

    def begin(self) -> None:
        """Fence off the former producer of this name, and abort its transaction.

        Raises
        ------
        ProducerLostError
            It was closed meanwhile.
        UserError
            Kafka denies it, or denies access.
        """
        with self._lock:
            self._let_go()
            self.ended.clear()
            self._producer = Producer(self._options, logger=SILENT)
            failed: Exception
            try:
                self._persist(self._producer.init_transactions)
            except KafkaException as error:
                failed = ProducerLostError(error.args[0].str())
                if error.args[0].code() in REFUSED:
                    failed = UserError(f"{self._name} cannot begin: {failed}")
            except (ProducerLostError, UserError) as error:
                failed = type(error)(str(error))
            else:
                return
            # Its threads end only here, where no traceback refers to it.
            self._drop()
            raise failed

    def send(self, messages: Sequence[OutgoingMessage]) -> None:
        """Send messages in one transaction; return when it is committed.

        Raises
        ------
        ProducerLostError
            It is not known whether they were sent. Whoever begins next can read it.
        UserError
            Kafka rejects one of them, and would again, or denies access.
        """
        with self._lock:
            if self._producer is None:
                raise ProducerLostError("it is not open")
            try:
                self.retry(partial(self._try, self._producer, messages), _is_aborted)
            except KafkaException as error:
                why = error.args[0].str()
            except ProducerLostError as error:
                why = str(error)
            else:
                return
            self._drop()
            raise ProducerLostError(why)

    def retry(
        self, attempt: Callable[[], Result], is_retriable: Callable[[BaseException], bool]
    ) -> Result:
        """Call `attempt` until it succeeds, and return its result.

        Raises
        ------
        ProducerLostError
            It was closed meanwhile.
        """
        try:
            return self._retry(attempt, is_retriable)
        except RetryStoppedError as error:
            why = str(error)
        raise ProducerLostError(why)  # here it refers to no other error, whose frames would stay

    def close(self) -> None:
        """Close the producer, with any transaction under way; none of its threads is left."""
        self.ended.set()
        with self._lock:
            self._let_go()

    def _try(self, producer: Producer, messages: Sequence[OutgoingMessage]) -> None:
        """Send the messages in one transaction; if it has to be aborted, raise _AbortedError."""
        self._refused = None
        producer.begin_transaction()
        why = _error_of(partial(self._commit, producer, messages))
        if why is None:
            return
        if why.code() in REFUSED and self._refused is None:
            self._refused = f"{', '.join(sorted({topic for topic, *_ in messages}))}: {why.str()}"
        elif not why.txn_requires_abort():
            raise KafkaException(why)
        failed = _error_of(partial(self._persist, producer.abort_transaction))
        if failed is not None:
            # If Kafka allows none of its topics, there is no transaction to abort.
            if self._refused is None:
                raise KafkaException(failed)
            self._drop()
        if self._refused is not None:
            raise UserError(f"Kafka refuses a message: {self._refused}")
        raise _AbortedError(why.str())

    def _commit(self, producer: Producer, messages: Sequence[OutgoingMessage]) -> None:
        self._produce(producer, messages)
        self._persist(producer.commit_transaction)

    def _produce(self, producer: Producer, messages: Sequence[OutgoingMessage]) -> None:
        for topic, key, value, partition in messages:
            while True:
                try:
                    producer.produce(topic, value, key, partition)
                except BufferError:
                    # librdkafka's queue is full.
                    producer.poll(0.1)
                    if self.ended.is_set():
                        raise ProducerLostError("it was closed") from None
                except KafkaException as error:
                    if error.args[0].code() in REFUSED:
                        raise
                    return  # The transaction has failed already: the commit raises the reason.
                else:
                    break

    def _persist(self, call: Callable[[float], None]) -> None:
        """Call until it is done; each time librdkafka continues where it was."""
        self.retry(partial(call, SLICE_S), _is_retriable)

    def _on_delivery(self, error: KafkaError | None, message: Message) -> None:
        if error is not None and error.code() in REFUSED:
            # librdkafka reports the first message that failed, and those that fail with it.
            size = len(message.value() or b"")
            self._refused = f"{size:,} bytes for {message.topic()}: {error.str()}"

    def _let_go(self) -> None:
        producer = self._drop()
        if producer is not None:
            producer.close()

    def _drop(self) -> Producer | None:
        """Detach the producer, and return it: it is not used again."""
        producer, self._producer = self._producer, None
        if producer is not None:
            producer.purge()
            # All delivery reports must be served, also behind a fatal error: a message without one
            # would refer to this object forever.
            while _error_of(partial(producer.poll, 0)) is not None:
                pass
        return producer


def _is_retriable(error: BaseException) -> bool:
    return isinstance(error, KafkaException) and bool(error.args[0].retriable())


def _is_aborted(error: BaseException) -> bool:
    return isinstance(error, _AbortedError)
