"""Which samples there are, and what is in them."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from support.training import MANY, START_MS, UNIVARIATE, archive_for, archive_of

pytest.importorskip("torch", reason="needs gridcast[train]")

from gridcast.models.archive import Archive
from gridcast.models.evaluation.splits import Part
from gridcast.models.features import FeatureBuilder
from gridcast.models.training.samples import TrainingSamples

BUILDER = FeatureBuilder(UNIVARIATE)


def samples_of(
    archive: Archive, first: int = 0, end: int | None = None, **more: Any
) -> TrainingSamples:
    part = Part(first, len(archive) if end is None else end)
    return TrainingSamples(BUILDER, [(archive, part)], **more)


def test_all_slots_of_a_horizon_lie_in_the_part() -> None:
    archive = archive_of((1.0,))
    samples = samples_of(archive, 100, 130)
    assert len(samples) == 130 - 100 - UNIVARIATE.horizon + 1
    truth = samples.batch(np.arange(len(samples))).truth
    assert (truth[0] == archive.mean[100:105, 0]).all()
    assert (truth[-1] == archive.mean[125:130, 0]).all()


def test_the_inputs_are_those_that_serving_would_have_had() -> None:
    archive = archive_for(MANY)
    builder = FeatureBuilder(MANY)
    samples = TrainingSamples(builder, [(archive, Part(400, 500))])
    batch = samples.batch(np.array([5]))
    inputs, _ = builder.sample(archive, np.array([401]), np.array([2]))
    for name, array in inputs.feed().items():
        np.testing.assert_array_equal(batch.inputs.feed()[name], array)


def test_of_where_too_little_was_measured_nothing_is_learned() -> None:
    archive = archive_of((1.0, 1.0))
    mean = archive.mean.copy()
    mean[200:400, 0] = np.nan
    samples = samples_of(Archive.of(START_MS, 60, archive.series, mean), 150, 500)
    batch = samples.batch(np.arange(len(samples)))
    assert len(batch) == len(samples)  # none that cannot be filled
    assert np.isfinite(batch.truth).sum(axis=1).min() >= 3
    whole = samples_of(archive, 150, 500)
    assert 150 < len(whole) - len(samples) < 260
    strict = samples_of(Archive.of(START_MS, 60, archive.series, mean), 150, 500, least_known=1.0)
    assert np.isfinite(strict.batch(np.arange(len(strict))).truth).all()


def test_archives_are_put_together_whatever_their_size() -> None:
    first, second = archive_of((0.5,)), archive_of((7e7, 3e7))
    samples = TrainingSamples(BUILDER, [(first, Part(100, 200)), (second, Part(300, 350))])
    alone = [samples_of(first, 100, 200), samples_of(second, 300, 350)]
    assert len(samples) == len(alone[0]) + len(alone[1])
    mixed = samples.batch(np.array([len(samples) - 1, 0, len(alone[0])]))
    level = np.sort(np.abs(mixed.inputs.load).mean(axis=1))
    assert level[0] < 1
    assert level[1:].min() > 1e7
    # A kilowatt is a kilowatt within an archive; between archives only the samples count.
    assert 0.7 < mixed.weight[0] < 1.4
    assert mixed.weight.max() > 1.2


def test_every_so_many_slots_and_so_many_at_most() -> None:
    archive = archive_of((1.0,))
    hourly, daily = samples_of(archive, 100, 400), samples_of(archive, 100, 400, every=24)
    assert len(daily) == -(-len(hourly) // 24)
    thin = hourly.thinned(10)
    assert len(thin) == 10
    assert (thin[0], thin[-1]) == (0, len(hourly) - 1)
    assert len(hourly.thinned(10_000)) == len(hourly)


def test_a_part_without_any_origin_has_no_samples() -> None:
    archive = archive_of((1.0,))
    assert len(samples_of(archive, 100, 103)) == 0
    assert len(samples_of(archive, 0, UNIVARIATE.slots)) == 0
    assert len(samples_of(replace(archive, mark=np.zeros_like(archive.mark)))) == 0


def test_a_large_archive_can_be_kept_from_drowning_a_small_one() -> None:
    small, large = archive_of((0.5,)), archive_of((7e7, 3e7))
    parts = [(small, Part(100, 200)), (large, Part(100, 500))]
    whole, kept = TrainingSamples(BUILDER, parts), TrainingSamples(BUILDER, parts, most=150)
    of_small = len(samples_of(small, 100, 200))
    assert len(kept) == of_small + 150 < len(whole)
    drawn = kept.batch(np.arange(of_small, len(kept)))
    assert len(np.unique(drawn.inputs.load, axis=0)) == 150
    assert (
        drawn.truth
        == TrainingSamples(BUILDER, parts, most=150).batch(np.arange(of_small, len(kept))).truth
    ).all()
