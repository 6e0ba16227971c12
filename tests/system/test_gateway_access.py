"""Authentication, scopes and limits at a running gateway."""

import json
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import jwt
import msgspec
import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm
from support.certificates import Authority
from support.consuming import all_of
from support.gateway import (
    WITHIN_S,
    RunningGateway,
    alarm,
    client,
    forecast,
    gateway,
    publish_alarms,
    publish_forecasts,
    wait_for,
)
from support.redis import RedisServer
from support.sending import publish
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from gridcast.gateway.access.keys import new_key
from gridcast.schemas import Command, GridSeries
from gridcast.schemas.gateway import Scope
from gridcast.schemas.topics import COMMANDS, SERIES
from gridcast.stream.kafka.topic_admin import TopicAdmin
from gridcast.stream.settings import Settings

ISSUER = "https://login.example"


@pytest.fixture(scope="module")
def settings(kafka: str) -> Settings:
    """A deployment of the tests' own: two feeders of one meter each, with an alarm at each."""
    own = Settings(broker=kafka, topic_prefix=f"{uuid4().hex[:8]}.", partitions=2)
    admin = TopicAdmin(own)
    admin.create(admin.look().missing)
    publish(own, SERIES, *(GridSeries(series=f"m-{n}", parent=f"f-{n}") for n in (1, 2)))
    publish_forecasts(own, forecast("m-1"), forecast("m-2"))
    publish_alarms(own, alarm("a-1", "m-1"), alarm("a-2", "m-2"))
    return own


@contextmanager
def secured(settings: Settings, folder: Path, **flags: str) -> Iterator[RunningGateway]:
    """A gateway with API keys; `folder/keys.toml` has their entries."""
    given: dict[str, Any] = {
        "gateway_access": "keys",
        "gateway_keys_file": str(folder / "keys.toml"),
    } | flags
    with gateway(settings, folder, **given) as running:
        yield running


def add_key(folder: Path, name: str, *scopes: Scope, below: tuple[str, ...] = ()) -> str:
    key, entry = new_key(name, who=name, scopes=scopes or [Scope.READ], below=below)
    with (folder / "keys.toml").open("a") as file:
        file.write(entry + "\n")
    return key


def how_it_ends(connection: ClientConnection) -> tuple[int, str]:
    """Listen until the gateway ends the connection."""
    with pytest.raises(ConnectionClosed) as closed:
        _listen(connection)
    assert closed.value.rcvd is not None
    return closed.value.rcvd.code, closed.value.rcvd.reason


def _listen(connection: ClientConnection) -> None:
    while True:
        connection.recv(WITHIN_S)


def raw(running: RunningGateway, **options: Any) -> ClientConnection:
    given: dict[str, Any] = {"subprotocols": ["gridcast.v1"], "compression": None} | options
    path = given.pop("path", "")
    connection: ClientConnection = connect(running.socket + path, **given, open_timeout=WITHIN_S)
    return connection


def test_a_client_without_a_key_is_refused_and_one_with_a_key_acts_in_its_name(
    settings: Settings, tmp_path: Path
) -> None:
    key = add_key(tmp_path, "north-desk", Scope.READ, Scope.ACKNOWLEDGE, below=("f-1",))
    reader = add_key(tmp_path, "reader")
    with secured(settings, tmp_path) as running:
        for wrong in ({}, {"key": "gridcast_wrong"}, {"token": "a.b.c"}):
            with raw(running) as connection:
                connection.send(json.dumps({"type": "authenticate", **wrong}))
                code, _ = how_it_ends(connection)
                assert code == 4401
        with client(running.socket, key=key) as viewer:
            messages = viewer.snapshot()
            seen = [each["alarm"]["alarm"] for each in messages if each["type"] == "alarm"]
            assert seen == ["a-1"]
            viewer.say(type="act", request="r", alarm="a-2", action="acknowledge")
            assert viewer.hear_until("refused")[-1]["because"] == "unknown-alarm"
            viewer.say(type="act", request="r", alarm="a-1", action="acknowledge")
            viewer.hear_until("acted")
        (command,) = all_of(settings, COMMANDS.name)
        assert Command.from_bytes(command.value()).by == "north-desk"
        with client(running.socket, key=reader) as viewer:
            viewer.say(type="act", request="r", alarm="a-1", action="acknowledge")
            assert viewer.hear_until("refused")[-1]["because"] == "forbidden"
        bearer = {"Authorization": f"Bearer {key}"}
        assert running.ask("/v1/forecast?series=m-1", **bearer)[0] == 200
        assert running.ask("/v1/forecast?series=m-2", **bearer)[0] == 404
        assert running.ask("/metrics")[0] == 401


def test_a_revoked_key_ends_its_connections(settings: Settings, tmp_path: Path) -> None:
    key, kept = add_key(tmp_path, "withdrawn"), add_key(tmp_path, "kept")
    with (
        secured(settings, tmp_path) as running,
        client(running.socket, key=key) as viewer,
        client(running.socket, key=kept) as other,
    ):
        entries = (tmp_path / "keys.toml").read_text().split("\n\n")
        (tmp_path / "new.toml").write_text(entries[1])
        (tmp_path / "new.toml").replace(tmp_path / "keys.toml")  # it is never half a file
        assert how_it_ends(viewer.connection) == (4401, "there is no such API key")
        other.snapshot()


def test_a_token_is_valid_until_it_expires(settings: Settings, tmp_path: Path) -> None:
    signer = ec.generate_private_key(ec.SECP256R1())
    keys = {"keys": [ECAlgorithm.to_jwk(signer.public_key(), as_dict=True) | {"kid": "k"}]}
    (tmp_path / "jwks.json").write_text(json.dumps(keys))
    (tmp_path / "keys.toml").write_text("")
    flags: dict[str, Any] = {
        "gateway_jwks_file": str(tmp_path / "jwks.json"),
        "gateway_jwt_issuer": ISSUER,
    }
    claims = {"sub": "u-1", "iss": ISSUER, "aud": "gridcast", "scope": "read"}
    with secured(settings, tmp_path, **flags) as running:
        for let_in_s in (3, 15, 60):  # a busy machine may come too late for the shorter ones
            # Clocks may differ by 10 s: it was over before, and is let in for so long.
            exp = time.time() - 10 + let_in_s
            token = jwt.encode(claims | {"exp": exp}, signer, "ES256", {"kid": "k"})
            with suppress(ConnectionClosed), client(running.socket, token=token) as viewer:
                assert how_it_ends(viewer.connection) == (4401, "the token has expired")
                return
    pytest.fail("the token was never accepted")


def test_a_page_of_another_site_may_not_connect(settings: Settings, tmp_path: Path) -> None:
    flags: dict[str, Any] = {"gateway_origins": "https://control.example"}
    with gateway(settings, tmp_path, **flags) as running:
        for origin in ("https://evil.example", "null"):
            with pytest.raises(InvalidStatus) as refused, raw(running, origin=origin):
                pass
            assert refused.value.response.status_code == 403
        for origin in (running.url, "https://control.example"):
            with raw(running, origin=origin):
                pass
        # A name that was made to lead to this machine.
        assert running.ask("/", Host="evil.example")[0] == 403


def _says(running: RunningGateway, text: str) -> Callable[[], bool]:
    return lambda: text in running.said()


def test_connections_and_requests_of_a_key_are_limited_over_all_gateways(
    settings: Settings, tmp_path: Path
) -> None:
    key = add_key(tmp_path, "desk")
    text = (tmp_path / "keys.toml").read_text()
    (tmp_path / "keys.toml").write_text(
        f"{text.rstrip()}\nconnections = 3\nrequests_per_minute = 20\n"
    )
    with RedisServer(tmp_path) as redis, ExitStack() as stack:
        gateways = [
            stack.enter_context(secured(settings, tmp_path, redis_url=redis.url)) for _ in range(2)
        ]
        for running in gateways:
            wait_for(_says(running, "Redis answers"), running.said)
        held = [stack.enter_context(client(gateways[n % 2].socket, key=key)) for n in range(3)]
        for running in gateways:
            with raw(running) as connection:
                connection.send(json.dumps({"type": "authenticate", "key": key}))
                assert how_it_ends(connection)[0] == 4429
        with suppress(ConnectionClosed):  # it may end before all is said
            for number in range(40):
                held[0].say(type="unsubscribe", subscription=f"s-{number}")
        assert how_it_ends(held[0].connection)[0] == 4429
        written, newest = redis.client(), f"{settings.topic_prefix}gridcast:forecast:m-1"
        wait_for(lambda: bool(written.exists(newest)), lambda: f"no {newest}")
        assert written.get(newest) == forecast("m-1").to_bytes().decode()

        redis.stop()
        held[1].say(type="unsubscribe", subscription="s")
        degraded = held[1].hear_until("current")
        while not degraded[-1]["degraded"]:
            degraded = held[1].hear_until("current")
        assert "Redis does not answer" in degraded[-1]["degraded"][0]


def test_tls_messagepack_and_compression_give_the_same_messages(
    settings: Settings, tmp_path: Path
) -> None:
    authority = Authority(tmp_path / "tls")
    certificate, key = authority.certify("localhost")
    flags: dict[str, Any] = {
        "gateway_host": "localhost",
        "gateway_tls_certificate_file": str(certificate),
        "gateway_tls_key_file": str(key),
    }
    trusted = ssl.create_default_context(cafile=str(authority.file))
    with gateway(settings, tmp_path, ready=False, **flags) as running:
        assert running.url.startswith("https://")
        port = running.url.rpartition(":")[2]
        address = f"wss://localhost:{port}/v1?deflate=1"
        messages: list[dict[str, Any]] = []
        wait_for(lambda: _is_ready(address, trusted), running.said)
        with connect(
            address,
            ssl=trusted,
            subprotocols=[Subprotocol("gridcast.v1.msgpack")],
            open_timeout=WITHIN_S,
        ) as connection:
            assert [each.name for each in connection.protocol.extensions] == ["permessage-deflate"]
            connection.send(msgspec.msgpack.encode({"type": "authenticate"}))
            connection.send(
                msgspec.msgpack.encode(
                    {"type": "subscribe", "subscription": "s", "series": ["m-1"]}
                )
            )
            while not messages or messages[-1]["type"] != "current":
                packed = connection.recv(WITHIN_S)
                assert isinstance(packed, bytes)
                messages.append(msgspec.msgpack.decode(packed))
        (got,) = [message["forecast"] for message in messages if message["type"] == "forecast"]
        numbers = np.frombuffer(got["quantiles"], "<f4").reshape(3, 4)
        assert numbers.tolist() == forecast("m-1").quantiles


def _is_ready(address: str, trusted: ssl.SSLContext) -> bool:
    with connect(
        address,
        ssl=trusted,
        subprotocols=[Subprotocol("gridcast.v1")],
        open_timeout=WITHIN_S,
    ) as connection:
        try:
            connection.send('{"type":"authenticate"}')
            return "welcome" in str(connection.recv(WITHIN_S))
        except ConnectionClosed:
            return False


def test_compression_is_off_unless_it_is_requested(settings: Settings, tmp_path: Path) -> None:
    with gateway(settings, tmp_path) as running:
        with raw(running, compression="deflate") as connection:
            assert connection.protocol.extensions == []
        with pytest.raises(InvalidStatus) as refused, raw(running, subprotocols=None):
            pass
        assert refused.value.response.status_code == 400
        assert running.ask("/v1")[0] == 426


def test_a_gateway_that_is_not_safe_does_not_start(settings: Settings, tmp_path: Path) -> None:
    with (
        pytest.raises(AssertionError, match="no client could authenticate"),
        gateway(settings, tmp_path, gateway_access="keys"),
    ):
        pass
    with (
        pytest.raises(AssertionError, match="this machine only"),
        gateway(settings, tmp_path, gateway_host="0.0.0.0"),
    ):
        pass
