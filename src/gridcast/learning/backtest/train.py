"""Networks that are trained during a backtest, each on what was known before it is used."""

import hashlib
from collections.abc import Callable
from typing import cast

import numpy as np

from gridcast.learning.backtest.baselines import measured
from gridcast.learning.backtest.judge import archive_of
from gridcast.learning.backtest.plan import BacktestPlan
from gridcast.learning.training.config import Config
from gridcast.learning.training.contracts import contract_of
from gridcast.learning.training.dataset import Dataset
from gridcast.learning.training.learn import make_fitting
from gridcast.learning.training.prepare import Prepared, features_of
from gridcast.learning.training.provenance import Provenance
from gridcast.models.contract import Split as SplitOfContract
from gridcast.models.contract import TrainedOn
from gridcast.models.evaluation.splits import Part, hold_out
from gridcast.models.features import FeatureBuilder
from gridcast.models.training.export import export
from gridcast.stream.errors import UserError
from gridcast.stream.recording import Recording
from gridcast.units import DAY_MS, WEEK_MS, utc_time

Step = Callable[[int, int], None]
"""A callback with the number of steps done, and the total."""


def train_before(
    moment_ms: int,
    recording: Recording,
    plan: BacktestPlan,
    config: Config,
    *,
    name: str,
    step: Step,
) -> bytes:
    """Train a network on what was known at a time. Return the model file."""
    config = _fitted_to(plan, config)
    archive = archive_of(recording.known_by(moment_ms), plan)
    weeks = int(len(archive) * config.split.validation * archive.step_ms) // WEEK_MS
    stretches = max(1, min(config.split.stretches, weeks))
    dataset = Dataset(
        title=recording.title,
        source=recording.title,
        licence="as the data",
        file=recording.title,
        digest=hashlib.sha256(archive.mean.tobytes() + archive.mark.tobytes()).hexdigest(),
        archive=archive,
        split=hold_out(len(archive), config.split.validation, test=0, stretches=stretches),
    )
    spec = features_of(config, [dataset], measured(archive.weather))
    try:
        fitting = make_fitting(Prepared((dataset,), spec, FeatureBuilder(spec)), config)
    except UserError as error:
        days = len(archive) * archive.step_ms / DAY_MS
        raise UserError(
            f"--model train: before {utc_time(moment_ms):%Y-%m-%d %H:%M} there are {days:.3g} days"
            f" to learn from: {error}"
        ) from None
    for progress in fitting.run():
        step(progress.step, progress.steps)
    contract = contract_of(
        config,
        spec,
        Provenance.of_here(),
        model="trained",
        run=name,
        trained_on=(_trained_on(dataset),),
    )
    return export(fitting.forecaster, contract, calibrated=True)


def _fitted_to(plan: BacktestPlan, config: Config) -> Config:
    """Adapt the features to the forecasts that the backtest needs."""
    settings = plan.settings
    if settings.horizon_hours % 1:
        raise UserError("--model train needs a horizon of whole hours")
    features = config.features.model_copy(
        update={
            "step_minutes": settings.step_minutes,
            "horizon_hours": int(settings.horizon_hours),
        }
    )
    evaluation = config.evaluation.model_copy(update={"levels": settings.levels})
    return config.model_copy(update={"features": features, "evaluation": evaluation})


def _trained_on(dataset: Dataset) -> TrainedOn:
    archive, split = dataset.archive, dataset.split
    first, last = archive.begin_ms(np.array([0, len(archive) - 1])).tolist()
    spans = {
        name: tuple(map(utc_time, dataset.span_ms(cast("Part", getattr(split, name)))))
        for name in ("train", "validation", "test")
    }
    return TrainedOn(
        title=dataset.title,
        source=dataset.source,
        licence=dataset.licence,
        digest=dataset.digest,
        series=len(archive.series),
        first=utc_time(first),
        last=utc_time(last),
        split=SplitOfContract(**spans),
    )
