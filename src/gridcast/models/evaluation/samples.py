"""Samples of an archive: pairs of origin and series, their inputs and the truth that followed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gridcast.models.archive import Archive
from gridcast.models.evaluation.forecaster import Forecaster
from gridcast.models.evaluation.splits import Part, origins
from gridcast.models.evaluation.verified_forecasts import VerifiedForecasts
from gridcast.models.features import Inputs
from gridcast.models.features.builder import FeatureBuilder
from gridcast.units import Ints

AT_ONCE = 2048
"""Number of samples in a batch: some 50 MB."""


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Pairs of an origin (a slot of the archive) and a series (a row of it)."""

    slot: Ints
    row: Ints

    def __len__(self) -> int:
        return len(self.slot)

    def take(self, chosen: slice | npt.NDArray[np.generic]) -> "Pairs":
        """Return the chosen pairs."""
        return Pairs(self.slot[chosen], self.row[chosen])

    def thinned(self, most: int, seed: int = 0) -> "Pairs":
        """Return a random sample of at most `most` pairs."""
        if len(self) <= most:
            return self
        drawn = np.random.default_rng(seed).choice(len(self), most, replace=False)
        return self.take(np.sort(drawn))


@dataclass(frozen=True, slots=True, eq=False)
class EvaluationSamples:
    """Inputs, and the truth after their origins."""

    pairs: Pairs
    inputs: Inputs
    truth: npt.NDArray[np.float32]
    """[n, horizon], kW; NaN if not measured."""

    def __len__(self) -> int:
        return len(self.inputs)


def pairs_of(
    archive: Archive, builder: FeatureBuilder, part: Part, every_minutes: int = 60
) -> Pairs:
    """Return all pairs with a whole window before them and a measured horizon within the part."""
    spec = builder.spec
    slot = origins(
        part,
        spec.horizon,
        start_ms=archive.start_ms,
        step_minutes=archive.step_minutes,
        every_minutes=every_minutes,
        lookback=spec.window,
    )
    rows = np.arange(len(archive.series))
    every = Pairs(np.tile(slot, len(rows)), np.repeat(rows, len(slot)))
    judged = np.array(spec.knots)
    has_truth = [
        np.isfinite(archive.truth(batch.slot, batch.row, spec.horizon)[:, judged]).any(axis=1)
        for batch in _parts(every)
    ]
    return every.take(np.concatenate(has_truth)) if has_truth else every


def samples_of(archive: Archive, builder: FeatureBuilder, pairs: Pairs) -> EvaluationSamples:
    """Return the samples of pairs, without those whose window cannot be filled."""
    batches = list(_made(archive, builder, pairs))
    fields = ("load", "past", "future", "static")
    inputs = (np.concatenate([getattr(batch.inputs, name) for batch in batches]) for name in fields)
    return EvaluationSamples(
        Pairs(
            np.concatenate([batch.pairs.slot for batch in batches]),
            np.concatenate([batch.pairs.row for batch in batches]),
        ),
        Inputs(*inputs),
        np.concatenate([batch.truth for batch in batches]),
    )


def verify(
    forecasters: Mapping[str, Forecaster],
    levels: tuple[float, ...],
    archive: Archive,
    builder: FeatureBuilder,
    pairs: Pairs,
) -> dict[str, VerifiedForecasts]:
    """Return every forecaster's forecasts of the same samples, with the truth.

    The leads are the spec's knots: every step up to 2 hours, then the last of each hour.
    """
    leads = np.array(builder.spec.knots)
    answers: dict[str, list[npt.NDArray[np.float32]]] = {name: [] for name in forecasters}
    asked: list[Pairs] = []
    truth: list[npt.NDArray[np.float32]] = []
    for batch in _made(archive, builder, pairs):
        asked.append(batch.pairs)
        truth.append(batch.truth[:, leads])
        for name, forecaster in forecasters.items():
            quantiles = forecaster.forecast(batch.inputs)[:, :, leads]
            answers[name].append(np.ascontiguousarray(quantiles.transpose(0, 2, 1)))
    slot = np.concatenate([pairs_of_batch.slot for pairs_of_batch in asked])
    return {
        name: VerifiedForecasts(
            series=archive.series,
            row=np.concatenate([pairs_of_batch.row for pairs_of_batch in asked]),
            origin_ms=archive.begin_ms(slot),
            step_minutes=archive.step_minutes,
            leads=leads,
            levels=levels,
            truth=np.concatenate(truth),
            quantiles=np.concatenate(quantiles_of_batches),
        )
        for name, quantiles_of_batches in answers.items()
    }


def _made(archive: Archive, builder: FeatureBuilder, pairs: Pairs) -> Iterator[EvaluationSamples]:
    for batch in _parts(pairs):
        inputs, usable = builder.sample(archive, batch.slot, batch.row)
        truth = archive.truth(batch.slot, batch.row, builder.spec.horizon)
        if usable.all():
            yield EvaluationSamples(batch, inputs, truth)
        else:
            yield EvaluationSamples(batch.take(usable), inputs.take(usable), truth[usable])


def _parts(pairs: Pairs) -> Iterator[Pairs]:
    for first in range(0, len(pairs), AT_ONCE):
        yield pairs.take(slice(first, first + AT_ONCE))
