"""What a correction does to quantiles, whatever was learned."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from gridcast.models.calibration import corrected, widths

SHAPE = (3, 5, 4)
KILOWATTS = st.floats(-(2.0**127), 2.0**127, width=32)
RAW = arrays(np.float32, SHAPE, elements=KILOWATTS).map(lambda a: np.sort(a, axis=1))
SHIFT = arrays(np.float32, SHAPE, elements=st.floats(-1, 1, width=32))


@given(RAW, SHIFT)
def test_quantiles_rise_are_numbers_and_stay_above_the_least_load(
    raw: np.ndarray, shift: np.ndarray
) -> None:
    found = corrected(raw, shift, lower=np.zeros(3))
    assert np.isfinite(found).all()
    assert (np.diff(found, axis=1) >= 0).all()
    proven_below = raw.min(axis=(1, 2)) < 0
    assert (found[~proven_below] >= 0).all()


@given(RAW)
def test_where_nothing_was_learned_nothing_moves(raw: np.ndarray) -> None:
    np.testing.assert_array_equal(corrected(raw, np.zeros_like(raw), -np.inf), raw)


@given(RAW, SHIFT)
def test_a_series_is_corrected_alike_whoever_stands_beside_it(
    raw: np.ndarray, shift: np.ndarray
) -> None:
    together = corrected(raw, shift, 0.0)
    for row in range(len(raw)):
        alone = corrected(raw[row : row + 1], shift[row : row + 1], 0.0)
        assert alone.tobytes() == together[row].tobytes()


def test_a_width_is_that_of_the_outermost_quantiles() -> None:
    raw = np.array([[[1.0, 5.0], [2.0, 5.0], [4.0, 5.0]]], np.float32)
    assert widths(raw).tolist() == [[3.0, 0.0]]
