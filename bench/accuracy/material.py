"""A case's data, ready to be learned from and judged on."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from accuracy.cases import Case
from gridcast.learning.training.config import Config
from gridcast.learning.training.dataset import read_sources
from gridcast.learning.training.prepare import prepare
from gridcast.models.calendars import Calendar
from gridcast.models.evaluation.forecaster import Forecaster
from gridcast.models.evaluation.samples import (
    EvaluationSamples,
    Pairs,
    pairs_of,
    samples_of,
    verify,
)
from gridcast.models.evaluation.splits import TimeSplit, walk_forward
from gridcast.models.evaluation.verified_forecasts import Scales, VerifiedForecasts
from gridcast.models.features import FeatureBuilder
from gridcast.models.network import Network
from gridcast.stream.releases.box import boxed

MAPPINGS = Path(__file__).parents[2] / "docs" / "howto" / "history"


@dataclass(frozen=True)
class Sizes:
    """How much of it all is used; less for a quick look."""

    train: int = 30_000
    """Samples that baselines learn from."""
    validation: int = 4_000
    test: int = 20_000


@dataclass(frozen=True)
class Fold:
    """One of several splits that walk forward through the newest fifth."""

    number: int
    folds: int
    window: Literal["expanding", "sliding"]

    def of(self, slots: int, stretches: int) -> TimeSplit:
        """Give the split."""
        found = walk_forward(slots, self.folds, window=self.window, stretches=stretches)
        return list(found)[self.number]


class Material:
    """The data of a case, under the config that a network would be trained with."""

    def __init__(
        self, case: Case, folder: Path, config: Config, sizes: Sizes, fold: Fold | None = None
    ) -> None:
        self.case, self.sizes, self.levels = case, sizes, config.evaluation.levels
        self.fold = fold
        self.files = [folder / f"{case.file}.parquet"]
        self.mappings = [MAPPINGS / f"{case.file}.toml"]
        prepared = prepare(read_sources(self.files, self.mappings), config)
        self.builder = prepared.builder
        if case.boxed:
            contract = Network.load(boxed(case.step_minutes)).contract
            self.builder = FeatureBuilder(contract.features)
        (self.data,) = prepared.datasets
        archive = self.data.archive
        self.split = self.data.split
        if fold is not None:
            self.split = fold.of(len(archive), len(self.split.validation.stretches))
        train = self.split.train
        self.scales = Scales.of(archive.mean[train.first : train.end], 24 * self.builder.spec.hour)
        self.test = self._test_pairs()

    @property
    def about(self) -> str:
        """Say how much is judged."""
        spec = self.builder.spec
        seen = ", ".join(spec.weather) or "no weather"
        return (
            f"{len(self.data.archive.series)} series, step {spec.step_minutes} min, "
            f"{len(self.test):,} forecasts judged; {seen} up to the origin"
        )

    def lessons(self) -> tuple[EvaluationSamples, EvaluationSamples]:
        """Give what baselines learn from, and what stops them."""
        split, sizes = self.split, self.sizes
        archive = self.data.archive
        train = pairs_of(archive, self.builder, split.train).thinned(sizes.train)
        check = pairs_of(archive, self.builder, split.validation).thinned(sizes.validation)
        return samples_of(archive, self.builder, train), samples_of(archive, self.builder, check)

    def ask(self, name: str, forecaster: Forecaster) -> VerifiedForecasts:
        """Have a forecaster forecast the test, and put what came beside it."""
        asked = {name: forecaster}
        found = verify(asked, self.levels, self.data.archive, self.builder, self.test)[name]
        return self._next_day(found)

    def ask_operator(self) -> VerifiedForecasts | None:
        """Give the operator's own forecasts in the same form, where there are any."""
        archive, spec = self.data.archive, self.builder.spec
        if archive.operator is None or self.case.local_hour is None:
            return None
        pairs = samples_of(archive, self.builder, self.test).pairs
        value = archive.operator_as_of(pairs.slot, pairs.row, spec.horizon)[:, list(spec.knots)]
        truth = archive.truth(pairs.slot, pairs.row, spec.horizon)[:, list(spec.knots)]
        levels = len(self.levels)
        return self._next_day(
            VerifiedForecasts(
                series=archive.series,
                row=pairs.row,
                origin_ms=archive.begin_ms(pairs.slot),
                step_minutes=archive.step_minutes,
                leads=np.array(spec.knots),
                levels=self.levels,
                truth=truth,
                quantiles=np.repeat(value[:, :, None], levels, axis=2),
            )
        )

    def judged(self, found: VerifiedForecasts) -> VerifiedForecasts:
        """Take what is judged of forecasts that were made every hour."""
        due = self._is_due(found.origin_ms)
        arrays = ("row", "origin_ms", "truth", "quantiles")
        return self._next_day(
            replace(found, **{name: getattr(found, name)[due] for name in arrays})
        )

    def _test_pairs(self) -> Pairs:
        archive = self.data.archive
        pairs = pairs_of(archive, self.builder, self.split.test)
        pairs = pairs.take(self._is_due(archive.begin_ms(pairs.slot)))
        return pairs.thinned(self.sizes.test)

    def _is_due(self, origin_ms: np.ndarray) -> np.ndarray:
        """Tell which origins are judged: all, or those at the local hour."""
        if self.case.local_hour is None:
            return np.ones(len(origin_ms), np.bool_)
        return np.asarray(self._calendar.at(origin_ms).minute == 60 * self.case.local_hour)

    def _next_day(self, found: VerifiedForecasts) -> VerifiedForecasts:
        """Leave out what is not of the next local day, where only that is judged."""
        if self.case.local_hour is None:
            return found
        begins = found.origin_ms[:, None] + found.leads * (found.step_minutes * 60_000)
        next_day = self._calendar.at(found.origin_ms).day + 1
        judged = self._calendar.at(begins).day == next_day[:, None]
        return replace(found, truth=np.where(judged, found.truth, np.nan))

    @property
    def _calendar(self) -> Calendar:
        return Calendar(self.data.archive.series[0].time_zone)
