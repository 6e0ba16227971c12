"""A Kafka cluster of one or three nodes, started and stopped together."""

import shutil
import tempfile
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from gridcast.stream.errors import UserError
from gridcast.stream.kafka.broker.config import NodeAddress, server_properties
from gridcast.stream.kafka.broker.directory import Directory
from gridcast.stream.kafka.broker.jars import KAFKA_VERSION, Report, class_path
from gridcast.stream.kafka.broker.node import Node, java
from gridcast.stream.kafka.broker.ports import check_port, free_ports
from gridcast.stream.settings import Settings, load

SIZES = (1, 3)
READY_WITHIN_S = 90.0
STOP_WITHIN_S = 20.0
CHECK_EVERY_S = 0.1


def _report_nothing(_: str) -> None:
    pass


class Broker:
    """A real Kafka of one or three nodes. It ends when its owner ends, even if that is killed.

    Parameters
    ----------
    settings
        Settings of the jars (`cache_dir`, `jars_dir`); None: as the commands load them.
    nodes
        1, or 3 with replication 3 and `min.insync.replicas` 2.
    directory
        The data directory; None: a temporary one that is removed at the end.
    host, port
        The address for clients; further nodes take the next ports. None: free ports.
    fresh
        Whether to delete existing data first.
    listeners
        Further listeners for clients with their security protocols, such as
        `{"SECURED": "SASL_SSL"}`. They get free ports, see `address_of`.
    properties
        Further lines of `server.properties`, which such listeners may need.
    report
        Called with a text for a progress line.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        nodes: int = 1,
        directory: Path | None = None,
        host: str = "127.0.0.1",
        port: int | None = None,
        fresh: bool = False,
        listeners: Mapping[str, str] | None = None,
        properties: Mapping[str, str] | None = None,
        report: Report = _report_nothing,
    ) -> None:
        if nodes not in SIZES:
            raise UserError(f"a cluster has 1 node or 3, not {nodes}")
        self.nodes: list[Node] = []
        self.report = report
        self._settings = load().settings if settings is None else settings
        self._size = nodes
        self._keep = directory
        self._host = host
        self._port = port
        self._fresh = fresh
        self._listeners = dict(listeners or {})
        self._properties = dict(properties or {})
        self._directory: Directory | None = None

    @property
    def address(self) -> str:
        """The bootstrap address for clients: the addresses of all nodes, with commas."""
        return ",".join(node.place.address for node in self.nodes)

    def address_of(self, listener: str) -> str:
        """Return the bootstrap address of a further listener."""
        return ",".join(f"{node.place.host}:{node.place.further[listener]}" for node in self.nodes)

    @property
    def directory(self) -> Path | None:
        """The data directory while it runs."""
        return None if self._directory is None else self._directory.path

    def start(self) -> None:
        """Start all nodes, and wait until each has joined the cluster."""
        places = self._places()
        java()  # if Java is missing, it fails before 45 MB are fetched
        jars = class_path(self._settings, self.report)
        path = self._keep or Path(tempfile.mkdtemp(prefix="gridcast-broker-"))
        self._directory = Directory(path, self._size)
        try:
            self._directory.open(fresh=self._fresh)
            self.nodes = [
                Node(
                    number,
                    self._directory.node(number),
                    place,
                    cluster_id=self._directory.cluster_id,
                    temporary=self._keep is None,
                    properties=server_properties(number, places, self._listeners)
                    | self._properties,
                    class_path=jars,
                )
                for number, place in places.items()
            ]
            self.report(
                f"starting Kafka {KAFKA_VERSION} ({self._size} node{'s' * (self._size > 1)})"
            )
            with ThreadPoolExecutor(self._size) as pool:
                list(pool.map(Node.start, self.nodes))
            self.wait_until_ready()
        except BaseException:
            self.stop(at_once=True)
            raise

    def wait_until_ready(self, *, nodes: int | None = None) -> None:
        """Wait until so many nodes have joined the cluster; None: all."""
        wanted = self._size if nodes is None else nodes
        admin = AdminClient(
            {
                "bootstrap.servers": self.address,
                "log_level": 2,  # no lines about brokers that don't answer yet
                "reconnect.backoff.ms": 50,
                "reconnect.backoff.max.ms": 200,
            }
        )
        end = time.monotonic() + READY_WITHIN_S
        while _nodes_joined(admin) < wanted:
            living = [node for node in self.nodes if node.is_alive()]
            if len(living) < wanted:
                ended = next(node for node in self.nodes if node not in living)
                raise self.failure("Kafka did not start", ended)
            if time.monotonic() > end:
                raise self.failure(f"Kafka was not ready after {READY_WITHIN_S:.0f} s", living[0])
            time.sleep(CHECK_EVERY_S)

    def failure(self, what: str, node: Node) -> UserError:
        """Return an error with a node's last log lines, and keep the directory with its log."""
        self._keep = self.directory
        return UserError(f"{what}:\n{node.last_lines()}")

    def stop(self, *, at_once: bool = False) -> None:
        """Stop all nodes, cleanly unless `at_once`; no process is left."""
        if not at_once:
            _stop_cleanly(self.nodes)
        for node in self.nodes:
            node.kill()
        if self._directory is not None:
            self._directory.close()
            if self._keep is None:
                shutil.rmtree(self._directory.path, ignore_errors=True)
        self._directory = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # Data that are thrown away need no clean stop.
        self.stop(at_once=self._keep is None)

    def _places(self) -> dict[int, NodeAddress]:
        numbers = range(1, self._size + 1)
        chosen = [] if self._port is None else [self._port + i for i in range(self._size)]
        for port in chosen:
            check_port(self._host, port)
        ports = free_ports(self._host, (2 + len(self._listeners)) * self._size)
        free = iter([port for port in ports if port not in chosen])
        clients = chosen or [next(free) for _ in numbers]
        return {
            number: NodeAddress(
                self._host, client, next(free), {name: next(free) for name in self._listeners}
            )
            for number, client in zip(numbers, clients, strict=True)
        }


def _nodes_joined(admin: AdminClient) -> int:
    try:
        return len(admin.list_topics(timeout=1).brokers)
    except KafkaException:
        return 0


def _stop_cleanly(nodes: list[Node]) -> None:
    for node in nodes:
        node.ask_to_stop()
    end = time.monotonic() + STOP_WITHIN_S
    for node in nodes:
        node.wait(max(0.0, end - time.monotonic()))
