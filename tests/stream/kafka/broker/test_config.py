from pathlib import Path

from gridcast.stream.kafka.broker.config import NodeAddress, server_properties, write_properties

ONE = {1: NodeAddress("127.0.0.1", 9092, 15001)}
THREE = {i: NodeAddress("127.0.0.1", 9091 + i, 15000 + i) for i in (1, 2, 3)}


def test_clients_and_controllers_are_told_apart() -> None:
    properties = server_properties(1, ONE)
    assert properties["listeners"] == "CLIENTS://127.0.0.1:9092,CONTROLLER://127.0.0.1:15001"
    assert properties["advertised.listeners"] == "CLIENTS://127.0.0.1:9092"


def test_three_nodes_keep_everything_three_times_and_confirm_when_two_have_it() -> None:
    properties = server_properties(2, THREE)
    assert properties["node.id"] == "2"
    assert properties["controller.quorum.voters"] == (
        "1@127.0.0.1:15001,2@127.0.0.1:15002,3@127.0.0.1:15003"
    )
    copies = {v for k, v in properties.items() if k.endswith("replication.factor")}
    least = {v for k, v in properties.items() if k.endswith(("min.isr", "insync.replicas"))}
    assert copies == {"3"}
    assert least == {"2"}


def test_one_node_keeps_everything_once() -> None:
    properties = server_properties(1, ONE)
    copies = {v for k, v in properties.items() if k.endswith(("factor", "min.isr", "replicas"))}
    assert copies == {"1"}


def test_nothing_in_it_depends_on_where_the_directory_is(tmp_path: Path) -> None:
    write_properties(tmp_path / "server.properties", server_properties(1, ONE))
    text = (tmp_path / "server.properties").read_text()
    assert "\nlog.dirs=data\n" in text
    assert str(tmp_path) not in text


def test_a_further_listener_has_its_own_port_and_protocol() -> None:
    place = NodeAddress("127.0.0.1", 9092, 15001, {"SECURED": 15002})
    properties = server_properties(1, {1: place}, {"SECURED": "SASL_SSL"})
    assert (
        properties["advertised.listeners"] == "CLIENTS://127.0.0.1:9092,SECURED://127.0.0.1:15002"
    )
    assert properties["listeners"].endswith(",CONTROLLER://127.0.0.1:15001")
    assert properties["listener.security.protocol.map"].endswith(",SECURED:SASL_SSL")
