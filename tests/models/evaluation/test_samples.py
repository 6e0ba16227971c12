"""Samples are of their part, and forecasts stand beside what came."""

import numpy as np

from gridcast.models.archive import Archive
from gridcast.models.evaluation.samples import Pairs, pairs_of, samples_of, verify
from gridcast.models.evaluation.splits import Part, hold_out
from gridcast.models.features import FeatureBuilder, Inputs
from gridcast.schemas import GridSeries

LEVELS = (0.25, 0.5, 0.75)


class Oracle:
    """Answers with the newest load, by which an answer can be traced to its origin."""

    def forecast(self, inputs: Inputs, /) -> np.ndarray:
        newest = np.repeat(inputs.load[:, -1:], 6, axis=1)
        return np.repeat(newest[:, None, :], 3, axis=1)


def test_pairs_have_a_whole_window_a_horizon_in_the_part_and_a_truth(
    archive: Archive, builder: FeatureBuilder
) -> None:
    part = Part(0, 1100)
    pairs = pairs_of(archive, builder, part)
    assert pairs.slot.min() == builder.spec.window
    assert pairs.slot.max() == 1100 - 6
    truth = archive.truth(pairs.slot, pairs.row, 6)
    assert np.isfinite(truth).any(axis=1).all()
    of_small = set(pairs.slot[pairs.row == 0].tolist())
    assert not of_small & set(range(1000, 1025))  # six hours of nothing ahead
    assert set(range(1000, 1025)) <= set(pairs.slot[pairs.row == 1].tolist())


def test_thinning_keeps_to_no_hour_of_the_day(archive: Archive, builder: FeatureBuilder) -> None:
    pairs = pairs_of(archive, builder, Part(0, len(archive)))
    some = pairs.thinned(len(pairs) // 12)
    assert len(some) == len(pairs) // 12
    assert len(set((some.slot % 24).tolist())) == 24
    again = pairs.thinned(len(pairs) // 12)
    assert np.array_equal(some.slot, again.slot)
    assert pairs.thinned(10**9) is pairs


def test_answers_and_what_came_are_of_the_same_origin(
    archive: Archive, builder: FeatureBuilder
) -> None:
    pairs = pairs_of(archive, builder, hold_out(len(archive)).test)
    found = verify({"oracle": Oracle()}, LEVELS, archive, builder, pairs)["oracle"]
    assert len(found) == len(pairs)
    slot = (found.origin_ms - archive.start_ms) // archive.step_ms
    assert np.array_equal(found.median[:, 0], archive.mean[slot - 1, found.row])
    assert np.array_equal(found.truth, archive.truth(slot, found.row, 6), equal_nan=True)


def test_a_window_that_cannot_be_filled_is_asked_of_nobody(builder: FeatureBuilder) -> None:
    mean = np.full((600, 1), 5.0)
    mean[:400] = np.nan
    archive = Archive.of(0, 60, (GridSeries(series="new"),), mean)
    pairs = Pairs(np.array([395, 500]), np.zeros(2, np.int64))
    assert samples_of(archive, builder, pairs).pairs.slot.tolist() == [500]
