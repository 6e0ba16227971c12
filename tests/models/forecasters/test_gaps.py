"""Lines over gaps: short ones between two shores, all of them where a forecast needs each slot."""

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from gridcast.models.forecasters.gaps import bridge_all, bridge_short

GAP = np.nan


def bridged(rows: list[list[float]], longest: int) -> list[list[float]]:
    value = np.array(rows, np.float32)
    known = ~np.isnan(value)
    value, known = bridge_short(np.where(known, value, np.float32(0)), known, longest)
    bridged: list[list[float]] = np.where(known, value, GAP).tolist()
    return bridged


def test_a_short_gap_becomes_a_line_and_a_longer_one_stays() -> None:
    (row,) = bridged([[1, GAP, GAP, 4, GAP, GAP, GAP, 8]], longest=2)
    np.testing.assert_array_equal(row, [1, 2, 3, 4, GAP, GAP, GAP, 8])


def test_a_gap_at_an_end_has_no_second_shore_not_even_in_the_next_row() -> None:
    rows = [[GAP, 2, GAP], [GAP, 6, 7], [GAP, GAP, GAP], [1, GAP, GAP]]
    np.testing.assert_array_equal(bridged(rows, longest=5), rows)


def test_where_all_is_bridged_the_ends_hold() -> None:
    value = np.array([[0, 2, 0, 4, 0, 0], [0] * 6, [1] * 6], np.float32)
    known = np.array([[0, 1, 0, 1, 0, 0], [0] * 6, [1] * 6], bool)
    whole, longest = bridge_all(value, known)
    np.testing.assert_array_equal(whole[0], [2, 2, 3, 4, 4, 4])
    np.testing.assert_array_equal(whole[2], value[2])
    assert longest.tolist() == [2, np.iinfo(np.intp).max, 0]


@given(
    hnp.arrays(bool, st.tuples(st.integers(1, 5), st.integers(1, 12))),
    st.integers(1, 12),
    st.integers(0, 2**32),
)
def test_short_gaps_are_as_numpy_interpolates_them(
    known: np.ndarray, longest: int, seed: int
) -> None:
    value = np.random.default_rng(seed).normal(size=known.shape).astype(np.float32)
    value[~known] = 0
    given_value, given_known = value.copy(), known.copy()
    filled, told = bridge_short(value, known, longest)
    np.testing.assert_array_equal(value, given_value)
    np.testing.assert_array_equal(known, given_known)
    for row in range(len(known)):
        places = np.flatnonzero(known[row])
        expected, there = value[row].copy(), known[row].copy()
        for left, right in pairwise(places):
            if 1 < right - left <= longest + 1:
                inside = np.arange(left + 1, right)
                expected[inside] = np.interp(inside, [left, right], value[row, [left, right]])
                there[inside] = True
        np.testing.assert_array_equal(told[row], there)
        np.testing.assert_allclose(filled[row], expected, rtol=1e-5, atol=1e-6)
