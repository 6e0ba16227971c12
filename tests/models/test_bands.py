"""Horizon bands: they part the horizon, and every slot of it gets its turn to be judged."""

from collections import Counter, defaultdict

import numpy as np
import pytest

from gridcast.models.bands import Bands
from gridcast.models.windows.spec import STEPS


@pytest.mark.parametrize("step_minutes", STEPS)
def test_bands_part_the_horizon(step_minutes: int) -> None:
    bands = Bands(step_minutes, 1440 // step_minutes)
    assert bands.minutes[0][0] == 0
    assert bands.minutes[-1][1] == 1440
    assert [end for _, end in bands.minutes[:-1]] == [begin for begin, _ in bands.minutes[1:]]


@pytest.mark.parametrize(("hours", "last"), [(1, (0, 60)), (2, (60, 120)), (48, (1440, 2880))])
def test_the_last_band_ends_with_the_horizon(hours: int, last: tuple[int, int]) -> None:
    assert Bands(15, 4 * hours).minutes[-1] == last


def test_a_horizon_of_less_than_an_hour_is_one_band() -> None:
    assert Bands(15, 2).minutes == ((0, 30),)


@pytest.mark.parametrize("step_minutes", [5, 15, 30, 60])
def test_every_lead_and_every_time_of_day_gets_its_turn(step_minutes: int) -> None:
    day = 1440 // step_minutes
    bands, leads = Bands(step_minutes, day), Counter[int]()
    times: defaultdict[int, set[int]] = defaultdict(set)
    for slot in range(365 * day):
        for band, lead in bands.noted(slot):
            assert bands.edges[band] <= lead < bands.edges[band + 1]
            leads[lead] += 1
            times[band].add((slot + lead) % day)
    assert set(leads) == set(range(day))
    assert all(len(seen) == day for seen in times.values())


def test_the_nearest_band_is_noted_in_every_slot_and_the_others_every_75_minutes() -> None:
    noted = [band for slot in range(20) for band, _ in Bands(15, 96).noted(slot)]
    assert Counter(noted) == {0: 20, 1: 4, 2: 4, 3: 4}


def test_a_number_by_band_holds_in_the_middle_and_changes_evenly_between() -> None:
    bands = Bands(60, 24)
    spread = bands.spread(np.array([[0, 1, 2, 10]], np.float32))[0]
    assert spread[0] == 0
    np.testing.assert_allclose(spread[[1, 2]], [2 / 3, 1 + 0.5 / 3.5])
    assert spread[5] == 2
    assert spread[23] == 10
    assert (np.diff(spread) >= 0).all()


def test_one_band_is_the_same_everywhere() -> None:
    assert Bands(15, 3).spread(np.array([[7]], np.float32)).tolist() == [[7, 7, 7]]


@pytest.mark.parametrize(
    ("step_minutes", "weight"),
    [(60, (1, 0.8, 0.8, 0.4)), (30, (1, 0.4, 0.4, 0.2)), (15, (1, 1, 1, 0.5))],
)
def test_judgements_too_near_to_tell_something_new_count_less(
    step_minutes: int, weight: tuple[float, ...]
) -> None:
    assert Bands(step_minutes, 24 * 60 // step_minutes).weight == pytest.approx(weight)
