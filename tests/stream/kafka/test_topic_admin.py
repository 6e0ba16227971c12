"""What there is to do about the topics, without a Kafka."""

from gridcast.schemas.topics import DEAD_LETTERS, READINGS, STATE, TOPICS
from gridcast.stream.kafka.topic_admin import TopicState, plan, wanted_topics
from gridcast.stream.settings import Settings

A = TopicState("a", 4, 1, {"cleanup.policy": "compact,delete", "retention.ms": "1000"})
B = TopicState("b", 1, 1, {"cleanup.policy": "delete"})


def test_in_an_empty_kafka_everything_is_missing() -> None:
    found = plan([A, B], {})
    assert found.missing == (A, B)
    assert found.present == ()
    assert found.differences == ()


def test_what_is_there_and_right_needs_nothing() -> None:
    found = plan([A, B], {"a": A, "b": B, "somebody.else": A})
    assert found.missing == ()
    assert found.differences == ()
    assert found.present == (A, B)


def test_every_difference_is_said() -> None:
    other = TopicState("a", 6, 3, {"cleanup.policy": "delete", "retention.ms": "2000"})
    assert [str(difference) for difference in plan([A], {"a": other}).differences] == [
        "a: partitions is 6, not 4",
        "a: replication is 3, not 1",
        "a: cleanup.policy is delete, not compact,delete",
        "a: retention.ms is 2000, not 1000",
    ]


def test_the_order_of_the_cleanup_policies_is_no_difference() -> None:
    turned = TopicState("a", 4, 1, {"cleanup.policy": "delete,compact", "retention.ms": "1000"})
    assert plan([A], {"a": turned}).differences == ()


def test_what_kafka_says_beyond_that_is_no_difference() -> None:
    more = TopicState("b", 1, 1, {"cleanup.policy": "delete", "segment.bytes": "1"})
    assert plan([B], {"b": more}).differences == ()


def test_every_topic_of_the_wire_is_wanted_under_the_deployment_s_prefix() -> None:
    wanted = wanted_topics(Settings(topic_prefix="north.", partitions=12, replication=3))
    assert [topic.name for topic in wanted] == [f"north.{topic.name}" for topic in TOPICS]
    for topic, kept in zip(wanted, TOPICS, strict=True):
        assert topic.partitions == (12 if kept.by_series else 1)
        assert topic.replication == 3
        assert topic.configuration["cleanup.policy"].startswith(
            "compact" if kept.compacted else "delete"
        )


def test_with_three_copies_two_must_have_what_is_confirmed() -> None:
    three = wanted_topics(Settings(replication=3))
    assert {topic.configuration["min.insync.replicas"] for topic in three} == {"2"}
    one = wanted_topics(Settings(replication=1))
    assert all("min.insync.replicas" not in topic.configuration for topic in one)


def test_a_dead_letter_of_the_largest_record_fits_into_its_topic() -> None:
    wanted = wanted_topics(Settings(message_bytes=3_000_000))
    largest = {topic.name: int(topic.configuration["max.message.bytes"]) for topic in wanted}
    assert largest[READINGS.name] > 3_000_000
    assert largest[DEAD_LETTERS.name] > 4 / 3 * largest[READINGS.name]


def test_the_workers_state_is_compacted_before_it_grows_large() -> None:
    wanted = {topic.name: topic.configuration for topic in wanted_topics(Settings())}
    state = wanted.pop(STATE.name)
    assert int(state["segment.bytes"]) <= 64 * 1024 * 1024, "the newest segment is not compacted"
    assert float(state["min.cleanable.dirty.ratio"]) < 0.5
    assert int(state["max.compaction.lag.ms"]) <= 3_600_000
    assert all("segment.bytes" not in configuration for configuration in wanted.values())
