import json
from pathlib import Path

import pytest

from gridcast.stream.errors import UserError
from gridcast.stream.kafka.broker.directory import PASSPORT, Directory, new_cluster_id


def opened(path: Path, nodes: int = 1, *, fresh: bool = False) -> str:
    directory = Directory(path, nodes)
    directory.open(fresh=fresh)
    directory.close()
    return directory.cluster_id


def test_a_directory_is_of_the_same_cluster_at_every_start(tmp_path: Path) -> None:
    assert opened(tmp_path / "new" / "one") == opened(tmp_path / "new" / "one")
    assert opened(tmp_path / "two") != opened(tmp_path / "three")


def test_fresh_removes_the_data_and_begins_another_cluster(tmp_path: Path) -> None:
    before = opened(tmp_path)
    (tmp_path / "node-1").mkdir()
    assert opened(tmp_path, fresh=True) != before
    assert not (tmp_path / "node-1").exists()


def test_fresh_may_change_the_number_of_nodes(tmp_path: Path) -> None:
    opened(tmp_path, 1)
    opened(tmp_path, 3, fresh=True)
    with pytest.raises(UserError, match="of a cluster of 3 nodes, not of 1: say --nodes 3"):
        opened(tmp_path, 1)


@pytest.mark.parametrize("fresh", [False, True])
def test_a_directory_of_somebody_else_is_refused_and_left_alone(
    tmp_path: Path, fresh: bool
) -> None:
    (tmp_path / "node-1").mkdir()
    (tmp_path / "letters.txt").write_text("dear")
    with pytest.raises(UserError, match="holds no data of `gridcast broker`"):
        opened(tmp_path, fresh=fresh)
    assert {path.name for path in tmp_path.iterdir()} == {"node-1", "letters.txt"}


def test_a_directory_is_used_by_one_broker_at_a_time(tmp_path: Path) -> None:
    first = Directory(tmp_path, 1)
    first.open()
    with pytest.raises(UserError, match="is in use by another"):
        opened(tmp_path)
    first.close()
    opened(tmp_path)


def test_data_of_a_newer_kafka_are_refused(tmp_path: Path) -> None:
    opened(tmp_path)
    passport = json.loads((tmp_path / PASSPORT).read_text())
    (tmp_path / PASSPORT).write_text(json.dumps(passport | {"kafka": "99.0.0"}))
    with pytest.raises(UserError, match=r"used by Kafka 99\.0\.0, which is newer"):
        opened(tmp_path)
    opened(tmp_path, fresh=True)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"cluster_id": 1, "nodes": "x"}'])
def test_a_passport_that_cannot_be_read_is_one_line(tmp_path: Path, content: str) -> None:
    opened(tmp_path)
    (tmp_path / PASSPORT).write_text(content)
    with pytest.raises(UserError, match="cannot be read") as error:
        opened(tmp_path)
    assert "\n" not in str(error.value)


def test_a_place_where_no_directory_can_be_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="cannot be used as data directory"):
        opened(tmp_path / "file")


def test_no_cluster_id_looks_like_an_option() -> None:
    made = {new_cluster_id() for _ in range(500)}
    assert len(made) == 500
    assert all(len(one) == 22 and not one.startswith("-") for one in made)
