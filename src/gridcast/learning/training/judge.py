"""Score the model and its baselines on the test part of a file, and break the scores down."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from gridcast.learning.training.config import EvaluationConfig
from gridcast.learning.training.dataset import Dataset
from gridcast.learning.training.report.pictures import Day
from gridcast.learning.training.results import (
    MODEL,
    BaselineComparison,
    DataScores,
    FitProblem,
    Reliability,
    SeriesScores,
    TimeSpan,
)
from gridcast.models.archive import MEASURED
from gridcast.models.evaluation.baselines import BASELINES, Baseline, LightGbm
from gridcast.models.evaluation.breakdown import GroupBy, breakdown
from gridcast.models.evaluation.fitting import PartErrors, judge_fit
from gridcast.models.evaluation.forecaster import Forecaster
from gridcast.models.evaluation.quantiles import pinball, pinball_of
from gridcast.models.evaluation.samples import (
    EvaluationSamples,
    Pairs,
    pairs_of,
    samples_of,
    verify,
)
from gridcast.models.evaluation.score import score, scores_by, scores_by_lead, table
from gridcast.models.evaluation.significance import diebold_mariano
from gridcast.models.evaluation.splits import Part
from gridcast.models.evaluation.verified_forecasts import Scales, VerifiedForecasts
from gridcast.models.features import FeatureBuilder
from gridcast.stream.errors import UserError
from gridcast.units import HOUR_MS, utc_time

REFERENCE = "seasonal_naive_week"
"""The forecaster that learns nothing. Its errors show how hard a season is."""
_RAW = "as the network gave it"
_PARTS = ("train", "validation", "test")


@dataclass(frozen=True)
class Judged:
    """The results for one file."""

    scores: DataScores
    best: Day | None
    worst: Day | None


class TrainingJudge:
    """An evaluation of forecasters on one file."""

    def __init__(self, dataset: Dataset, builder: FeatureBuilder, how: EvaluationConfig) -> None:
        self._dataset, self._builder, self._how = dataset, builder, how
        archive, train = dataset.archive, dataset.split.train
        learned = np.where(archive.mark >= MEASURED, archive.mean, np.float32(np.nan))
        for other in train.without:
            learned[other.first : other.end] = np.nan
        self.scales = Scales.of(learned[train.first : train.end], 24 * builder.spec.hour)

    def judge(
        self, model: Forecaster, uncalibrated: Forecaster, baselines: Mapping[str, Forecaster]
    ) -> Judged:
        """Compare all forecasters on the same forecasts."""
        dataset, levels = self._dataset, self._how.levels
        everyone = {MODEL: model, **baselines}
        pairs = self._pairs(dataset.split.test, self._how.most_samples)
        verified = self._verify(pairs, {**everyone, _RAW: uncalibrated})
        raw = verified.pop(_RAW)
        test = table(verified, self.scales)
        own = verified[MODEL]
        best, worst = self._days(own, model)
        near_zero = test[MODEL]["mape"] is None
        return Judged(
            DataScores(
                title=dataset.title,
                source=dataset.source,
                licence=dataset.licence,
                digest=dataset.digest,
                series=len(dataset.archive.series),
                step_minutes=dataset.archive.step_minutes,
                split=self.split,
                samples=len(own),
                leads_minutes=tuple(own.ends_minutes.tolist()),
                levels=levels,
                error="nmae" if near_zero else "mape",
                test=test,
                by_lead={
                    name: {key: tuple(value) for key, value in by_lead.items()}
                    for name, forecasts in verified.items()
                    for by_lead in [scores_by_lead(forecasts, self.scales)]
                },
                by={
                    by.value: {
                        name: breakdown(forecasts, self.scales, by)
                        for name, forecasts in verified.items()
                    }
                    for by in (GroupBy.HOUR, GroupBy.WEEKDAY, GroupBy.MONTH)
                },
                by_series=self._by_series(own),
                reliability=Reliability(
                    levels=levels, before=_shares_below(raw), after=_shares_below(own)
                ),
                versus=self._versus(verified),
                faults=self._faults(everyone, test),
                uncalibrated=score(raw, self.scales),
            ),
            best,
            worst,
        )

    @property
    def title(self) -> str:
        """The file's title."""
        return self._dataset.title

    @property
    def split(self) -> dict[str, TimeSpan]:
        """The split of the file's time."""
        return {name: self._span(getattr(self._dataset.split, name)) for name in _PARTS}

    def fit_baseline(self, name: str, seed: int, threads: int) -> Baseline:
        """Fit a baseline on the network's training data."""
        spec, levels = self._builder.spec, self._how.levels
        make = BASELINES[name]
        if make is LightGbm:
            return LightGbm(spec, levels, seed=seed, threads=threads).fit(*self._lessons)
        return make(spec, levels).fit(*self._lessons)

    @cached_property
    def _lessons(self) -> tuple[EvaluationSamples, EvaluationSamples]:
        split, most = self._dataset.split, self._how.most_samples
        train = self._samples(self._pairs(split.train, most))
        return train, self._samples(self._pairs(split.validation, most // 4))

    def _pairs(self, part: Part, most: int) -> Pairs:
        archive, minutes = self._dataset.archive, 60 * self._how.every_hours
        pairs = pairs_of(archive, self._builder, part, minutes).thinned(most)
        if not len(pairs):
            raise UserError(
                f"{self._dataset.title}: no forecast can be judged from slot {part.first} to"
                f" {part.end}: too little was measured"
            )
        return pairs

    def _samples(self, pairs: Pairs) -> EvaluationSamples:
        return samples_of(self._dataset.archive, self._builder, pairs)

    def _verify(
        self, pairs: Pairs, forecasters: Mapping[str, Forecaster]
    ) -> dict[str, VerifiedForecasts]:
        archive, levels = self._dataset.archive, self._how.levels
        return verify(forecasters, levels, archive, self._builder, pairs)

    def _span(self, part: Part) -> TimeSpan:
        first, end = self._dataset.span_ms(part)
        return TimeSpan(
            first=utc_time(first),
            end=utc_time(end),
            first_slot=part.first,
            end_slot=part.end,
            without=tuple((gap.first, gap.end) for gap in part.without),
        )

    def _by_series(self, own: VerifiedForecasts) -> tuple[SeriesScores, ...]:
        scores_by_row = scores_by(own, self.scales, own.row[:, None])
        sizes = self.scales.size
        return tuple(
            SeriesScores(
                series=own.series[row].series,
                size_kw=float(sizes[row]) if np.isfinite(sizes[row]) else None,
                scores=scores,
            )
            for row, scores in scores_by_row.items()
        )

    def _versus(self, verified: Mapping[str, VerifiedForecasts]) -> dict[str, BaselineComparison]:
        """Compare the model with each baseline by the pinball loss at the same origins."""
        own = verified[MODEL]
        origins, first = own.of_origins(_loss(own))
        if len(origins) < 2:
            return {}
        horizon_ms = self._builder.spec.horizon_hours * HOUR_MS
        overlap = max(1, -(-horizon_ms // int(origins[1] - origins[0])))
        compared = {}
        for name, other in verified.items():
            if name == MODEL:
                continue
            _, second = other.of_origins(_loss(other))
            comparison = diebold_mariano(first, second, overlap)
            if comparison is not None:
                compared[name] = BaselineComparison(
                    difference=comparison.difference,
                    p_value=comparison.p_value,
                    verdict=comparison.verdict,
                )
        return compared

    def _faults(
        self, everyone: Mapping[str, Forecaster], test: Mapping[str, Mapping[str, float | None]]
    ) -> tuple[FitProblem, ...]:
        """Detect over- and underfitting from the losses of the three parts."""
        if REFERENCE not in everyone:
            return ()
        losses = {name: {"test": scores["pinball"]} for name, scores in test.items()}
        for part in ("train", "validation"):
            pairs = self._pairs(getattr(self._dataset.split, part), self._how.most_samples // 4)
            for name, forecasts in self._verify(pairs, everyone).items():
                losses[name][part] = pinball(forecasts.truth, forecasts.quantiles, forecasts.levels)
        errors = {
            name: PartErrors(*(_or_inf(part_losses[part]) for part in _PARTS))
            for name, part_losses in losses.items()
        }
        # Trees memorise their training data: their low loss there is no evidence against the model.
        if "lightgbm" in errors:
            trees = errors["lightgbm"]
            errors["lightgbm"] = PartErrors(math.inf, trees.validation, trees.test)
        model, reference = errors.pop(MODEL), errors.pop(REFERENCE)
        flags = judge_fit(model, reference, errors)
        return tuple(FitProblem(fault=flag.fault.value, reason=flag.reason) for flag in flags)

    def _days(self, own: VerifiedForecasts, model: Forecaster) -> tuple[Day | None, Day | None]:
        """Return the forecasts with the least and greatest error, recomputed for every slot."""
        whole = np.isfinite(own.truth).all(axis=1)
        size = np.abs(own.truth).mean(axis=1)
        off = np.abs(own.truth - own.median).mean(axis=1)
        share = np.divide(off, size, out=np.full(len(off), np.nan), where=whole & (size > 0))
        if not np.isfinite(share).any():
            return None, None
        return (
            self._day(own, int(np.nanargmin(share)), model),
            self._day(own, int(np.nanargmax(share)), model),
        )

    def _day(self, own: VerifiedForecasts, which: int, model: Forecaster) -> Day:
        archive = self._dataset.archive
        slot = (own.origin_ms[which] - archive.start_ms) // archive.step_ms
        pair = Pairs(np.array([slot]), np.array([own.row[which]]))
        samples = self._samples(pair)
        error = np.abs(own.truth[which] - own.median[which]).mean()
        return Day(
            series=archive.series[int(own.row[which])],
            origin_ms=int(own.origin_ms[which]),
            step_ms=archive.step_ms,
            levels=own.levels,
            quantiles=model.forecast(samples.inputs)[0],
            truth=samples.truth[0],
            error=float(100 * error / np.abs(own.truth[which]).mean()),
        )


def _loss(verified: VerifiedForecasts) -> NDArray[np.floating]:
    return pinball_of(verified.truth, verified.quantiles, verified.levels)


def _shares_below(verified: VerifiedForecasts) -> tuple[float, ...]:
    measured = np.isfinite(verified.truth)
    below = verified.truth[measured][:, None] < verified.quantiles[measured]
    return tuple(below.mean(axis=0).tolist())


def _or_inf(value: float | None) -> float:
    return math.inf if value is None else value
