"""A bump that returns at once is a fault; a load that is switched on for a minute is not."""

import numpy as np
import pytest

from gridcast.models.detection.bumps import Bumps


def largest(*kw: float | None) -> tuple[float, float]:
    """Return the largest bumps of some readings (None: missing), up and down."""
    bumps, most = Bumps(1), np.zeros(2)
    for kw_of_reading in kw:
        value = np.array([np.nan if kw_of_reading is None else kw_of_reading], np.float32)
        up, down, _ = bumps.update(value, ~np.isnan(value))
        most = np.maximum(most, [up[0], down[0]])
    return round(float(most[0]), 3), round(float(most[1]), 3)


@pytest.mark.parametrize("length", [1, 2, 3])
def test_readings_that_jump_away_and_come_back_stand_out_by_all_they_jumped(length: int) -> None:
    assert largest(1, 1, 1, *[7] * length, 1, 1) == (6, 0)
    assert largest(1, 1, 1, *[-5] * length, 1, 1) == (0, 6)


def test_four_readings_are_no_bump() -> None:
    assert largest(1, 1, 1, 7, 7, 7, 7, 1, 1, 1) == (0, 0)


def test_a_load_that_stays_where_it_jumped_to_is_none() -> None:
    assert largest(1, 1, 1, 7, 7, 7, 7, 7) == (0, 0)


def test_a_reading_that_was_lost_hides_nothing() -> None:
    assert largest(1, 1, 7, None, 1) == (6, 0)


def test_what_is_switched_for_a_minute_or_two_has_blunt_edges_and_stands_out_less() -> None:
    """Half a minute of its first reading, all of the second, a third of the last."""
    sharp, _ = largest(1, 1, 7, 7, 7, 1)
    blunt, _ = largest(1, 1, 4, 7, 3, 1)
    assert blunt < sharp / 3
    assert largest(1, 1, 7, 3, 3, 3, 3) == (0, 0), "it ends beside something that was switched on"
