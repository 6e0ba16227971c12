"""Where a partition stands, without Kafka: what is handed over, acknowledged and committed."""

import numpy as np
import pytest
from faust.types import TP
from hypothesis import given
from hypothesis import strategies as st

from gridcast.agents.batch import Batch
from gridcast.stream.kafka.transport import HoleError
from gridcast.stream.kafka.transport.fetch import Fetched
from gridcast.stream.kafka.transport.partition_position import (
    BUFFER_BYTES,
    BUFFER_MESSAGES,
    FetchBuffer,
    FetchedChunk,
    PartitionPosition,
)


class Record:
    """What aiokafka gives of one message."""

    def __init__(self, offset: int) -> None:
        self.offset = offset
        self.key = b"k"
        self.value = b"v%d" % offset
        self.timestamp = 1000 + offset


def batch(begin: int, end: int, *, markers: int = 0) -> Batch:
    """Messages from `begin` up to `end`, the last of which are only markers of transactions."""
    records = map(Record, range(begin, end - markers))
    return Fetched(begin, end, records).batch(TP("t", 3))


def chunk(place: PartitionPosition, begin: int, end: int, *, markers: int = 0) -> FetchedChunk:
    return FetchedChunk(place, FetchBuffer(), batch(begin, end, markers=markers), 10)


def test_what_was_fetched_is_in_columns_with_the_positions_before_and_after() -> None:
    fetched = batch(5, 9, markers=1)
    assert (fetched.topic, fetched.partition) == ("t", 3)
    assert (fetched.begin, fetched.next_offset) == (5, 9)
    assert fetched.offsets == range(5, 8)
    assert fetched.keys == [b"k"] * 3
    assert fetched.values == [b"v5", b"v6", b"v7"]
    np.testing.assert_array_equal(fetched.sent_ms, [1005, 1006, 1007])


def test_offsets_that_are_not_one_after_the_other_are_kept_as_they_are() -> None:
    """There are markers between them, or the topic is compacted."""
    fetched = Fetched(0, 8, [Record(1), Record(2), Record(6)]).batch(TP("t", 0))
    assert list(fetched.offsets) == [1, 2, 6]


def test_a_fetch_of_markers_only_is_an_empty_batch() -> None:
    fetched = Fetched(4, 5, []).batch(TP("t", 0))
    assert (len(fetched), fetched.begin, fetched.next_offset) == (0, 4, 5)


def test_chunks_that_follow_on_each_other_are_handed_over() -> None:
    place = PartitionPosition.at(10)
    assert chunk(place, 10, 15).deliver()
    assert chunk(place, 15, 16).deliver()
    assert place.delivered == 16


@pytest.mark.parametrize("begin", [14, 16, 0])
def test_a_chunk_that_does_not_follow_on_is_a_hole_and_stays_one(begin: int) -> None:
    place = PartitionPosition.at(10)
    chunk(place, 10, 15).deliver()
    for _ in range(2):
        with pytest.raises(HoleError, match=f"t/3: expected offset 15, got {begin}"):
            chunk(place, begin, begin + 5).deliver()
    assert place.delivered == 15


def test_nothing_follows_on_a_chunk_that_the_agent_left_in_the_middle() -> None:
    place = PartitionPosition.at(0)
    left = chunk(place, 0, 5)
    left.deliver()
    left.take_back()
    with pytest.raises(HoleError):
        chunk(place, 5, 9).deliver()
    place.acknowledge(5)
    assert place.acked == 0


def test_no_more_is_acknowledged_than_was_handed_over_and_never_less_than_before() -> None:
    place = PartitionPosition.at(0)
    chunk(place, 0, 5).deliver()
    place.acknowledge(3)
    place.acknowledge(2)
    assert place.acked == 3
    place.acknowledge(99)
    assert place.acked == 5


def test_nothing_is_told_to_the_group_that_it_knows() -> None:
    place = PartitionPosition.at(5)
    assert place.committable is None
    chunk(place, 5, 9).deliver()
    assert place.committable is None
    place.acknowledge(7)
    assert place.committable == 7


def test_markers_are_done_with_when_all_before_them_is() -> None:
    place = PartitionPosition.at(0)
    assert chunk(place, 0, 5).deliver()
    assert not chunk(place, 5, 6, markers=1).deliver(), "no agent needs to see them"
    assert place.acked == 0
    place.acknowledge(5)
    assert place.acked == 6
    assert not chunk(place, 6, 7, markers=1).deliver()
    assert place.acked == 7


def test_what_is_read_again_after_a_rewind_takes_nothing_from_what_the_group_knows() -> None:
    place = PartitionPosition.at(10)
    again = place.rewound(4)
    chunk(again, 4, 8).deliver()
    again.acknowledge(8)
    assert again.committable is None
    chunk(again, 8, 12).deliver()
    again.acknowledge(12)
    assert again.committable == 12


def test_room_is_taken_until_the_agent_leaves_the_chunk() -> None:
    room = FetchBuffer()
    taken = [
        FetchedChunk(PartitionPosition.at(0), room, batch(0, 5), 50),
        FetchedChunk(PartitionPosition.at(0), room, batch(0, 7), 70),
    ]
    for each in taken:
        each.enter_buffer()
    assert room == FetchBuffer(12, 120)
    for each in taken:
        each.leave_buffer()
    assert room == FetchBuffer()


def test_room_is_full_by_messages_and_by_bytes() -> None:
    assert not FetchBuffer(BUFFER_MESSAGES - 1, BUFFER_BYTES - 1).is_full
    assert FetchBuffer(BUFFER_MESSAGES, 0).is_full
    assert FetchBuffer(0, BUFFER_BYTES).is_full


takes = st.tuples(st.integers(1, 9), st.booleans())
acknowledgements = st.integers(0, 100)


@given(steps=st.lists(takes | acknowledgements))
def test_a_message_is_done_with_only_when_it_was_handed_over_and_then_acknowledged(
    steps: list[tuple[int, bool] | int],
) -> None:
    place, messages, acknowledged = PartitionPosition.at(0), list[int](), 0
    for step in steps:
        before = place.acked
        if isinstance(step, int):
            place.acknowledge(step)
            acknowledged = max(acknowledged, min(step, place.delivered))
        else:
            size, has_messages = step
            taken = chunk(
                place, place.delivered, place.delivered + size, markers=size * (not has_messages)
            )
            taken.deliver()
            messages += taken.batch.offsets
        assert before <= place.acked <= place.delivered
        assert all(offset < acknowledged for offset in messages if offset < place.acked)
