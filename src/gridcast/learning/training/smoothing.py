"""The effect of lam on one window, and on the error of a cheap proxy forecaster."""

from dataclasses import replace

import numpy as np

from gridcast.learning.training.config import Config
from gridcast.learning.training.dataset import Dataset
from gridcast.learning.training.judge import TrainingJudge
from gridcast.learning.training.prepare import lam_by_gcv
from gridcast.learning.training.report.pictures import Window
from gridcast.learning.training.results import Lambda, LambdaEffect
from gridcast.models.evaluation.baselines import Ridge
from gridcast.models.evaluation.samples import EvaluationSamples, pairs_of, samples_of, verify
from gridcast.models.evaluation.score import score
from gridcast.models.evaluation.splits import Part
from gridcast.models.features import FeatureBuilder, FeatureSpec
from gridcast.models.windows.marks import NOTHING

FIXED = 1.0
"""The fixed lam to compare with, slots cubed, unless another is configured."""
_TRAIN, _OTHERS = 4_000, 1_500
"""Samples of the proxy."""
_SHOWN_HOURS = 72


def lambdas(config: Config, dataset: Dataset) -> dict[str, float]:
    """Return the lams to compare, by name."""
    chosen = config.features.lam
    fixed = chosen if isinstance(chosen, float) else FIXED
    gcv = lam_by_gcv([dataset], config.features.lookback_hours, config.training.seed)
    return {"off": 0.0, f"{fixed:g}": fixed, f"gcv ({gcv:.3g})": gcv}


def measure(
    config: Config, dataset: Dataset, spec: FeatureSpec, judge: TrainingJudge
) -> LambdaEffect:
    """Fit the ridge baseline with each lam, and score it on the test part."""
    levels = config.evaluation.levels
    effects = []
    for name, lam in lambdas(config, dataset).items():
        builder = FeatureBuilder(replace(spec, lam=lam))
        train = _samples(dataset, builder, dataset.split.train, _TRAIN)
        validation = _samples(dataset, builder, dataset.split.validation, _OTHERS)
        ridge = Ridge(builder.spec, levels).fit(train, validation)
        pairs = pairs_of(dataset.archive, builder, dataset.split.test).thinned(_OTHERS)
        verified = verify({"ridge": ridge}, levels, dataset.archive, builder, pairs)["ridge"]
        effects.append(Lambda(name=name, lam=lam, scores=score(verified, judge.scales)))
    proxy = f"the ridge baseline, fitted on up to {_TRAIN:,} samples, {_OTHERS:,} forecasts judged"
    return LambdaEffect(proxy=proxy, data=dataset.title, found=tuple(effects))


def _samples(dataset: Dataset, builder: FeatureBuilder, part: Part, most: int) -> EvaluationSamples:
    pairs = pairs_of(dataset.archive, builder, part).thinned(most)
    return samples_of(dataset.archive, builder, pairs)


def window_of(config: Config, dataset: Dataset, spec: FeatureSpec) -> Window | None:
    """Return the newest days raw and with each lam, of the first series that has them."""
    archive, end = dataset.archive, np.array([dataset.split.test.end])
    for row in range(len(archive.series)):
        shown = min(spec.slots, _SHOWN_HOURS * spec.hour)
        smoothed = {}
        for name, lam in lambdas(config, dataset).items():
            builder = FeatureBuilder(replace(spec, lam=lam))
            inputs, usable = builder.sample(archive, end, np.array([row]))
            if usable[0]:
                smoothed[name] = inputs.load[0, -shown:]
        if smoothed:
            mean, mark = archive.cut(end, row, shown)
            return Window(
                series=archive.series[row],
                end_ms=int(archive.begin_ms(end)[0]),
                step_ms=archive.step_ms,
                mean=mean[:, 0],
                smoothed=smoothed,
                filled=mark[:, 0] == NOTHING,
            )
    return None
