"""Networks that are trained on the way, each on what was known before it is taken into use."""

import hashlib
from collections.abc import Callable
from typing import cast

import numpy as np

from gridcast.models.contract import Split as SplitOfContract
from gridcast.models.contract import TrainedOn
from gridcast.models.evaluation.splits import Part, hold_out
from gridcast.models.features import FeatureBuilder
from gridcast.models.training.export import export
from gridcast.stream.backtest.baselines import measured
from gridcast.stream.backtest.judge import archive_of
from gridcast.stream.backtest.plan import Plan
from gridcast.stream.errors import UserError
from gridcast.stream.history.times import DAY_MS, instant
from gridcast.stream.recording import Recording
from gridcast.stream.training.config import Config
from gridcast.stream.training.contracts import contract_of
from gridcast.stream.training.dataset import WEEK_MS, Dataset
from gridcast.stream.training.learn import make_fitting
from gridcast.stream.training.prepare import Prepared, features_of
from gridcast.stream.training.provenance import Provenance

Step = Callable[[int, int], None]
"""Is told of each step: how many are done, of how many."""


def train_before(
    moment_ms: int, recording: Recording, plan: Plan, config: Config, *, name: str, step: Step
) -> bytes:
    """Train a network on what was known at a moment; gives the model file."""
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
            f"--model train: before {instant(moment_ms):%Y-%m-%d %H:%M} there are {days:.3g} days"
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


def _fitted_to(plan: Plan, config: Config) -> Config:
    """Let it forecast what the backtest asks for."""
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
        name: tuple(map(instant, dataset.span_ms(cast("Part", getattr(split, name)))))
        for name in ("train", "validation", "test")
    }
    return TrainedOn(
        title=dataset.title,
        source=dataset.source,
        licence=dataset.licence,
        digest=dataset.digest,
        series=len(archive.series),
        first=instant(first),
        last=instant(last),
        split=SplitOfContract(**spans),
    )
