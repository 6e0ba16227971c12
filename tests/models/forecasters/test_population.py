"""A series without a past of its own does what the others do, at its own size."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridcast.models.forecasters.population import FEWEST, like_others, widen

DAY = 24
HOURS = np.arange(DAY)
WAVE = (10 + 5 * np.sin(HOURS / DAY * 2 * np.pi)).astype(np.float32)


def others(count: int = FEWEST, load: np.ndarray = WAVE) -> tuple[np.ndarray, np.ndarray]:
    return np.tile(load, (count, 1)), np.ones((count, DAY), np.bool_)


def own(load: np.ndarray, first: int) -> tuple[np.ndarray, np.ndarray]:
    """Heard from an hour on."""
    return load[None], (first <= HOURS)[None]


def expected(count: int = FEWEST) -> np.ndarray:
    return np.tile(np.stack([WAVE - 1, WAVE, WAVE + 1]), (count, 1, 1)).astype(np.float32)


@given(st.integers(0, DAY - 1), st.floats(0.01, 1e4))
def test_whatever_it_was_heard_of_the_day_its_size_is_found(first: int, size: float) -> None:
    """Three hours of the night say how large it is at noon."""
    found, cannot = like_others(own(np.float32(size) * WAVE, first), others(), expected())
    assert not cannot.any()
    np.testing.assert_allclose(found[0, 1], size * WAVE, rtol=1e-5)
    np.testing.assert_allclose(found[0, 2] - found[0, 0], 2 * size, rtol=1e-3)


@pytest.mark.parametrize(
    ("given_own", "given_others"),
    [
        (own(WAVE, 20), others(FEWEST - 1)),
        (own(WAVE, 20), others(load=WAVE - 10)),
        (own(-WAVE, 20), others()),
        (own(WAVE, DAY), others()),
    ],
    ids=["too few others", "others that go both ways", "one that only feeds in", "never heard"],
)
def test_where_nothing_can_be_told_from_the_others_it_says_so(
    given_own: tuple[np.ndarray, np.ndarray], given_others: tuple[np.ndarray, np.ndarray]
) -> None:
    assert like_others(given_own, given_others, expected(len(given_others[0])))[1].all()


def test_slots_that_no_other_was_heard_in_do_not_count() -> None:
    load, known = others()
    known[:, 20:] = False
    found, _ = like_others(own(np.where(HOURS < 20, 2 * WAVE, 1e9), 15), (load, known), expected())
    np.testing.assert_allclose(found[0, 1], 2 * WAVE, rtol=1e-5)


def test_the_spread_is_the_wider_of_two() -> None:
    narrow = np.array([[[9.0], [10.0], [11.0]]])
    wide = np.array([[[0.0], [5.0], [5.5]]], np.float32)
    assert widen(narrow, wide, 1)[0, :, 0].tolist() == [5.0, 10.0, 11.0]
