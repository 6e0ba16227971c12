"""A Kafka with TLS, logins, client certificates and rights: what works there, and what is said."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)
from support.certificates import Authority
from support.consuming import all_of

from gridcast.schemas import Forecast, Reading, read
from gridcast.schemas.topics import FORECASTS, READINGS, STATE
from gridcast.stream.errors import UserError
from gridcast.stream.kafka.broker import Broker
from gridcast.stream.kafka.config import librdkafka_options, producer_options
from gridcast.stream.kafka.topic_admin import TopicAdmin
from gridcast.stream.kafka.transactions import Transactions
from gridcast.stream.settings import Settings

USER, PASSWORD = "gridcast", "correct-horse"
WITHIN_S = 120.0
REFUSED_WITHIN_S = 90.0
"""The worker's own time to find out is 6 s; the rest is for a busy machine."""
RIGHTS = {
    ResourceType.TOPIC: ("READ", "WRITE", "DESCRIBE", "DESCRIBE_CONFIGS", "CREATE"),
    ResourceType.GROUP: ("READ",),
    ResourceType.TRANSACTIONAL_ID: ("WRITE", "DESCRIBE"),
}
"""Rights that docs/howto/security.md says a deployment's user needs on its own prefix."""

Flags = dict[str, str]


@dataclass
class Secured:
    """A Kafka with a listener for logins and one for certificates, and who may do what there."""

    broker: Broker
    authority: Authority
    admin: AdminClient

    def login(self, **flags: str) -> Flags:
        return {
            "broker": self.broker.address_of("LOGINS"),
            "security_protocol": "SASL_SSL",
            "sasl_username": USER,
            "sasl_password": PASSWORD,
            "tls_ca_file": str(self.authority.file),
        } | flags

    def certificate(self, **flags: str) -> Flags:
        certificate, key = self.authority.certify(USER, b"key-password")
        return {
            "broker": self.broker.address_of("CERTIFICATES"),
            "security_protocol": "SSL",
            "tls_ca_file": str(self.authority.file),
            "tls_certificate_file": str(certificate),
            "tls_key_file": str(key),
            "tls_key_password": "key-password",
        } | flags

    def all_of(self, prefix: str, topic: str) -> list[Any]:
        """Read a topic over the plain listener."""
        return all_of(Settings(broker=self.broker.address, topic_prefix=prefix), topic)

    def set_password(self, user: str, password: str) -> None:
        info = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096)
        wanted = UserScramCredentialUpsertion(user, info, password.encode())
        for answer in self.admin.alter_user_scram_credentials([wanted]).values():
            answer.result(60)

    def allow(self, principal: str, prefix: str) -> None:
        wanted = [
            _acl(AclBinding, kind, prefix, principal, AclOperation[operation])
            for kind, operations in RIGHTS.items()
            for operation in operations
        ]
        for answer in self.admin.create_acls(wanted).values():
            answer.result(60)
        every = _acl(AclBindingFilter, ResourceType.ANY, prefix, principal, AclOperation.ANY)
        wait_for(
            lambda: len(self.admin.describe_acls(every).result(60)) == len(wanted), "the rights"
        )

    def deny(self, kind: ResourceType, name: str, operation: str) -> None:
        """Take one right away from the user."""
        who, may = f"User:{USER}", AclOperation[operation]
        literal, deny = ResourcePatternType.LITERAL, AclPermissionType.DENY
        wanted = AclBinding(kind, name, literal, who, "*", may, deny)
        for answer in self.admin.create_acls([wanted]).values():
            answer.result(60)
        same = AclBindingFilter(kind, name, literal, who, "*", may, deny)
        wait_for(lambda: bool(self.admin.describe_acls(same).result(60)), "the right to be gone")


def _acl(
    make: Callable[..., Any], kind: ResourceType, prefix: str, who: str | None, may: AclOperation
) -> Any:
    return make(kind, prefix, ResourcePatternType.PREFIXED, who, "*", may, AclPermissionType.ALLOW)


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    """Start it; over its plain listener whoever comes may do anything."""
    folder = tmp_path_factory.mktemp("secured")
    authority = Authority(folder / "authority")
    scram = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
    properties = {
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(authority.keystore("127.0.0.1")),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(authority.file),
        "sasl.enabled.mechanisms": "SCRAM-SHA-512",
        "listener.name.logins.scram-sha-512.sasl.jaas.config": scram,
        "listener.name.certificates.ssl.client.auth": "required",
        "ssl.principal.mapping.rules": "RULE:^.*CN=([^,]+).*$/$1/,DEFAULT",
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": "User:ANONYMOUS",
    }
    listeners = {"LOGINS": "SASL_SSL", "CERTIFICATES": "SSL"}
    with Broker(directory=folder / "data", listeners=listeners, properties=properties) as broker:
        admin = AdminClient({"bootstrap.servers": broker.address, "log_level": 2})
        found = Secured(broker, authority, admin)
        found.set_password(USER, PASSWORD)
        yield found


@pytest.fixture
def prefix(secured: Secured) -> str:
    """A deployment of the test's own, with the rights that the docs say."""
    prefix = f"{uuid4().hex[:8]}."
    secured.allow(f"User:{USER}", prefix)
    return prefix


@pytest.fixture
def gridcast(prefix: str, tmp_path: Path) -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    """Run commands of that deployment; those that still run at the end are ended."""
    with ExitStack() as running:

        def run(flags: Flags, *command: str) -> "subprocess.Popen[str]":
            chosen = flags | {
                "topic_prefix": prefix,
                "partitions": "2",
                "cache_dir": str(tmp_path / "cache"),
            }
            process = subprocess.Popen(
                [sys.executable, "-m", "gridcast", *command],
                cwd=tmp_path,
                env=os.environ
                | {"PYTHONFAULTHANDLER": "1"}
                | {f"GRIDCAST_{k.upper()}": v for k, v in chosen.items()},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            running.enter_context(process)
            running.callback(process.kill)
            return process

        yield run


def settings(flags: Flags, prefix: str) -> Settings:
    return Settings.model_validate(flags | {"topic_prefix": prefix, "partitions": 2})


def make_topics(flags: Flags, prefix: str) -> Settings:
    own = settings(flags, prefix)
    admin = TopicAdmin(own)
    admin.create(admin.look().missing)
    return own


def send_readings(own: Settings, minutes: int = 5) -> None:
    start = datetime.now(UTC) - timedelta(minutes=minutes)
    producer = Producer(producer_options(own))
    for minute in range(minutes):
        for number in range(40):
            time_ = start + timedelta(minutes=minute)
            reading = Reading(series=f"m-{number}", time=time_, value=1.5)
            producer.produce(
                own.topic_prefix + READINGS.name, key=reading.key, value=reading.to_bytes()
            )
    assert producer.flush(60) == 0


def wait_for(happened: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + WITHIN_S
    while not happened():
        assert time.monotonic() < end, f"not within {WITHIN_S} s: {what}"
        time.sleep(0.3)


def ending(process: "subprocess.Popen[str]", within_s: float = REFUSED_WITHIN_S) -> tuple[int, str]:
    """Give the exit code of a command that ends by itself, and all that it said."""
    try:
        said, _ = process.communicate(timeout=within_s)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGABRT)  # it tells where it hangs
        said, _ = process.communicate()
        pytest.fail(f"it did not end within {within_s} s:\n{said}")
    return process.returncode, said


@pytest.mark.parametrize("by", ["login", "certificate"])
def test_topics_readings_forecasts_and_state_go_over_tls_with_no_more_rights_than_documented(
    secured: Secured, prefix: str, gridcast: Callable[..., "subprocess.Popen[str]"], by: str
) -> None:
    flags = getattr(secured, by)()
    code, said = ending(gridcast(flags, "topics", "create"))
    assert code == 0, said
    assert f"made {prefix}meter.readings" in said
    own = settings(flags, prefix)
    send_readings(own)
    worker = gridcast(flags, "worker")
    everyone = {f"m-{n}".encode() for n in range(40)}

    def have_forecasts() -> bool:
        return {each.key() for each in secured.all_of(prefix, FORECASTS.name)} == everyone

    wait_for(have_forecasts, "forecasts")
    found = secured.all_of(prefix, FORECASTS.name)
    forecasts = [read(FORECASTS, each.key(), each.value()) for each in found]
    assert all(isinstance(forecast, Forecast) for forecast in forecasts)
    assert secured.all_of(prefix, STATE.name)
    worker.terminate()
    code, said = ending(worker)
    assert code == 0, said
    assert PASSWORD not in said
    assert "key-password" not in said


def wrong_password(secured: Secured) -> tuple[Flags, str]:
    return secured.login(sasl_password="wrong"), "refuses the login of gridcast"


def wrong_mechanism(secured: Secured) -> tuple[Flags, str]:
    return secured.login(sasl_mechanism="PLAIN"), "takes no sasl_mechanism PLAIN"


def unknown_authority(secured: Secured) -> tuple[Flags, str]:
    other = Authority(secured.authority.file.parent / "other")
    return secured.login(tls_ca_file=str(other.file)), "a certificate that is not trusted"


def plain_client(secured: Secured) -> tuple[Flags, str]:
    return {"broker": secured.broker.address_of("LOGINS")}, "hangs up on PLAINTEXT"


def no_certificate(secured: Secured) -> tuple[Flags, str]:
    flags = secured.certificate()
    shown = ("tls_certificate_file", "tls_key_file", "tls_key_password")
    return {k: v for k, v in flags.items() if k not in shown}, "or a certificate of ours"


@pytest.mark.parametrize(
    "wrong", [wrong_password, wrong_mechanism, unknown_authority, plain_client, no_certificate]
)
def test_who_is_not_let_in_is_told_why_in_one_line_and_soon(
    secured: Secured,
    gridcast: Callable[..., "subprocess.Popen[str]"],
    wrong: Callable[[Secured], tuple[Flags, str]],
) -> None:
    flags, line = wrong(secured)
    commands = (["worker"], ["topics", "list"], ["simulate", "--to-topics", "--series", "3"])
    started = [gridcast(flags, *command) for command in commands]
    for process in started:
        code, said = ending(process)
        assert code == 2, said
        assert said.startswith("gridcast: the Kafka at 127.0.0.1:"), said
        assert line in said
        assert len(said.splitlines()) == 1, said


def test_a_sender_of_transactions_that_is_not_let_in_does_not_wait_for_ever(
    secured: Secured,
) -> None:
    transactions = Transactions(settings(secured.login(sasl_password="wrong"), "p."), "sender")
    with pytest.raises(UserError, match="refuses the login"):
        transactions.begin()
    transactions.close()


@pytest.mark.parametrize(
    ("kind", "name", "operation"),
    [
        (ResourceType.TOPIC, "meter.readings", "READ"),
        (ResourceType.TOPIC, "grid.series", "READ"),
        (ResourceType.TOPIC, "gridcast.state", "READ"),
        (ResourceType.TOPIC, "load.forecasts", "WRITE"),
        (ResourceType.GROUP, "gridcast", "READ"),
        (ResourceType.TRANSACTIONAL_ID, "gridcast/1", "WRITE"),
    ],
)
def test_a_right_that_is_missing_ends_a_worker_with_one_line_that_names_it(  # noqa: PLR0917
    secured: Secured,
    prefix: str,
    gridcast: Callable[..., "subprocess.Popen[str]"],
    kind: ResourceType,
    name: str,
    operation: str,
) -> None:
    flags = secured.login()
    own = make_topics(flags, prefix)
    send_readings(own)
    secured.deny(kind, prefix + name, operation)
    code, said = ending(gridcast(flags, "worker"), WITHIN_S)
    assert code == 2, said
    last = said.splitlines()[-1]
    assert last.startswith("gridcast: "), said
    assert "uthoriz" in last, last
    assert name in last, last
    assert "Traceback" not in said, said


def test_a_worker_whose_password_is_changed_ends_when_it_has_to_log_in_again(
    secured: Secured, prefix: str, gridcast: Callable[..., "subprocess.Popen[str]"]
) -> None:
    user = uuid4().hex
    secured.set_password(user, PASSWORD)
    secured.allow(f"User:{user}", prefix)
    flags = secured.login(sasl_username=user)
    own = make_topics(flags, prefix)
    send_readings(own)
    worker = gridcast(flags, "worker")
    wait_for(lambda: bool(secured.all_of(prefix, FORECASTS.name)), "forecasts")
    secured.set_password(user, "another")
    node = secured.broker.nodes[0]
    node.ask_to_stop()
    assert node.wait(WITHIN_S)
    node.start()
    secured.broker.wait_until_ready()
    code, said = ending(worker, WITHIN_S)
    assert code == 2, said
    last = said.splitlines()[-1]
    assert f"refuses the login of {user}" in last, said
    assert "Traceback" not in said, said


def test_what_is_sent_is_compressed_and_numbered_so_that_nothing_is_there_twice(
    secured: Secured, prefix: str
) -> None:
    own = make_topics(secured.login(), prefix)
    send_readings(own)
    transactions = Transactions(own, f"{prefix}sender")
    transactions.begin()
    value = b"1.25 kW " * 100
    transactions.send([(prefix + FORECASTS.name, b"m", value, 0)])
    transactions.close()
    for topic, numbers in ((READINGS, (0, 1)), (FORECASTS, (0,))):
        for number in numbers:
            found = batches_on_disk(secured.broker, f"{prefix}{topic.name}-{number}")
            assert found
            assert {codec for codec, _ in found} == {LZ4}
            assert all(producer >= 0 for _, producer in found), "sent by an idempotent producer"
    assert librdkafka_options(own)["security.protocol"] == "SASL_SSL"


LZ4 = 3
BATCH_HEADER = 61


def batches_on_disk(broker: Broker, partition: str) -> list[tuple[int, int]]:
    """Give the codec and the producer of each batch that a partition keeps (not of markers)."""
    (folder,) = (broker.nodes[0].folder / "data").glob(partition)
    found = []
    for file in folder.glob("*.log"):
        left = file.read_bytes()
        while len(left) >= BATCH_HEADER:
            length = 12 + int.from_bytes(left[8:12], "big")
            attributes = int.from_bytes(left[21:23], "big")
            if not attributes & 0x20:
                producer = int.from_bytes(left[43:51], "big", signed=True)
                found.append((attributes & 7, producer))
            left = left[length:]
    return found
