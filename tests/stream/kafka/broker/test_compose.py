"""The containers: no Docker runs here, but what they are told can be compared."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from gridcast.stream.kafka.broker import KAFKA_VERSION
from gridcast.stream.kafka.broker.config import NodeAddress, server_properties

FILE = Path(__file__).parents[4] / "docker-compose.kafka.yml"
PREFIX = "KAFKA_"


@pytest.fixture(scope="module")
def compose() -> Any:
    return yaml.safe_load(FILE.read_text())


@pytest.fixture(scope="module")
def nodes(compose: Any) -> list[dict[str, str]]:
    """What each node is told, under the names of server.properties."""
    return [
        {
            name.removeprefix(PREFIX).lower().replace("_", "."): str(value)
            for name, value in service["environment"].items()
            if name.startswith(PREFIX)
        }
        for service in compose["services"].values()
    ]


def test_they_run_the_same_kafka(compose: Any) -> None:
    images = {service["image"] for service in compose["services"].values()}
    assert images == {f"apache/kafka:{KAFKA_VERSION}"}


def test_they_keep_everything_as_often_as_gridcast_broker_with_three_nodes(
    nodes: list[dict[str, str]],
) -> None:
    ours = server_properties(1, {i: NodeAddress("h", i, i) for i in (1, 2, 3)})
    kept = {
        name: value
        for name, value in ours.items()
        if name.endswith(
            ("replication.factor", "min.isr", "insync.replicas", "create.topics.enable")
        )
    }
    assert len(kept) == 8
    for node in nodes:
        assert kept.items() <= node.items()


def test_every_node_votes_and_is_one_of_its_own(compose: Any, nodes: list[dict[str, str]]) -> None:
    voters = ",".join(f"{node['node.id']}@kafka-{node['node.id']}:19093" for node in nodes)
    assert {node["controller.quorum.voters"] for node in nodes} == {voters}
    services = compose["services"].values()
    assert len({service["ports"][0].partition(":")[0] for service in services}) == 3
    assert {service["volumes"][0].partition(":")[0] for service in services} == set(
        compose["volumes"]
    )


def test_a_client_is_told_the_port_that_is_published(
    compose: Any, nodes: list[dict[str, str]]
) -> None:
    for node, service in zip(nodes, compose["services"].values(), strict=True):
        published = service["ports"][0].partition(":")[0]
        clients = node["advertised.listeners"].partition(",")[0]
        assert clients.endswith(f":{published}")


def test_health_is_asked_with_kafka_s_own_script(compose: Any) -> None:
    for service in compose["services"].values():
        assert "kafka-broker-api-versions.sh" in service["healthcheck"]["test"]
        assert "data" in service["volumes"][0]
