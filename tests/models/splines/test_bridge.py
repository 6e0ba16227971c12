"""A gap bridged from its shores is as one bridged from the whole window."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gridcast.models.splines import Spline
from gridcast.models.splines.bridge import BRIDGE_LAM, Bridge

SLOTS, LONGEST = 100, 6


@given(st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=40)
def test_over_a_gap_lies_what_the_spline_of_the_whole_window_says(seed: int) -> None:
    rng = np.random.default_rng(seed)
    load = rng.normal(size=(SLOTS, 12))
    short = np.zeros(load.shape, np.bool_)
    for column in range(12):
        for first in rng.choice(6, rng.integers(0, 4), replace=False) * 17:
            short[first : first + rng.integers(1, LONGEST + 1), column] = True
    target, weight = np.where(short, 0.0, load), np.where(short, 0.0, 1.0)
    value = target.astype(np.float32)
    Bridge(SLOTS, LONGEST).fill(target, weight, short, value)
    whole = Spline(SLOTS, BRIDGE_LAM).smooth(target, weight)
    np.testing.assert_allclose(value[short], whole[short], atol=2e-3)
    assert (value[~short] == load[~short].astype(np.float32)).all()


def test_where_next_to_nothing_is_known_a_gap_is_level() -> None:
    target, weight = np.zeros((SLOTS, 1)), np.zeros((SLOTS, 1))
    target[50], weight[50] = 7.0, 1.0
    short = np.zeros(target.shape, np.bool_)
    short[51:54] = True
    value = target.astype(np.float32)
    Bridge(SLOTS, LONGEST).fill(target, weight, short, value)
    assert value[51:54, 0].round(5).tolist() == [7.0] * 3
