"""How every client of ours talks to Kafka: one place for addresses, security and guarantees.

Two clients are used. Faust brings aiokafka and all consuming goes through it. What is sent in bulk
and what is administered goes through librdkafka (confluent-kafka): a send costs 2 µs there.
"""

import ssl
from typing import Any

from gridcast.stream.settings import Settings

MOST_BYTES = 1_000_000_000
"""The most that librdkafka lets itself be told."""


def group(settings: Settings) -> str:
    """Name the consumer group of a deployment's workers."""
    return settings.topic_prefix + "gridcast"


def librdkafka_options(settings: Settings) -> dict[str, Any]:
    """Give the options that any librdkafka client needs."""
    options: dict[str, Any] = {
        "bootstrap.servers": settings.broker,
        "security.protocol": settings.security_protocol,
        # One line a failed connection attempt is noise: what matters is raised or delivered.
        "log_level": 2,
    }
    if settings.security_protocol.startswith("SASL"):
        options["sasl.mechanism"] = settings.sasl_mechanism
        options["sasl.username"] = settings.sasl_username or ""
        options["sasl.password"] = _password(settings)
    if settings.tls_ca_file is not None:
        options["ssl.ca.location"] = str(settings.tls_ca_file)
    return options


def producer_options(settings: Settings) -> dict[str, Any]:
    """Give the options of a producer that loses nothing and keeps the order of each key."""
    return librdkafka_options(settings) | {
        "enable.idempotence": True,
        "acks": "all",
        "compression.type": "lz4",
        "linger.ms": 20,
        # The topics say how large a message may be; librdkafka's own limit would be lower.
        "message.max.bytes": MOST_BYTES,
        # librdkafka hashes keys with CRC32 by default; Java and aiokafka use murmur2. All of our
        # producers must agree, or one series would be found in two partitions.
        "partitioner": "murmur2_random",
    }


def aiokafka_options(settings: Settings) -> dict[str, Any]:
    """Give the options that any aiokafka client needs."""
    options: dict[str, Any] = {
        "bootstrap_servers": settings.broker.split(","),
        "security_protocol": settings.security_protocol,
    }
    if settings.security_protocol.startswith("SASL"):
        options["sasl_mechanism"] = settings.sasl_mechanism
        options["sasl_plain_username"] = settings.sasl_username
        options["sasl_plain_password"] = _password(settings)
    if "SSL" in settings.security_protocol:
        options["ssl_context"] = ssl.create_default_context(cafile=settings.tls_ca_file)
    return options


def faust_credentials(settings: Settings) -> Any:
    """Give what Faust logs in with; None where Kafka is open."""
    # Imported here: Faust takes half a second, and most commands do without it.
    from faust import SASLCredentials, SSLCredentials  # noqa: PLC0415

    options = aiokafka_options(settings)
    context = options.get("ssl_context")
    if settings.security_protocol.startswith("SASL"):
        return SASLCredentials(
            username=settings.sasl_username,
            password=_password(settings),
            mechanism=settings.sasl_mechanism,
            ssl_context=context,
        )
    return None if context is None else SSLCredentials(context)


def _password(settings: Settings) -> str:
    return "" if settings.sasl_password is None else settings.sasl_password.get_secret_value()
