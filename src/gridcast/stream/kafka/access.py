"""Whether Kafka lets us in, and if not, why.

Both clients take a Kafka that turns them away for one that is away, and try again for ever:
aiokafka logs the reason and raises another, librdkafka tells it to a callback, and says nothing of
a listener that hangs up. So whoever has waited for a while knocks once more, and listens.
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
KNOCK_AFTER_S = 3.0
"""A command that was not answered for so long looks why."""
LOGIN_ERRORS = (AuthenticationFailedError, IllegalSaslStateError, SaslAuthenticationFailed)
NOT_ALLOWED = (
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    TopicAuthorizationFailedError,
)

Problem = TypeVar("Problem", bound=BaseException | None)


@dataclass(frozen=True, slots=True)
class AccessRefusal:
    """Why we are not let in."""

    text: str
    is_sure: bool
    """Waiting does not help. Else it may be a broker that is about to end."""


async def refusal(settings: Settings) -> AccessRefusal | None:
    """Say why Kafka does not let us in; None if it does, or if nobody is there."""
    options = aiokafka_options(settings)
    addresses = options.pop("bootstrap_servers")
    found = None
    for address in addresses:
        host, _, port = address.rpartition(":")
        try:
            connection = await create_conn(
                host, int(port), request_timeout_ms=ANSWER_WITHIN_MS, **options
            )
            try:
                # A listener that wants a login hangs up on the first question only.
                await connection.send(MetadataRequest([]))
            finally:
                connection.close()
        except (KafkaError, OSError) as error:  # OSError: TLS, and a time that is over, too
            found = found or _why(settings, address, error)
        else:
            return None
    return found


def plainly(error: Problem) -> Problem | UserError:
    """Give an error as users should hear it: a right that is missing is theirs to mend."""
    if isinstance(error, NOT_ALLOWED):
        return UserError(f"Kafka does not allow it: {error}")
    return error


async def _asked(settings: Settings) -> AccessRefusal | None:
    """Give the :func:`refusal`, and that alone.

    aiokafka leaves the answers it waited for to themselves when a broker hangs up, and asyncio
    would tell of each, on stderr, whenever Python comes to clear it away.
    """
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)
    return await refusal(settings)


def check_access(settings: Settings) -> None:
    """Raise a :class:`UserError` if Kafka does not let us in, and waiting does not help.

    It blocks, and is for threads that have no event loop.
    """
    why = asyncio.run(_asked(settings))
    if why is not None and why.is_sure:
        raise UserError(why.text)


def list_topics(
    settings: Settings, client: AdminClient | Producer, within_s: float
) -> ClusterMetadata:
    """Ask for all topics, which is how a command begins.

    Raises
    ------
    UserError
        Kafka does not let us in.
    KafkaException
        Nobody answers.
    """
    end = time.monotonic() + within_s
    said = None
    while True:
        try:
            return client.list_topics(timeout=KNOCK_AFTER_S)
        except KafkaException as error:
            before, why = said, asyncio.run(_asked(settings))
            said = None if why is None else why.text
            # Who hangs up twice, so long apart, is not about to end.
            if why is not None and (why.is_sure or said == before):
                raise UserError(why.text) from None
            if time.monotonic() > end or error.args[0].code() != KafkaErrorCode._TRANSPORT:
                raise


def _why(settings: Settings, address: str, error: Exception) -> AccessRefusal | None:
    """Tell someone who is turned away from someone who finds nobody."""
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
