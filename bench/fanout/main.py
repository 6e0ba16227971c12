"""How many clients one gateway carries: a 2 KB update a second to each, from Kafka to the client.

The gateway is `gridcast gateway` in a process of its own at a real Kafka, the clients are in
another. 1 % of them read nothing on purpose: they are to be cut off, and to delay nobody, which a
run without them shows (`none stalled`). In the same run and to the same clients: a plain
`websockets` server that broadcasts (`plain`), which gets its update from itself, not through Kafka,
and whose stalled clients only weigh on its memory.

Limit: p99 under 1 s, from before Kafka has the update to when the client has read it.
"""

from uuid import uuid4

from common import arguments, result, show

from fanout.running import BYTES, Outcome, gridcast, measure, plain
from gridcast.stream.kafka.broker import Broker
from gridcast.stream.kafka.topic_admin import TopicAdmin
from gridcast.stream.settings import Settings

LIMIT_MS = 1_000
AIM = 10_000
STALLED = 0.01
NAMES = ("gridcast, none stalled", "gridcast", "websockets.broadcast")


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--clients", type=int, help="so many, in place of the steps")
    parser.add_argument("--seconds", type=float, help="how long each is measured (20; quick: 6)")
    given = parser.parse_args()
    steps = [given.clients] if given.clients else ([2_000] if given.quick else [5_000, 10_000])
    seconds = given.seconds or (6 if given.quick else 20)

    ours: list[Outcome] = []
    undisturbed: list[Outcome] = []
    peers: list[Outcome] = []
    with Broker() as broker:
        settings = Settings(broker=broker.address, topic_prefix=f"{uuid4().hex[:8]}.")
        admin = TopicAdmin(settings)
        admin.create(admin.look().missing)
        for clients in steps:
            stalled = round(clients * STALLED)
            with gridcast(settings) as (server, port):
                undisturbed.append(measure(server, port, clients, 0, seconds, ours=True))
            with gridcast(settings) as (server, port):
                ours.append(measure(server, port, clients, stalled, seconds, ours=True))
            with plain() as (server, port):
                peers.append(measure(server, port, clients, stalled, seconds, ours=False))
            _say(undisturbed[-1], ours[-1], peers[-1])

    show(
        f"{BYTES:,} bytes a second to each client, {STALLED:.0%} stalled, {seconds:g} s each",
        ["server", "clients", "p50 ms", "p99 ms", "max ms", "updates", "KB a client", "cores"],
        [
            _row(name, outcome)
            for step in zip(undisturbed, ours, peers, strict=True)
            for name, outcome in zip(NAMES, step, strict=True)
        ],
    )
    carried = [one for one in ours if _is_carried(one, seconds)]
    clients = max((one.clients for one in carried), default=0)
    cut = ", ".join(f"{one.cut} of {round(one.clients * STALLED)}" for one in ours)
    print(f"carried with p99 under {LIMIT_MS:,} ms: {clients:,} clients; the aim: {AIM:,}")
    print(f"stalled clients that were cut off meanwhile: {cut}")
    if given.json:
        last, peer = ours[-1], peers[-1]
        figures = {
            "clients": clients,
            "p50_ms": last.figures["p50_ms"],
            "p99_ms": last.figures["p99_ms"],
            "none_stalled_p99_ms": undisturbed[-1].figures["p99_ms"],
            "kb_a_client": last.kb_a_client,
            "plain_broadcast_p99_ms": peer.figures["p99_ms"],
            "cores": last.cpu,
            "plain_broadcast_cores": peer.cpu,
        }
        rounded = {name: round(figure or 0, 2) for name, figure in figures.items()}
        print(result("fanout", rounded))


def _is_carried(outcome: Outcome, seconds: float) -> bool:
    """Tell whether all who read got every update, in time, and nobody of them was cut off."""
    readers = outcome.clients - round(outcome.clients * STALLED)
    p99_ms = outcome.figures["p99_ms"]
    return (
        p99_ms is not None
        and p99_ms < LIMIT_MS
        # The first and the last update may fall outside.
        and outcome.figures["updates"] >= (seconds - 2) * readers
        and outcome.figures["ended"] == 0
    )


def _row(name: str, outcome: Outcome) -> list[str]:
    figures = outcome.figures
    times = [figures[which] for which in ("p50_ms", "p99_ms", "max_ms")]
    return [
        name,
        f"{outcome.clients:,}",
        *("-" if each is None else f"{each:,.0f}" for each in times),
        f"{figures['updates']:,}",
        f"{outcome.kb_a_client:,.1f}",
        f"{outcome.cpu:.2f}",
    ]


def _say(*step: Outcome) -> None:
    for name, outcome in zip(NAMES, step, strict=True):
        print(name, outcome.figures, f"{outcome.kb_a_client:.1f} KB", f"{outcome.cpu:.2f} cores")
