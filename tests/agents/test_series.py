"""The series agent, run over a list instead of a Kafka."""

from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import pytest

from gridcast.agents import series as module
from gridcast.agents.batch import Batch
from gridcast.agents.dead_letter import Refused
from gridcast.agents.series import series
from gridcast.models.grid import Grid
from gridcast.schemas import GridSeries, Reason

Keyed = tuple[bytes, bytes | None]


def declared(name: str, parent: str | None = None, **more: Any) -> Keyed:
    one = GridSeries(series=name, parent=parent, **more)
    return name.encode(), one.to_bytes()


def batch_of(*records: Keyed, begin: int = 0) -> Batch:
    count = len(records)
    return Batch(
        "grid.series",
        0,
        begin,
        begin + count,
        range(begin, begin + count),
        [key for key, _ in records],
        [value for _, value in records],
        np.zeros(count, np.int64),
    )


async def take(*batches: Batch) -> tuple[Grid, list[list[tuple[int, Reason]]]]:
    grid = Grid()
    told: list[list[tuple[int, Reason]]] = []

    async def stream() -> AsyncIterator[Batch]:
        for one in batches:
            yield one

    async def tell(batch: Batch, refused: Refused) -> None:
        told.append([(place, one.reason) for place, one in refused])

    await series(stream(), grid, tell, message_bytes=1000)
    return grid, told


async def test_the_newest_declaration_counts_and_a_message_without_a_value_deletes() -> None:
    grid, told = await take(
        batch_of(declared("a", capacity_kw=1), declared("b", "a"), declared("a", capacity_kw=2)),
        batch_of((b"b", None), (b"never declared", None), (b"\xff", None), begin=3),
    )
    assert grid["a"].capacity_kw == 2
    assert "b" not in grid
    assert told == [[], []]


async def test_a_broken_declaration_is_refused_and_the_one_before_stays() -> None:
    bad = (b"a", b'{"series":"a","capacity_kw":0}')
    grid, told = await take(batch_of(declared("a", capacity_kw=1), bad, (b"x", b"")))
    assert grid["a"].capacity_kw == 1
    assert told == [[(1, Reason.NEGATIVE_CAPACITY), (2, Reason.EMPTY)]]


async def test_a_circle_is_refused_where_it_closes_and_all_but_the_parent_counts() -> None:
    grid, told = await take(batch_of(declared("a", "b"), declared("b", "a", capacity_kw=5)))
    assert told == [[(1, Reason.OUT_OF_RANGE)]]
    assert (grid.parent("a"), grid.parent("b"), grid["b"].capacity_kw) == (None, None, 5)


async def test_what_comes_again_is_judged_as_before_and_declares_nothing() -> None:
    records = [declared("a", "b"), declared("b", "a"), (b"c", b"{"), declared("b", "z")]
    grid, told = await take(
        batch_of(*records),
        batch_of(*records),
        batch_of(*records[2:], declared("d", "b"), begin=2),
    )
    assert told[0] == told[1] == [(1, Reason.OUT_OF_RANGE), (2, Reason.NOT_JSON)]
    assert told[2] == [(0, Reason.NOT_JSON)]
    assert (grid.parent("b"), grid.parent("d")) == ("z", "b")


async def test_of_endless_circles_only_the_last_are_remembered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MOST_CIRCLES", 2)
    records = [declared("a", "b")] + [declared("b", "a")] * 4
    _, told = await take(batch_of(*records), batch_of(*records))
    assert len(told[0]) == 4
    assert [place for place, _ in told[1]] == [3, 4]
