"""Samples of an archive: which origins of which series, what is known there, what came after."""

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
"""Samples made at once: some 50 MB."""


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Pairs of an origin, a slot of the archive, and a series, a row of it."""

    slot: Ints
    row: Ints

    def __len__(self) -> int:
        return len(self.slot)

    def take(self, chosen: slice | npt.NDArray[np.generic]) -> "Pairs":
        """Give some of them."""
        return Pairs(self.slot[chosen], self.row[chosen])

    def thinned(self, most: int, seed: int = 0) -> "Pairs":
        """Give at most so many of them, drawn without regard to the hour or the series."""
        if len(self) <= most:
            return self
        drawn = np.random.default_rng(seed).choice(len(self), most, replace=False)
        return self.take(np.sort(drawn))


@dataclass(frozen=True, slots=True, eq=False)
class EvaluationSamples:
    """Inputs, and what came after their origins."""

    pairs: Pairs
    inputs: Inputs
    truth: npt.NDArray[np.float32]
    """[n, horizon], kW; NaN where not measured."""

    def __len__(self) -> int:
        return len(self.inputs)


def pairs_of(
    archive: Archive, builder: FeatureBuilder, part: Part, every_minutes: int = 60
) -> Pairs:
    """Give all pairs whose horizon lies in a part and has a truth, after a whole window."""
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
    known = [
        np.isfinite(archive.truth(some.slot, some.row, spec.horizon)[:, judged]).any(axis=1)
        for some in _parts(every)
    ]
    return every.take(np.concatenate(known)) if known else every


def samples_of(archive: Archive, builder: FeatureBuilder, pairs: Pairs) -> EvaluationSamples:
    """Make the samples of pairs; those whose window cannot be filled are left out."""
    found = list(_made(archive, builder, pairs))
    fields = ("load", "past", "future", "static")
    inputs = (np.concatenate([getattr(one.inputs, name) for one in found]) for name in fields)
    return EvaluationSamples(
        Pairs(
            np.concatenate([one.pairs.slot for one in found]),
            np.concatenate([one.pairs.row for one in found]),
        ),
        Inputs(*inputs),
        np.concatenate([one.truth for one in found]),
    )


def verify(
    forecasters: Mapping[str, Forecaster],
    levels: tuple[float, ...],
    archive: Archive,
    builder: FeatureBuilder,
    pairs: Pairs,
) -> dict[str, VerifiedForecasts]:
    """Ask forecasters for the same samples and put what came beside their answers.

    All judge the leads of the spec's knots: every step to 2 hours, then the last of each hour.
    """
    leads = np.array(builder.spec.knots)
    answers: dict[str, list[npt.NDArray[np.float32]]] = {name: [] for name in forecasters}
    asked: list[Pairs] = []
    truth: list[npt.NDArray[np.float32]] = []
    for some in _made(archive, builder, pairs):
        asked.append(some.pairs)
        truth.append(some.truth[:, leads])
        for name, forecaster in forecasters.items():
            quantiles = forecaster.forecast(some.inputs)[:, :, leads]
            answers[name].append(np.ascontiguousarray(quantiles.transpose(0, 2, 1)))
    slot = np.concatenate([one.slot for one in asked])
    return {
        name: VerifiedForecasts(
            series=archive.series,
            row=np.concatenate([one.row for one in asked]),
            origin_ms=archive.begin_ms(slot),
            step_minutes=archive.step_minutes,
            leads=leads,
            levels=levels,
            truth=np.concatenate(truth),
            quantiles=np.concatenate(found),
        )
        for name, found in answers.items()
    }


def _made(archive: Archive, builder: FeatureBuilder, pairs: Pairs) -> Iterator[EvaluationSamples]:
    for some in _parts(pairs):
        inputs, usable = builder.sample(archive, some.slot, some.row)
        truth = archive.truth(some.slot, some.row, builder.spec.horizon)
        if usable.all():
            yield EvaluationSamples(some, inputs, truth)
        else:
            yield EvaluationSamples(some.take(usable), inputs.take(usable), truth[usable])


def _parts(pairs: Pairs) -> Iterator[Pairs]:
    for first in range(0, len(pairs), AT_ONCE):
        yield pairs.take(slice(first, first + AT_ONCE))
