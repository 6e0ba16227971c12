"""Options of all Kafka clients: addresses, security and delivery guarantees.

Two clients are used. Workers and gateways consume with aiokafka, which comes with Faust. Bulk
sending, transactions, administration and commands use librdkafka (confluent-kafka), where a send
takes 2 µs.
"""

import ssl
from typing import Any

from pydantic import SecretStr

from gridcast.stream.errors import UserError
from gridcast.stream.settings import Settings

MOST_BYTES = 1_000_000_000
"""The highest value that librdkafka accepts."""


def group(settings: Settings) -> str:
    """Return the name of the consumer group of a deployment's workers."""
    return settings.topic_prefix + "gridcast"


def librdkafka_options(settings: Settings) -> dict[str, Any]:
    """Return the options that every librdkafka client needs."""
    options: dict[str, Any] = {
        "bootstrap.servers": settings.broker,
        "security.protocol": settings.security_protocol,
        # A line per failed connection attempt is noise: what matters is raised or delivered.
        "log_level": 2,
    }
    if settings.security_protocol.startswith("SASL"):
        options["sasl.mechanism"] = settings.sasl_mechanism
        options["sasl.username"], options["sasl.password"] = _login(settings)
    if "SSL" in settings.security_protocol:
        _tls(settings)  # Python's errors about the files are clearer than librdkafka's
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
    """Return the options of a consumer of committed messages that is told where they end.

    librdkafka wants the name of a group; the consumer never joins it nor commits.
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
    """Return the options of a producer that loses nothing and keeps the order of each key."""
    return librdkafka_options(settings) | {
        "enable.idempotence": True,
        "acks": "all",
        "compression.type": "lz4",
        "linger.ms": 20,
        # The topics limit the size of a message; librdkafka's own limit would be lower.
        "message.max.bytes": MOST_BYTES,
        # librdkafka hashes keys with CRC32 by default; Java and aiokafka use murmur2. All producers
        # must agree, or one series would be in two partitions.
        "partitioner": "murmur2_random",
    }


def aiokafka_options(settings: Settings) -> dict[str, Any]:
    """Return the options that every aiokafka client needs."""
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
    """Return Faust's credentials; None if Kafka needs none."""
    # Imported here: Faust takes half a second to import, and most commands don't need it.
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
    """Return the user name and the password."""
    if settings.sasl_username is None or settings.sasl_password is None:
        raise UserError(
            f"security_protocol {settings.security_protocol} is a login: it needs the settings "
            "sasl_username and sasl_password"
        )
    return settings.sasl_username, _secret(settings.sasl_password)


def _tls(settings: Settings) -> ssl.SSLContext:
    """Return the TLS context; a file that cannot be used is a :class:`UserError`."""
    authority, certificate = settings.tls_ca_file, settings.tls_certificate_file
    try:
        context = ssl.create_default_context(cafile=authority)
    except OSError as error:
        raise UserError(f"tls_ca_file {authority} cannot be read: {_reason(error)}") from None
    if certificate is None:
        return context
    key = settings.tls_key_file or certificate
    try:
        # Without a password argument Python would ask for one on the terminal.
        context.load_cert_chain(certificate, key, _secret(settings.tls_key_password))
    except OSError as error:
        raise UserError(
            f"tls_certificate_file {certificate} with the key in {key} cannot be used: "
            f"{_reason(error)}; is tls_key_password right?"
        ) from None
    return context


def _reason(error: OSError) -> str:
    """Return what is wrong with a file."""
    if isinstance(error, ssl.SSLError):
        return (error.reason or "no PEM, or another password").lower().replace("_", " ")
    return error.strerror or str(error)


def _secret(secret: SecretStr | None) -> str:
    return "" if secret is None else secret.get_secret_value()
