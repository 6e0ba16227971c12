"""From the order of the messages follows who serves."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridcast.models.serving.release_registry import ReleaseRegistry
from gridcast.schemas import Release, ReleaseRefused, Role, SeriesKind, Unfit

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
DIGEST = "sha256:" + "0" * 64


def sent(name: str, role: Role = Role.CHAMPION, kind: SeriesKind | None = None) -> Release:
    return Release(
        model="m",
        release=name,
        role=role,
        digest=DIGEST,
        url="box:15",
        released_at=NOON,
        series_kind=kind,
    )


def refused(release: Release, **more: Any) -> ReleaseRefused:
    about = release.model_dump(include={"model", "release", "series_kind", "digest", "released_at"})
    return ReleaseRefused(**(about | more), because=Unfit.PROBE, refused_at=NOON)


def of(*messages: Release) -> ReleaseRegistry:
    releases = ReleaseRegistry()
    for message in messages:
        releases.take(message)
    return releases


def names(releases: list[Release]) -> list[str]:
    return [release.release for release in releases]


def test_the_last_champion_serves_and_those_before_it_are_remembered_in_order() -> None:
    assert names(of(sent("a"), sent("b"), sent("c"), sent("a")).champions(None)) == ["a", "c", "b"]


def test_promoting_and_rolling_back_are_one_message_each() -> None:
    releases = of(sent("a"), sent("b", Role.CHALLENGER))
    assert names(releases.challengers(None)) == ["b"]
    releases.take(sent("b"))
    assert (names(releases.champions(None)), releases.challengers(None)) == (["b", "a"], [])
    releases.take(sent("b", Role.WITHDRAWN))
    assert names(releases.champions(None)) == ["a"]


def test_a_release_may_serve_two_kinds_and_be_withdrawn_for_one_of_them() -> None:
    releases = of(sent("a"), sent("b", kind=SeriesKind.METER), sent("b", kind=SeriesKind.FEEDER))
    releases.take(sent("b", Role.WITHDRAWN, SeriesKind.METER))
    assert releases.kinds() == [None, SeriesKind.FEEDER]
    assert names(releases.champions(SeriesKind.FEEDER)) == ["b"]
    assert (releases.champions(SeriesKind.METER), len(releases)) == ([], 3)


def test_who_serves_is_the_newest_that_was_not_refused() -> None:
    releases = of(sent("a"), sent("b"), sent("c"))
    releases.refuse(refused(sent("c")))
    serving = releases.serving(None)
    assert serving is not None
    assert (serving.release, releases.is_bad(sent("c"))) == ("b", True)
    releases.refuse(refused(sent("c")).model_copy(update={"because": Unfit.UNREACHABLE}))
    assert (releases.serving(None), releases.is_bad(sent("c"))) == (serving, False)
    assert releases.serving(SeriesKind.ZONE) is None


def test_a_refusal_counts_for_the_message_that_it_is_about_and_no_other() -> None:
    release = sent("a")
    releases = of(release)
    releases.refuse(refused(release, released_at=NOON.replace(hour=11)))
    assert releases.refusal(release) is None
    releases.refuse(refused(release))
    assert releases.refusal(release) == refused(release)
    releases.remove(refused(release).key or b"")
    assert (releases.refusal(release), names(releases.champions(None))) == (None, ["a"])
    releases.remove(release.key or b"")
    assert len(releases) == 0


STEPS = st.tuples(st.sampled_from("abcd"), st.sampled_from(Role), st.sampled_from([None, "zone"]))


@pytest.mark.parametrize("compacted_at", [0.3, 0.7])
@given(st.lists(STEPS, max_size=30))
def test_a_compacted_topic_says_the_same_as_the_whole_one(
    compacted_at: float, steps: list[Any]
) -> None:
    """Of each key the newest message is kept, in its place; from any place on nothing is yet."""
    messages = [sent(name, role, kind and SeriesKind(kind)) for name, role, kind in steps]
    cut = int(len(messages) * compacted_at)
    newest = {message.key: place for place, message in enumerate(messages[:cut])}
    compacted = [messages[place] for place in sorted(newest.values())] + messages[cut:]
    whole, some = of(*messages), of(*compacted)
    for kind in (None, SeriesKind.ZONE):
        assert whole.champions(kind) == some.champions(kind)
        assert whole.challengers(kind) == some.challengers(kind)
