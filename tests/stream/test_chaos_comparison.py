"""What compares two days sees what went wrong, whatever it is."""

from collections import Counter
from collections.abc import Sequence
from copy import deepcopy

import numpy as np
import pytest
from support.chaos.day import make_day
from support.chaos.outcome import Outcome, compare, windows_of

from gridcast.models.partition import Partition
from gridcast.models.windows import WindowSpec
from gridcast.schemas import decode
from gridcast.schemas.columns import ReadingColumns

KEY = (b"m-1", "2026-01-01T00:01:00Z")
OTHER = (b"m-1", "2026-01-01T00:02:00Z")
READINGS = 600


@pytest.fixture
def calm() -> Outcome:
    seen = {KEY: Counter([b"one"]), OTHER: Counter([b"two"])}
    return Outcome(seen, deepcopy(seen), Counter({"letter": 1}), {"m-1": b"window"})


@pytest.fixture
def stormy(calm: Outcome) -> Outcome:
    return deepcopy(calm)


def test_a_day_is_the_same_as_itself(calm: Outcome, stormy: Outcome) -> None:
    assert compare(calm, stormy).is_same


def test_identical_copies_that_were_given_up_are_counted_and_no_difference(
    calm: Outcome, stormy: Outcome
) -> None:
    stormy.all_forecasts[KEY][b"one"] += 2
    found = compare(calm, stormy)
    assert found.is_same
    assert found.given_up == 2


def test_a_forecast_that_is_missing_is_lost(calm: Outcome, stormy: Outcome) -> None:
    del stormy.forecasts[KEY], stormy.all_forecasts[KEY]
    assert compare(calm, stormy).lost == 1


def test_a_forecast_that_was_only_given_up_is_lost(calm: Outcome, stormy: Outcome) -> None:
    del stormy.forecasts[KEY]
    assert compare(calm, stormy).lost == 1


def test_a_forecast_of_other_bytes_differs(calm: Outcome, stormy: Outcome) -> None:
    stormy.forecasts[KEY] = stormy.all_forecasts[KEY] = Counter([b"else"])
    assert compare(calm, stormy).differing == 1


def test_a_copy_of_other_bytes_differs_though_it_was_given_up(
    calm: Outcome, stormy: Outcome
) -> None:
    stormy.all_forecasts[KEY][b"else"] += 1
    assert compare(calm, stormy).differing == 1


def test_a_forecast_of_a_tick_that_never_was_differs(calm: Outcome, stormy: Outcome) -> None:
    never = (b"m-1", "2026-01-01T00:03:00Z")
    stormy.forecasts[never] = stormy.all_forecasts[never] = Counter([b"three"])
    assert compare(calm, stormy).differing == 1


def test_a_forecast_that_is_seen_twice_is_counted(calm: Outcome, stormy: Outcome) -> None:
    stormy.forecasts[KEY][b"one"] += 1
    stormy.all_forecasts[KEY][b"one"] += 1
    assert compare(calm, stormy).twice == 1


def test_dead_letters_are_lost_or_told_twice(calm: Outcome, stormy: Outcome) -> None:
    stormy.letters["letter"] += 1
    assert compare(calm, stormy).twice == 1
    assert compare(stormy, calm).lost == 1


def test_windows_are_lost_or_differ(calm: Outcome, stormy: Outcome) -> None:
    stormy.windows["m-1"] = b"else"
    assert compare(calm, stormy).differing == 1
    del stormy.windows["m-1"]
    assert compare(calm, stormy).lost == 1


@pytest.fixture(scope="module")
def readings() -> ReadingColumns:
    messages = make_day(series=3, hours=4, seed=1).messages[:READINGS]
    keys, values = zip(*messages, strict=True)
    return decode(list(keys), list(values), limit=1_000_000).readings


def windows_after(readings: ReadingColumns, chosen: Sequence[int]) -> dict[str, bytes]:
    partition = Partition(WindowSpec(15, 8), lateness_ms=0)
    rows = np.asarray(chosen)
    part = ReadingColumns(
        [readings.series[row] for row in chosen],
        readings.time_ms[rows],
        readings.value[rows],
        readings.quality[rows],
        readings.revision[rows],
    )
    for _ in partition.take(part, part.time_ms, np.arange(len(rows)), len(rows)):
        pass
    return windows_of(partition)


def test_one_reading_that_is_lost_shows_in_its_window(readings: ReadingColumns) -> None:
    everything = list(range(len(readings)))
    whole = windows_after(readings, everything)
    values = list(zip(readings.series, readings.value.tolist(), strict=True))
    # A copy, and a meter that tells the same for an hour, leave nothing that could be missed.
    telling = [row for row in everything if values.count(values[row]) == 1]
    assert len(telling) > 100
    for lost in telling[10::40]:
        rest = [row for row in everything if row != lost]
        assert windows_after(readings, rest) != whole, values[lost]


def test_one_reading_that_is_changed_shows_in_its_window(readings: ReadingColumns) -> None:
    everything = list(range(len(readings)))
    whole = windows_after(readings, everything)
    for row in everything[10::50]:
        changed = deepcopy(readings)
        changed.value[row] += 0.001
        assert windows_after(changed, everything) != whole, row
