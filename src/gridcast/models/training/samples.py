"""Training samples: windows of archives and the load that followed, cut on demand."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gridcast.models.archive import MEASURED, Archive
from gridcast.models.evaluation.splits import Part, begins
from gridcast.models.features import Inputs
from gridcast.models.features.builder import FeatureBuilder

LEAST_KW = 1e-4
HEAVIEST = 10.0
"""Upper bound of a sample's weight."""

Index = npt.NDArray[np.integer]


@dataclass(frozen=True, slots=True, eq=False)
class TrainingBatch:
    """A batch of training samples."""

    inputs: Inputs
    truth: npt.NDArray[np.float32]
    """[n, horizon] kW; NaN where nothing was measured."""
    weight: npt.NDArray[np.float32]
    """[n]: the level of the sample's window over the usual level in its archive. A kilowatt so
    counts the same within an archive, and an archive counts by its number of samples."""

    def __len__(self) -> int:
        return len(self.inputs)


@dataclass(frozen=True, slots=True, eq=False)
class _Origins:
    archive: Archive
    slot: npt.NDArray[np.int32]
    row: npt.NDArray[np.int32]
    level: float

    def thinned(self, most: int) -> "_Origins":
        if len(self.slot) <= most:
            return self
        drawn = np.random.default_rng(0).choice(len(self.slot), most, replace=False)
        drawn.sort()
        return _Origins(self.archive, self.slot[drawn], self.row[drawn], self.level)


class TrainingSamples:
    """Pairs of a series and an origin from one or more archives; batches are built on demand.

    Parameters
    ----------
    builder
        Builds the inputs, as in serving.
    parts
        Archives, each with the time span that the horizons lie in.
    every
        Slots from one origin to the next.
    least_known
        Minimum measured share of the window, and of the horizon.
    most
        Maximum number of samples per archive, drawn at random; 0: all.
    """

    def __init__(
        self,
        builder: FeatureBuilder,
        parts: Sequence[tuple[Archive, Part]],
        every: int = 1,
        least_known: float = 0.5,
        most: int = 0,
    ) -> None:
        self.builder = builder
        origins = (_origins(builder, archive, part, every, least_known) for archive, part in parts)
        self._origins = [
            part_origins.thinned(most) if most else part_origins for part_origins in origins
        ]
        self._first = np.cumsum([0, *(len(part_origins.slot) for part_origins in self._origins)])

    def __len__(self) -> int:
        return int(self._first[-1])

    def pairs(self, index: Index) -> list[tuple[int, npt.NDArray[np.intp]]]:
        """Return the archives of the samples, each with the positions in `index` of its samples."""
        of = np.searchsorted(self._first, index, side="right") - 1
        return [(int(archive), np.flatnonzero(of == archive)) for archive in np.unique(of)]

    def batch(self, index: Index) -> TrainingBatch:
        """Build samples by number, without those whose window cannot be filled."""
        parts = [self._of(number, index[at]) for number, at in self.pairs(index)]
        if len(parts) == 1:
            return parts[0]
        inputs = Inputs(
            *(
                np.concatenate([getattr(part.inputs, name) for part in parts])
                for name in ("load", "past", "future", "static")
            )
        )
        return TrainingBatch(
            inputs,
            np.concatenate([part.truth for part in parts]),
            np.concatenate([part.weight for part in parts]),
        )

    def thinned(self, most: int) -> npt.NDArray[np.intp]:
        """Return at most this many sample numbers, evenly spaced."""
        return np.linspace(0, len(self) - 1, min(most, len(self))).astype(np.intp)

    def _of(self, number: int, index: Index) -> TrainingBatch:
        origins = self._origins[number]
        at = index - self._first[number]
        slot, row = origins.slot[at], origins.row[at]
        inputs, usable = self.builder.sample(origins.archive, slot, row)
        truth = origins.archive.truth(slot, row, self.builder.spec.horizon)
        if not usable.all():
            inputs, truth = inputs.take(usable), truth[usable]
        weight = np.abs(inputs.load).mean(axis=1) / origins.level
        return TrainingBatch(inputs, truth, np.minimum(weight, HEAVIEST).astype(np.float32))


def _origins(
    builder: FeatureBuilder, archive: Archive, part: Part, every: int, least_known: float
) -> _Origins:
    """Return the origins in a part with enough measured slots before and after them."""
    spec = builder.spec
    measured = archive.mark >= MEASURED
    count = np.concatenate(
        [np.zeros((1, measured.shape[1]), np.int32), measured.cumsum(axis=0, dtype=np.int32)]
    )
    slot = begins(part, spec.horizon, lookback=spec.slots)[::every]
    if not len(slot):
        none = np.empty(0, np.int32)
        return _Origins(archive, none, none, 1.0)
    before = count[slot] - count[slot - spec.slots]
    after = count[slot + spec.horizon] - count[slot]
    is_usable = (before >= least_known * spec.slots) & (after >= least_known * spec.horizon)
    at, row = np.nonzero(is_usable)
    within = archive.mean[part.first : part.end][measured[part.first : part.end]]
    level = float(np.abs(within).mean(dtype=np.float64)) if within.size else 1.0
    return _Origins(archive, slot[at].astype(np.int32), row.astype(np.int32), max(level, LEAST_KW))
