"""Nothing that is judged was learned from."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridcast.models.evaluation.splits import Part, begins, hold_out, origins, walk_forward
from gridcast.units import HOUR_MS


def test_the_newest_fifth_is_the_test_and_a_tenth_before_it_validates() -> None:
    split = hold_out(1000)
    assert (split.train, split.validation, split.test) == (
        Part(0, 700),
        Part(700, 800),
        Part(800, 1000),
    )


@given(st.integers(200, 5000), st.integers(1, 9), st.sampled_from(["expanding", "sliding"]))
def test_folds_follow_each_other_and_learn_only_from_before(
    slots: int, folds: int, window: Any
) -> None:
    found = list(walk_forward(slots, folds, window=window))
    once = hold_out(slots)
    assert [found[0].test.first, found[-1].test.end] == [once.test.first, slots]
    for split in found:
        assert split.train.end == split.validation.first
        assert split.validation.end == split.test.first
        assert len(split.validation) == len(once.validation)
        if window == "sliding":
            assert len(split.train) == len(once.train)
        else:
            assert split.train.first == 0
    for one, following in pairwise(found):
        assert one.test.end == following.test.first


@given(st.integers(300, 5000), st.integers(1, 12))
def test_validation_in_stretches_takes_turns_with_what_is_learned(
    slots: int, stretches: int
) -> None:
    split, once = hold_out(slots, stretches=stretches), hold_out(slots)
    assert split.test == once.test
    assert (len(split.train), len(split.validation)) == (len(once.train), len(once.validation))
    assert len(split.validation.stretches) == stretches
    pieces = sorted(
        (one.first, one.end) for part in (split.train, split.validation) for one in part.stretches
    )
    assert [pieces[0][0], pieces[-1][1]] == [0, split.test.first]
    assert all(one[1] == following[0] for one, following in pairwise(pieces))


def test_no_horizon_reaches_over_the_end_of_a_stretch() -> None:
    split = hold_out(3000, stretches=4)
    judged = begins(split.validation, 24)
    for one in split.train.stretches:
        assert not set((judged[:, None] + np.arange(24)).ravel()) & set(range(one.first, one.end))
    assert len(judged) == sum(len(one) - 23 for one in split.validation.stretches)


@given(st.integers(0, 3000), st.integers(0, 500), st.sampled_from([10, 15, 30, 60]))
def test_no_horizon_leaves_its_part_and_origins_are_whole_hours(
    first: int, length: int, step: int
) -> None:
    part, horizon, start_ms = Part(first, first + length), 24 * 60 // step, 7 * step * 60_000
    found = origins(part, horizon, start_ms=start_ms, step_minutes=step, lookback=500)
    assert all(found >= max(first, 500))
    assert all(found + horizon <= part.end)
    at = start_ms + found * step * 60_000
    assert all(at % HOUR_MS == 0)
    slots = length - horizon + 1 - max(0, 500 - first)
    assert len(found) in {max(0, slots * step // 60), max(0, -(-slots * step // 60))}


def test_of_two_parts_no_load_is_in_the_horizons_of_both() -> None:
    split = hold_out(3000)
    seen = []
    for part in (split.train, split.validation, split.test):
        begins = origins(part, 24, start_ms=0, step_minutes=60)
        seen.append(set((begins[:, None] + np.arange(24)).ravel().tolist()))
    assert not seen[0] & seen[1]
    assert not seen[1] & seen[2]
    assert all(seen)


def test_origins_may_be_closer_or_further_apart() -> None:
    part = Part(0, 97)
    found = origins(part, 1, start_ms=0, step_minutes=15, every_minutes=1440)
    assert found.tolist() == [0, 96]
    assert len(origins(part, 1, start_ms=0, step_minutes=15, every_minutes=15)) == 97


def test_with_no_test_all_is_learned_from() -> None:
    split = hold_out(1000, test=0, stretches=2)
    assert (split.train.first, split.validation.end) == (0, 1000)
    assert len(split.train) + len(split.validation) == 1000
    assert not len(split.test)


def test_shares_that_leave_nothing_to_learn_are_refused() -> None:
    for validation, test in ((0.0, 0.2), (0.1, -0.1), (0.5, 0.5)):
        with pytest.raises(ValueError, match="shares with a sum below 1"):
            hold_out(100, validation, test)
    with pytest.raises(ValueError, match="folds"):
        list(walk_forward(100, 21))
    for bounds in ((5, 4), (0, 9, (Part(4, 6), Part(5, 7))), (0, 9, (Part(8, 10),))):
        with pytest.raises(ValueError, match="runs forwards"):
            Part(*bounds)
