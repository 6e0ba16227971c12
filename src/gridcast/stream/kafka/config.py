"""How every client of ours talks to Kafka: one place for addresses, security and guarantees.

Two clients are used. Faust brings aiokafka and all consuming goes through it. What is sent in bulk
and what is administered goes through librdkafka (confluent-kafka): a send costs 2 µs there.
"""

import ssl
from typing import Any

from pydantic import SecretStr

from gridcast.stream.errors import UserError
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
        options["sasl.username"], options["sasl.password"] = _login(settings)
    if "SSL" in settings.security_protocol:
        _tls(settings)  # what is wrong with a file, Python says more clearly
        if settings.tls_ca_file is not None:
            options["ssl.ca.location"] = str(settings.tls_ca_file)
        if settings.tls_certificate_file is not None:
            options["ssl.certificate.location"] = str(settings.tls_certificate_file)
            options["ssl.key.location"] = str(
                settings.tls_key_file or settings.tls_certificate_file
            )
            options["ssl.key.password"] = _secret(settings.tls_key_password)
    return options


def looking_options(settings: Settings) -> dict[str, Any]:
    """Give the options of a consumer that looks at committed messages, and is told where they end.

    It needs a group's name, but never joins nor commits.
    """
    return librdkafka_options(settings) | {
        "group.id": f"{group(settings)}-look",
        "enable.auto.commit": False,
        "enable.partition.eof": True,
        "isolation.level": "read_committed",
        # By default a consumer skips to the end if Kafka has deleted the offset that it asks for.
        "auto.offset.reset": "earliest",
    }


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
        options["sasl_plain_username"], options["sasl_plain_password"] = _login(settings)
    if "SSL" in settings.security_protocol:
        options["ssl_context"] = _tls(settings)
    return options


def faust_credentials(settings: Settings) -> Any:
    """Give what Faust logs in with; None where Kafka is open."""
    # Imported here: Faust takes half a second, and most commands do without it.
    from faust import SASLCredentials, SSLCredentials  # noqa: PLC0415

    options = aiokafka_options(settings)
    context = options.get("ssl_context")
    if settings.security_protocol.startswith("SASL"):
        username, password = _login(settings)
        return SASLCredentials(
            username=username,
            password=password,
            mechanism=settings.sasl_mechanism,
            ssl_context=context,
        )
    return None if context is None else SSLCredentials(context)


def _login(settings: Settings) -> tuple[str, str]:
    """Give the user and the password."""
    if settings.sasl_username is None or settings.sasl_password is None:
        raise UserError(
            f"security_protocol {settings.security_protocol} is a login: it needs the settings "
            "sasl_username and sasl_password"
        )
    return settings.sasl_username, _secret(settings.sasl_password)


def _tls(settings: Settings) -> ssl.SSLContext:
    """Read whom we trust and what we show; each file that cannot be read is one clear line."""
    authority, certificate = settings.tls_ca_file, settings.tls_certificate_file
    try:
        context = ssl.create_default_context(cafile=authority)
    except OSError as error:
        raise UserError(f"tls_ca_file {authority} cannot be read: {_reason(error)}") from None
    if certificate is None:
        return context
    key = settings.tls_key_file or certificate
    try:
        # Without a password Python would ask for it on the terminal.
        context.load_cert_chain(certificate, key, _secret(settings.tls_key_password))
    except OSError as error:
        raise UserError(
            f"tls_certificate_file {certificate} with the key in {key} cannot be used: "
            f"{_reason(error)}; is tls_key_password right?"
        ) from None
    return context


def _reason(error: OSError) -> str:
    """Say what is wrong with a file."""
    if isinstance(error, ssl.SSLError):
        return (error.reason or "no PEM, or another password").lower().replace("_", " ")
    return error.strerror or str(error)


def _secret(secret: SecretStr | None) -> str:
    return "" if secret is None else secret.get_secret_value()
