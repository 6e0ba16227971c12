"""Why Kafka denies access.

Both clients treat a Kafka that rejects them like one that is away, and retry forever. aiokafka logs
the reason and raises another error. librdkafka passes it to a callback, and reports nothing if the
listener hangs up. So after a long wait one more connection is made here, to find the reason.
"""

import asyncio
import ssl
import time
from dataclasses import dataclass
from typing import TypeVar

from aiokafka.conn import create_conn
from aiokafka.errors import (
    AuthenticationFailedError,
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    IllegalSaslStateError,
    KafkaConnectionError,
    KafkaError,
    SaslAuthenticationFailed,
    TopicAuthorizationFailedError,
    UnsupportedSaslMechanismError,
)
from aiokafka.protocol.metadata import MetadataRequest
from confluent_kafka import KafkaError as KafkaErrorCode
from confluent_kafka import KafkaException, Producer
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # it has no __all__
    AdminClient,
    ClusterMetadata,
)

from gridcast.stream.errors import UserError
from gridcast.stream.kafka.config import aiokafka_options
from gridcast.stream.settings import Settings

ANSWER_WITHIN_MS = 3_000
CHECK_ACCESS_AFTER_S = 3.0
"""A command that gets no answer for so long checks its access."""
LOGIN_ERRORS = (AuthenticationFailedError, IllegalSaslStateError, SaslAuthenticationFailed)
NOT_ALLOWED = (
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    TopicAuthorizationFailedError,
)

Problem = TypeVar("Problem", bound=BaseException | None)


@dataclass(frozen=True, slots=True)
class AccessRefusal:
    """The reason why Kafka denies access."""

    text: str
    is_sure: bool
    """Whether waiting does not help. Otherwise the broker may just be shutting down."""


async def refusal(settings: Settings) -> AccessRefusal | None:
    """Return why Kafka denies access; None if it does not, or if no broker answers."""
    options = aiokafka_options(settings)
    addresses = options.pop("bootstrap_servers")
    first = None
    for address in addresses:
        host, _, port = address.rpartition(":")
        try:
            connection = await create_conn(
                host, int(port), request_timeout_ms=ANSWER_WITHIN_MS, **options
            )
            try:
                # A listener that expects a login hangs up only on the first request.
                await connection.send(MetadataRequest([]))
            finally:
                connection.close()
        except (KafkaError, OSError) as error:  # OSError includes TLS errors and timeouts
            first = first or _why(settings, address, error)
        else:
            return None
    return first


def as_user_error(error: Problem) -> Problem | UserError:
    """Return an error as users see it: a missing permission is a :class:`UserError`."""
    if isinstance(error, NOT_ALLOWED):
        return UserError(f"Kafka does not allow it: {error}")
    return error


async def _quiet_refusal(settings: Settings) -> AccessRefusal | None:
    """Return the :func:`refusal`, without asyncio's own messages.

    When a broker hangs up, aiokafka abandons the futures of its requests. asyncio would report each
    of them on stderr when it is garbage-collected.
    """
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)
    return await refusal(settings)


def check_access(settings: Settings) -> None:
    """Raise a :class:`UserError` if Kafka denies access and waiting does not help.

    It blocks, and needs a thread without an event loop.
    """
    denied = asyncio.run(_quiet_refusal(settings))
    if denied is not None and denied.is_sure:
        raise UserError(denied.text)


def list_topics(
    settings: Settings, client: AdminClient | Producer, within_s: float
) -> ClusterMetadata:
    """Return the metadata of all topics. Commands begin with this request.

    Raises
    ------
    UserError
        Kafka denies access.
    KafkaException
        No broker answers.
    """
    end = time.monotonic() + within_s
    reason = None
    while True:
        try:
            return client.list_topics(timeout=CHECK_ACCESS_AFTER_S)
        except KafkaException as error:
            before, denied = reason, asyncio.run(_quiet_refusal(settings))
            reason = None if denied is None else denied.text
            # A broker that hangs up twice, so long apart, is not just shutting down.
            if denied is not None and (denied.is_sure or reason == before):
                raise UserError(denied.text) from None
            if time.monotonic() > end or error.args[0].code() != KafkaErrorCode._TRANSPORT:
                raise


def _why(settings: Settings, address: str, error: Exception) -> AccessRefusal | None:
    """Return why a broker rejects a connection; None if it does not answer at all."""
    at = f"the Kafka at {address}"
    if isinstance(error, UnsupportedSaslMechanismError):
        return AccessRefusal(
            f"{at} takes no sasl_mechanism {settings.sasl_mechanism}", is_sure=True
        )
    if isinstance(error, LOGIN_ERRORS):
        return AccessRefusal(
            f"{at} refuses the login of {settings.sasl_username} (settings sasl_username, "
            f"sasl_password): {error.args[0]}",
            is_sure=True,
        )
    if isinstance(error, ssl.SSLCertVerificationError):
        return AccessRefusal(
            f"{at} shows a certificate that is not trusted: {error.verify_message} "
            "(setting tls_ca_file)",
            is_sure=True,
        )
    if isinstance(error, KafkaConnectionError | ConnectionResetError | ssl.SSLError):
        return AccessRefusal(
            f"{at} hangs up on {settings.security_protocol}: it may want another "
            "security_protocol, or a certificate of ours (tls_certificate_file)",
            is_sure=False,
        )
    return None
