"""The configuration of a node (`server.properties`)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

HEADER = "# Written by `gridcast broker` at each start: changes here are lost.\n"


@dataclass(frozen=True, slots=True)
class NodeAddress:
    """The addresses of a node for clients and for the other nodes' controllers."""

    host: str
    port: int
    controller_port: int
    further: Mapping[str, int] = field(default_factory=dict)
    """The ports of further listeners for clients, by their names."""

    @property
    def address(self) -> str:
        """The address for clients."""
        return f"{self.host}:{self.port}"


def server_properties(
    node: int, places: Mapping[int, NodeAddress], protocols: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Return the configuration of one node, which is both broker and controller.

    `protocols` are the security protocols of further listeners.
    """
    place = places[node]
    for_clients = ",".join(
        f"{name}://{place.host}:{port}"
        for name, port in {"CLIENTS": place.port, **place.further}.items()
    )
    protocols = {"CLIENTS": "PLAINTEXT", "CONTROLLER": "PLAINTEXT", **(protocols or {})}
    copies = str(min(3, len(places)))
    least = "2" if len(places) >= 3 else "1"
    return {
        "process.roles": "broker,controller",
        "node.id": str(node),
        # The voters are configured and not stored (as --initial-controllers would), so that the
        # ports may differ at the next start.
        "controller.quorum.voters": ",".join(
            f"{i}@127.0.0.1:{p.controller_port}" for i, p in places.items()
        ),
        "controller.listener.names": "CONTROLLER",
        "listeners": f"{for_clients},CONTROLLER://127.0.0.1:{place.controller_port}",
        "advertised.listeners": for_clients,
        "listener.security.protocol.map": ",".join(map(":".join, protocols.items())),
        "inter.broker.listener.name": "CLIENTS",
        # Relative to the node's directory, where it runs, so that the directory can be moved.
        "log.dirs": "data",
        # A misspelt topic is an error, not a new topic.
        "auto.create.topics.enable": "false",
        "default.replication.factor": copies,
        "min.insync.replicas": least,
        "offsets.topic.replication.factor": copies,
        "transaction.state.log.replication.factor": copies,
        "transaction.state.log.min.isr": least,
        "share.coordinator.state.topic.replication.factor": copies,
        "share.coordinator.state.topic.min.isr": least,
        # A laptop has few consumers, which should start at once.
        "group.initial.rebalance.delay.ms": "0",
        "offsets.topic.num.partitions": "8",
        "transaction.state.log.num.partitions": "8",
        "share.coordinator.state.topic.num.partitions": "8",
        "num.network.threads": "2",
        "num.io.threads": "4",
        # A quarter of the heap by default; this is enough for a million keys at a time.
        "log.cleaner.dedupe.buffer.size": str(32 * 1024 * 1024),
        # A lost node is noticed after 6 s instead of 9 s.
        "broker.heartbeat.interval.ms": "1000",
        "broker.session.timeout.ms": "6000",
    }


def write_properties(path: Path, properties: Mapping[str, str]) -> None:
    """Write a Java properties file."""
    lines = (f"{key}={value}\n" for key, value in properties.items())
    path.write_text(HEADER + "".join(lines), "utf-8")
