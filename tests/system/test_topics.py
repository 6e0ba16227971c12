"""`gridcast topics`, against a real Kafka."""

from uuid import uuid4

import pytest
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]
from typer.testing import CliRunner

from gridcast.cli.topics import topics
from gridcast.schemas.topics import FORECASTS, TOPICS
from gridcast.stream.errors import UserError
from gridcast.stream.kafka.topic_admin import TopicAdmin
from gridcast.stream.settings import Settings


@pytest.fixture
def prefix() -> str:
    return f"t{uuid4().hex[:8]}."


def run(kafka: str, prefix: str, command: str, *more: str) -> tuple[int, str, list[str]]:
    done = CliRunner().invoke(topics, [command, "--broker", kafka, "--topic-prefix", prefix, *more])
    if isinstance(done.exception, UserError):
        raise done.exception
    return done.exit_code, done.stdout, done.stderr.splitlines()


def test_topics_are_made_once_and_are_then_there(kafka: str, prefix: str) -> None:
    code, said, _ = run(kafka, prefix, "list")
    assert code == 1
    assert said.count("missing") == len(TOPICS)

    code, said, complaints = run(kafka, prefix, "create")
    assert code == 0
    assert said.splitlines()[-1] == f"{len(TOPICS)} made, 0 there already"
    assert not complaints

    code, said, complaints = run(kafka, prefix, "create")
    assert code == 0
    assert said == f"0 made, {len(TOPICS)} there already\n"
    assert not complaints
    assert run(kafka, prefix, "list")[0] == 0


def test_kafka_keeps_the_topics_as_they_were_asked_for(kafka: str, prefix: str) -> None:
    settings = Settings(broker=kafka, topic_prefix=prefix, partitions=6)
    admin = TopicAdmin(settings)
    admin.create(admin.look().missing)
    found = {topic.name: topic for topic in admin.look().present}
    forecasts = found[prefix + FORECASTS.name]
    assert forecasts.partitions == 6
    assert forecasts.configuration["cleanup.policy"] in {"compact,delete", "delete,compact"}
    assert forecasts.configuration["retention.ms"] == str(8 * 86_400_000)
    assert admin.look().differences == ()


def test_what_differs_is_said_and_left_as_it_is(kafka: str, prefix: str) -> None:
    client = AdminClient({"bootstrap.servers": kafka})
    name = prefix + FORECASTS.name
    client.create_topics([NewTopic(name, 2, 1, config={"retention.ms": "3600000"})])[name].result()

    code, said, complaints = run(kafka, prefix, "create")
    assert code == 0
    assert said.splitlines()[-1] == (
        f"{len(TOPICS) - 1} made, 0 there already, 1 there but different (nothing was changed)"
    )
    assert f"gridcast: {name}: partitions is 2, not 4" in complaints
    assert f"gridcast: {name}: retention.ms is 3600000, not 691200000" in complaints

    code, _, again = run(kafka, prefix, "list")
    assert code == 1
    assert again == complaints


def test_more_copies_than_nodes_is_one_line(kafka: str, prefix: str) -> None:
    with pytest.raises(UserError, match="replication factor of 3") as error:
        run(kafka, prefix, "create", "--replication", "3")
    assert "\n" not in str(error.value)


def test_who_comes_second_makes_nothing_and_is_content(kafka: str, prefix: str) -> None:
    admin = TopicAdmin(Settings(broker=kafka, topic_prefix=prefix))
    missing = admin.look().missing
    assert len(admin.create(missing)) == len(TOPICS)
    assert admin.create(missing) == []


def test_no_kafka_is_one_line(unused_tcp_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gridcast.stream.kafka.topic_admin.WITHIN_S", 1.0)
    address = f"127.0.0.1:{unused_tcp_port}"
    with pytest.raises(UserError, match=f"no Kafka answers at {address}"):
        TopicAdmin(Settings(broker=address)).look()
