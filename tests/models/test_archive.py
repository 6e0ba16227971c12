"""The past laid out by slot shows what windows showed."""

import numpy as np
import pytest
from support.archives import archive_of, hours, readings_of

from gridcast.models.archive import MEASURED, Archive
from gridcast.models.weather import Weather
from gridcast.models.windows import Windows, WindowSpec
from gridcast.models.windows.marks import FULL
from gridcast.schemas import GridSeries
from gridcast.units import HOUR_MS


def test_a_cut_is_the_window_that_was_cut_then() -> None:
    mean = hours(20 * 24, 3, lost=0.1)
    archive = archive_of(mean)
    windows = Windows(WindowSpec(step_minutes=60))
    for name in ("s-0", "s-1", "s-2"):
        windows.roster.rows([name])
    windows.fold(readings_of(mean))
    for slot in (10 * 24, 10 * 24 + 7):
        windows.advance(archive.start_ms + slot * HOUR_MS)
        theirs, their_marks = windows.cut(8 * 24)
        ours, marks = archive.cut(slot, np.arange(3), 8 * 24)
        assert ours.tobytes() == theirs.tobytes()
        assert marks.tobytes() == their_marks.tobytes()


def test_each_pair_has_its_own_origin_and_row() -> None:
    archive = archive_of(hours(400, 3))
    slots, rows = np.array([200, 300, 250, 400]), np.array([0, 2, 2, 1])
    mean, mark = archive.cut(slots, rows, 24)
    assert mean.shape == mark.shape == (24, 4)
    for i, (slot, row) in enumerate(zip(slots, rows, strict=True)):
        assert mean[:, i].tolist() == archive.mean[slot - 24 : slot, row].tolist()


def test_before_the_beginning_and_past_the_end_nothing_was_measured() -> None:
    archive = archive_of(hours(48, 1))
    mean, mark = archive.cut(10, 0, 24)
    assert np.isnan(mean[:14]).all()
    assert (mark[:14] == 0).all()
    assert np.isfinite(mean[14:]).all()
    assert np.isfinite(archive.truth(40, 0, 24)[0]).tolist() == [True] * 8 + [False] * 16


def test_a_slot_measured_by_less_than_half_is_no_truth() -> None:
    archive = archive_of(hours(48, 1))
    archive.mark[:4, 0] = [0, MEASURED - 1, MEASURED, FULL]
    truth = archive.truth(0, np.array([0]), 4)
    assert truth.shape == (1, 4)
    assert np.isnan(truth[0]).tolist() == [True, True, False, False]


def test_of_the_operators_forecast_counts_what_was_known_at_the_origin() -> None:
    mean = hours(48, 1)
    known = np.full(mean.shape, 10 * HOUR_MS)
    known[24:] = 24 * HOUR_MS
    archive = archive_of(mean, operator=mean + 1, operator_at_ms=known)
    asked = archive.operator_as_of(np.array([9, 10, 24]), 0, 24)
    assert np.isnan(asked[0]).all()
    assert np.isnan(asked[1]).tolist() == [False] * 14 + [True] * 10
    assert asked[2].tolist() == (mean[24:, 0] + 1).tolist()


def test_what_does_not_fit_together_is_refused() -> None:
    mean = hours(48, 1)
    with pytest.raises(ValueError, match="one of"):
        Archive.of(0, 7, (GridSeries(series="a"),), mean)
    with pytest.raises(ValueError, match="whole step"):
        Archive.of(1, 60, (GridSeries(series="a"),), mean)
    with pytest.raises(ValueError, match="2 series"):
        Archive.of(0, 60, (GridSeries(series="a"), GridSeries(series="b")), mean)
    with pytest.raises(ValueError, match="another step"):
        Archive.of(0, 60, (GridSeries(series="a"),), mean, Weather(900_000, HOUR_MS))
