"""The fan-out: which client gets what, what is conflated, and which client is disconnected."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from support.gateway import alarm, forecast

from gridcast.gateway.client import MOST_WAITING, Client
from gridcast.gateway.entries import Entry, KafkaMessage, read_entry
from gridcast.gateway.fanout import Fanout
from gridcast.gateway.latest_state import LatestState
from gridcast.gateway.metrics import GatewayMetrics
from gridcast.gateway.protocol import Close, CloseCode, ConnectionLimits, Format, Packet, Session
from gridcast.schemas import GridSeries, Message, SeriesKind
from gridcast.schemas.gateway import Authenticate, Current, Scope, Subscribe, Welcome, What

NOW = datetime(2026, 1, 1, tzinfo=UTC)
STALL_S = 10.0


class Network:
    """A network that takes everything or nothing."""

    def __init__(self) -> None:
        self.sent: list[Packet] = []
        self.stuck = 0
        self.is_stalled = False
        self.close: Close | None = None

    def waiting(self) -> int:
        return self.stuck

    def write(self, packets: list[Packet]) -> int:
        size = sum(len(packet.frame) for packet in packets)
        self.sent += packets
        self.stuck += size if self.is_stalled else 0
        return size

    def cut(self, close: Close) -> None:
        self.close = close

    def received(self) -> list[dict[str, Any]]:
        taken, self.sent = self.sent, []
        return [json.loads(packet.payload) for packet in taken]


class Room:
    """A fan-out with its state."""

    def __init__(self) -> None:
        self.state = LatestState()
        self.state.begin("e", dict.fromkeys(What, 1))
        self.woken = 0
        self.metrics = GatewayMetrics("1.0", "r")
        self.fanout = Fanout(self.state, self.metrics, self.current, STALL_S, self.wake)

    def wake(self) -> None:
        self.woken += 1

    def current(self, subscription: str | None) -> Current:
        place = self.state.position()
        return Current(
            subscription=subscription,
            epoch=place.epoch,
            seq=place.seq,
            time=NOW,
            stale_s=0,
            degraded=[],
        )

    def client(self, *below: str, most_alarms: int = 100) -> tuple[Client, Network]:
        session, network = Session(Format.JSON, ConnectionLimits()), Network()
        session.receive(Authenticate().to_bytes().decode())
        session.admit(
            Welcome(
                gateway="g",
                version="1",
                time=NOW,
                who="anna",
                scopes=[Scope.READ],
                below=[],
                open=False,
                heartbeat_s=10,
                degraded=[],
            )
        )
        session.outgoing()
        client = Client(session, network, "anna", frozenset(below), most_alarms)
        self.fanout.join(client)
        return client, network

    def subscribe(self, client: Client, **wanted: Any) -> Subscribe:
        message = Subscribe(subscription="s", **wanted).to_bytes().decode()
        events = client.session.receive(message)
        subscription = events[-1]
        assert isinstance(subscription, Subscribe)
        self.fanout.subscribe(client, subscription)
        self.flush()
        return subscription

    def put(self, what: What, message: Message) -> None:
        offset = self.state.next[what][0]
        entry = read_entry(
            what, KafkaMessage(0, offset, 0, message.key, message.to_bytes()), 100_000
        )
        assert isinstance(entry, Entry)
        self.fanout.take([entry])
        self.state.reached(what, 0, offset + 1)

    def flush(self) -> None:
        while self.fanout.flush():
            pass


@pytest.fixture
def room() -> Room:
    return Room()


def series_of(received: list[dict[str, Any]]) -> list[str]:
    return [message["forecast"]["series"] for message in received if message["type"] == "forecast"]


def test_a_snapshot_ends_with_the_position_up_to_which_it_is_complete(room: Room) -> None:
    room.put(What.FORECAST, forecast("m-1"))
    client, network = room.client()
    room.subscribe(client, all=True)
    first, last = network.received()
    assert first["forecast"]["series"] == "m-1"
    assert (last["type"], last["subscription"]) == ("current", "s")
    assert last["seq"]["forecast"] == [1]


def test_each_client_gets_what_it_subscribed_to(room: Room) -> None:
    room.put(What.SERIES, GridSeries(series="m-1", parent="f-1"))
    (limited, to_limited), (unlimited, to_unlimited) = room.client(), room.client()
    room.subscribe(limited, below=["f-1"], what=["forecast"])
    room.subscribe(unlimited, all=True)
    to_limited.received(), to_unlimited.received()
    for series in ("m-1", "m-2"):
        room.put(What.FORECAST, forecast(series))
    room.put(What.ALARM, alarm("a-1", series="m-1"))
    room.flush()
    assert [message["type"] for message in to_limited.received()] == ["forecast"]
    assert [message["type"] for message in to_unlimited.received()] == [
        "alarm",
        "forecast",
        "forecast",
    ]


def test_two_subscriptions_to_the_same_series_send_it_once(room: Room) -> None:
    client, network = room.client()
    for name in ("a", "b"):
        (subscription,) = client.session.receive(
            json.dumps({"type": "subscribe", "subscription": name, "series": ["m-1"]})
        )
        assert isinstance(subscription, Subscribe)
        room.fanout.subscribe(client, subscription)
    room.flush()
    network.received()
    room.put(What.FORECAST, forecast("m-1"))
    room.flush()
    assert len(series_of(network.received())) == 1
    room.fanout.unsubscribe(client, client.session.subscriptions.pop("a"))
    room.put(What.FORECAST, forecast("m-1", 1))
    room.flush()
    assert len(series_of(network.received())) == 1


def test_a_client_never_gets_what_it_may_not_see(room: Room) -> None:
    room.put(What.SERIES, GridSeries(series="m-1", parent="f-1"))
    room.put(What.SERIES, GridSeries(series="m-2", parent="f-2"))
    client, network = room.client("f-1")
    room.put(What.FORECAST, forecast("m-2"))
    room.subscribe(client, all=True)
    room.put(What.ALARM, alarm("a-2", series="m-2"))
    room.put(What.FORECAST, forecast("m-1"))
    room.flush()
    received = network.received()
    assert series_of(received) == ["m-1"]
    assert [each for each in received if each["type"] == "alarm"] == []
    assert [each["series"]["series"] for each in received if each["type"] == "series"] == ["m-1"]


def test_waiting_forecasts_are_conflated_and_alarms_are_not(room: Room) -> None:
    client, network = room.client()
    room.subscribe(client, all=True)
    network.received()
    network.stuck = MOST_WAITING
    for minute in range(5):
        room.put(What.FORECAST, forecast("m-1", minute))
        room.put(What.FORECAST, forecast("m-2", minute))
        room.put(What.ALARM, alarm("a-1", minute=minute))
    room.flush()
    assert network.received() == []
    network.stuck = 0
    room.fanout.watch(0)
    room.flush()
    received = network.received()
    assert [message["type"] for message in received] == ["alarm"] * 5 + ["forecast"] * 2
    assert {each["forecast"]["tick"] for each in received[5:]} == {"2026-01-01T12:04:00Z"}
    assert [each["seq"][1] for each in received[:5]] == [0, 1, 2, 3, 4]
    room.fanout.leave(client)
    name = "gridcast_gateway_conflated_total"
    assert room.metrics.registry.get_sample_value(name) == 8


def test_a_client_that_reads_nothing_is_disconnected_with_a_reason_and_others_are_not(
    room: Room,
) -> None:
    (good, to_good), (stalled, to_stalled) = room.client(), room.client()
    for client in (good, stalled):
        room.subscribe(client, all=True)
    to_stalled.is_stalled = True
    for second in range(int(STALL_S) + 2):
        room.put(What.FORECAST, forecast("m-1", second))
        room.flush()
        room.fanout.watch(float(second))
    assert to_stalled.close == Close(CloseCode.TOO_SLOW, "nothing read for 10 s")
    assert to_good.close is None
    assert len(series_of(to_good.received())) == 12
    assert room.fanout.clients == {good}
    room.put(What.FORECAST, forecast("m-1", 20))
    to_stalled.received()
    room.flush()
    assert to_stalled.received() == []


def test_a_client_that_reads_too_little_is_disconnected_too(room: Room) -> None:
    client, network = room.client()
    room.subscribe(client, all=True)
    network.is_stalled = True
    for number in range(100):
        room.put(What.FORECAST, forecast(f"m-{number}", steps=100))
    room.flush()
    assert network.stuck >= MOST_WAITING
    for second in range(int(STALL_S) + 1):
        network.stuck -= 100
        room.fanout.watch(float(second))
        room.flush()
    assert network.close is not None


def test_a_client_that_is_slow_but_steady_stays(room: Room) -> None:
    client, network = room.client()
    room.subscribe(client, all=True)
    network.is_stalled = True
    for second in range(60):
        for number in range(50):
            room.put(What.FORECAST, forecast(f"m-{number}", second, steps=100))
        room.flush()
        network.stuck = max(network.stuck - 8 * 1024, 0)
        room.fanout.watch(float(second))
        room.flush()
    assert network.close is None
    assert len(client.queue) <= 50


def test_the_buffer_of_a_client_is_bounded(room: Room) -> None:
    client, network = room.client()
    room.subscribe(client, all=True)
    network.is_stalled = True
    for number in range(500):
        room.put(What.FORECAST, forecast(f"m-{number}", steps=100))
        room.flush()
    assert network.stuck < MOST_WAITING + 5_000
    assert len(client.queue) > 400


def test_too_many_waiting_alarms_end_the_connection_and_none_is_dropped(room: Room) -> None:
    client, network = room.client(most_alarms=10)
    room.subscribe(client, all=True)
    network.stuck = MOST_WAITING
    for minute in range(11):
        room.put(What.ALARM, alarm("a-1", minute=minute))
    room.flush()
    assert network.close == Close(CloseCode.TOO_SLOW, "too many alarm changes are waiting")


def test_only_clients_that_have_everything_get_a_heartbeat(room: Room) -> None:
    (idle, to_idle), (behind, to_behind) = room.client(), room.client()
    room.subscribe(behind, all=True)
    to_behind.received()
    to_behind.stuck = MOST_WAITING
    room.put(What.FORECAST, forecast("m-1"))
    room.flush()
    for turn in range(4):
        room.fanout.heartbeat(turn, 4)
    room.flush()
    (beat,) = to_idle.received()
    assert (beat["type"], beat["subscription"], beat["seq"]["forecast"]) == ("current", None, [1])
    assert to_behind.received() == []
    assert idle in room.fanout.clients


def test_a_large_snapshot_delays_other_clients_by_one_part_at_most(room: Room) -> None:
    for number in range(1_000):
        room.put(What.FORECAST, forecast(f"m-{number}"))
    (greedy, to_greedy), (good, to_good) = room.client(), room.client()
    room.subscribe(good, series=["m-1"])
    to_good.received()
    for number in range(8):
        (subscription,) = greedy.session.receive(
            json.dumps({"type": "subscribe", "subscription": f"s-{number}", "all": True})
        )
        assert isinstance(subscription, Subscribe)
        room.fanout.subscribe(greedy, subscription)
    room.fanout.flush()
    room.put(What.FORECAST, forecast("m-1", 1))
    before = len(to_greedy.sent)
    room.fanout.flush()
    assert series_of(to_good.received()) == ["m-1"]
    assert len(to_greedy.sent) - before <= 300 + 1
    room.flush()
    received = to_greedy.received()
    assert len(set(series_of(received))) == 1_000
    ended = [message["subscription"] for message in received if message["type"] == "current"]
    assert ended == [f"s-{number}" for number in range(8)]


def test_updates_wait_for_a_few_parts_however_many_snapshots_are_under_way(room: Room) -> None:
    for number in range(1_000):
        room.put(What.FORECAST, forecast(f"m-{number}"))
    good, to_good = room.client()
    room.subscribe(good, series=["m-1"])
    to_good.received()
    crowd = [room.client() for _ in range(50)]
    for client, _ in crowd:
        (subscription,) = client.session.receive(
            '{"type":"subscribe","subscription":"s","all":true}'
        )
        assert isinstance(subscription, Subscribe)
        room.fanout.subscribe(client, subscription)
    room.fanout.flush()
    room.put(What.FORECAST, forecast("m-1", 1))
    before = sum(len(network.sent) for _, network in crowd)
    room.fanout.flush()
    assert series_of(to_good.received()) == ["m-1"]
    news, parts = len(crowd), 2 * 300
    assert sum(len(network.sent) for _, network in crowd) - before <= news + parts
    room.flush()
    assert all(len(set(series_of(network.received()))) == 1_000 for _, network in crowd)


def test_a_series_that_is_selected_twice_is_sent_once(room: Room) -> None:
    room.put(What.SERIES, GridSeries(series="f-1", kind=SeriesKind.FEEDER, parent="z"))
    room.put(What.SERIES, GridSeries(series="m-1", parent="f-1"))
    for name in ("z", "f-1", "m-1", "m-2"):
        room.put(What.FORECAST, forecast(name))
    client, network = room.client()
    named = {"series": ["m-1", "m-2", "m-2"], "below": ["f-1", "z", "f-1"], "what": ["forecast"]}
    room.subscribe(client, **named)
    assert sorted(series_of(network.received())) == ["f-1", "m-1", "m-2", "z"]


def test_changes_during_a_snapshot_are_part_of_it(room: Room) -> None:
    for number in range(600):
        room.put(What.FORECAST, forecast(f"m-{number}"))
    client, network = room.client()
    (subscription,) = client.session.receive('{"type":"subscribe","subscription":"s","all":true}')
    assert isinstance(subscription, Subscribe)
    room.fanout.subscribe(client, subscription)
    room.fanout.flush()
    room.put(What.FORECAST, forecast("m-599", 1))
    room.put(What.FORECAST, forecast("new"))
    room.flush()
    received = network.received()
    forecasts = [message["forecast"] for message in received[:-1]]
    newest = {each["series"]: each["tick"] for each in forecasts}
    assert len(newest) == 601
    assert newest["m-599"] == "2026-01-01T12:01:00Z"
    assert received[-1]["type"] == "current"
    assert received[-1]["seq"]["forecast"] == [602]


def test_waiting_clients_are_served_in_turn(room: Room) -> None:
    clients = [room.client() for _ in range(450)]
    for client, _ in clients:
        room.subscribe(client, all=True)
    room.put(What.FORECAST, forecast("m-1"))
    rounds = 1
    while room.fanout.flush():
        rounds += 1
    assert rounds == 3
    assert all(len(series_of(network.received())) == 1 for _, network in clients)


def test_a_client_that_has_left_gets_nothing(room: Room) -> None:
    client, network = room.client()
    room.subscribe(client, all=True)
    network.received()
    room.put(What.FORECAST, forecast("m-1"))
    room.fanout.leave(client)
    room.fanout.leave(client)
    room.flush()
    assert network.received() == []
