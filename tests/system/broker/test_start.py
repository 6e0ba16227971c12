"""A start that fails, and jars that come from a folder."""

import shutil
from pathlib import Path

import pytest

from gridcast.stream.errors import UserError
from gridcast.stream.kafka.broker import Broker
from gridcast.stream.kafka.broker.jars import fetch
from gridcast.stream.settings import Settings, load


def test_a_site_without_a_network_starts_from_a_copy_of_the_jars_and_fetches_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = fetch(load().settings.cache_dir, print)
    shutil.copytree(folder, tmp_path / "jars")
    # Nothing can be fetched: where Maven Central would be, nobody listens.
    monkeypatch.setenv("JGO_CONFIG_FILE", str(tmp_path / "jgo.conf"))
    (tmp_path / "jgo.conf").write_text("[repositories]\ncentral = http://127.0.0.1:9\n")
    settings = Settings(jars_dir=tmp_path / "jars", cache_dir=tmp_path / "cache")
    with Broker(settings) as broker:
        assert broker.nodes[0].is_alive()
    assert not (tmp_path / "cache").exists()


def test_when_kafka_does_not_start_its_last_words_are_shown(tmp_path: Path) -> None:
    broken = Broker(directory=tmp_path / "data")
    with broken:
        pass
    properties = tmp_path / "data" / "node-1" / "data" / "meta.properties"
    properties.write_text(properties.read_text().replace("node.id=1", "node.id=7"))
    with pytest.raises(UserError, match=r"Kafka did not start:\n(.|\n)*node id 7") as error:
        broken.start()
    assert "kafka.log" in str(error.value)
    assert not broken.nodes[0].is_alive()
