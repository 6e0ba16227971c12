"""Nothing that is judged was learned from."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridcast.models.evaluation.splits import (
    HOUR_MS,
    Part,
    hold_out,
    origins,
    protocol_leads,
    walk_forward,
)


def test_the_newest_fifth_is_the_test_and_a_tenth_before_it_validates():
    split = hold_out(1000)
    assert (split.train, split.validation, split.test) == (
        Part(0, 700),
        Part(700, 800),
        Part(800, 1000),
    )


@given(st.integers(200, 5000), st.integers(1, 9), st.sampled_from(["expanding", "sliding"]))
def test_folds_follow_each_other_and_learn_only_from_before(slots, folds, window):
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


@given(st.integers(0, 3000), st.integers(0, 500), st.sampled_from([10, 15, 30, 60]))
def test_no_horizon_leaves_its_part_and_origins_are_whole_hours(first, length, step):
    part, horizon, start_ms = Part(first, first + length), 24 * 60 // step, 7 * step * 60_000
    found = origins(part, horizon, start_ms=start_ms, step_minutes=step, lookback=500)
    assert all(found >= max(first, 500))
    assert all(found + horizon <= part.end)
    at = start_ms + found * step * 60_000
    assert all(at % HOUR_MS == 0)
    slots = length - horizon + 1 - max(0, 500 - first)
    assert len(found) in {max(0, slots * step // 60), max(0, -(-slots * step // 60))}


def test_of_two_parts_no_load_is_in_the_horizons_of_both():
    split = hold_out(3000)
    seen = []
    for part in (split.train, split.validation, split.test):
        begins = origins(part, 24, start_ms=0, step_minutes=60)
        seen.append(set((begins[:, None] + np.arange(24)).ravel().tolist()))
    assert not seen[0] & seen[1]
    assert not seen[1] & seen[2]
    assert all(seen)


def test_origins_may_be_closer_or_further_apart():
    part = Part(0, 97)
    found = origins(part, 1, start_ms=0, step_minutes=15, every_minutes=1440)
    assert found.tolist() == [0, 96]
    assert len(origins(part, 1, start_ms=0, step_minutes=15, every_minutes=15)) == 97


def test_every_step_to_two_hours_is_judged_then_the_last_of_each_hour():
    assert protocol_leads(60, 24).tolist() == list(range(24))
    assert protocol_leads(10, 144).tolist() == [*range(12), *range(17, 144, 6)]
    assert protocol_leads(30, 78)[-1] == 77


def test_shares_that_leave_nothing_to_learn_are_refused():
    for validation, test in ((0.0, 0.2), (0.1, 0.0), (0.5, 0.5)):
        with pytest.raises(ValueError, match="leave something to learn"):
            hold_out(100, validation, test)
    with pytest.raises(ValueError, match="folds"):
        list(walk_forward(100, 21))
    with pytest.raises(ValueError, match="runs forwards"):
        Part(5, 4)
