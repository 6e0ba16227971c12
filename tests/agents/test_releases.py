"""The releases agent, run over a list instead of a Kafka."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import numpy as np

from gridcast.agents.batch import Batch
from gridcast.agents.dead_letter import Refused
from gridcast.agents.releases import releases
from gridcast.models.serving.release_registry import ReleaseRegistry
from gridcast.schemas import Message, Reason, Release, ReleaseRefused, Role, Unfit

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
DIGEST = "sha256:" + "0" * 64
Keyed = tuple[bytes | None, bytes | None]


def sent(name: str, role: Role = Role.CHAMPION) -> Release:
    return Release(
        model="m", release=name, role=role, digest=DIGEST, url="box:15", released_at=NOON
    )


def refused(name: str) -> ReleaseRefused:
    return ReleaseRefused(
        model="m",
        release=name,
        digest=DIGEST,
        released_at=NOON,
        because=Unfit.DAMAGED,
        refused_at=NOON,
    )


def batch_of(*records: Message | Keyed, begin: int = 0) -> Batch:
    keyed = [(one.key, one.to_bytes()) if isinstance(one, Message) else one for one in records]
    end = begin + len(keyed)
    keys, values = [key for key, _ in keyed], [value for _, value in keyed]
    stamps = np.zeros(len(keyed), np.int64)
    return Batch("model.releases", 0, begin, end, range(begin, end), keys, values, stamps)


async def take(*batches: Batch) -> tuple[ReleaseRegistry, list[list[tuple[int, Reason]]], int]:
    known, told, changes = ReleaseRegistry(), [], 0

    async def stream() -> AsyncIterator[Batch]:
        for one in batches:
            yield one

    async def tell(batch: Batch, refused: Refused) -> None:
        told.append([(place, one.reason) for place, one in refused])

    def changed() -> None:
        nonlocal changes
        changes += 1

    await releases(stream(), known, tell, changed, message_bytes=1000)
    return known, told, changes


def names(known: ReleaseRegistry) -> list[str]:
    return [one.release for one in known.champions(None)]


async def test_releases_and_refusals_are_known_and_a_message_without_a_value_deletes() -> None:
    a, b = sent("a"), sent("b")
    known, told, changes = await take(
        batch_of(a, b, refused("a"), refused("b")),
        batch_of((b.key, None), (refused("a").key, None), (b"never there", None), begin=4),
    )
    assert names(known) == ["a"]
    assert (known.refusal(a), changes, told) == (None, 2, [[], []])


async def test_a_broken_release_is_refused_and_the_one_before_stays() -> None:
    broken = (sent("a").key, sent("a").to_bytes().replace(b"champion", b"master"))
    known, told, _ = await take(batch_of(sent("a"), broken, (b"x", sent("b").to_bytes())))
    assert names(known) == ["a"]
    assert told == [[(1, Reason.UNKNOWN_VALUE), (2, Reason.WRONG_KEY)]]


async def test_what_comes_again_for_its_letters_changes_nothing() -> None:
    records: list[Message | Keyed] = [sent("a"), (b"x", b"{"), sent("b"), sent("a")]
    known, told, _ = await take(batch_of(*records), batch_of(*records[:3]))
    assert names(known) == ["a", "b"]
    assert told == [[(1, Reason.NOT_JSON)], [(1, Reason.NOT_JSON)]]
