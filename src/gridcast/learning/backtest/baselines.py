"""The baselines: fitted before the first tick, and again at given times."""

from collections.abc import Sequence
from importlib.util import find_spec
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from gridcast.learning.backtest.judge import BacktestJudge, archive_of
from gridcast.learning.backtest.plan import BacktestPlan
from gridcast.learning.backtest.walk import PartitionForecasts
from gridcast.models.archive import Archive
from gridcast.models.evaluation.baselines import BASELINES, Baseline, LightGbm
from gridcast.models.evaluation.samples import Pairs, pairs_of, samples_of, verify
from gridcast.models.evaluation.splits import Part
from gridcast.models.features import FeatureBuilder, FeatureSpec
from gridcast.models.weather import Weather
from gridcast.schemas.weather import VARIABLES
from gridcast.stream.errors import UserError
from gridcast.stream.recording import Recording

LEARNED_FROM = 20_000
"""Maximum number of samples for fitting a baseline."""
VALIDATION = 0.15
"""Newest share of the time before a fit that decides when to stop it."""
LEARNERS = {"ridge", "lightgbm"}
"""Baselines that learn more than the size of their errors."""
_LIBRARY = {"lightgbm": "lightgbm"}


def choose(wanted: str) -> list[str]:
    """Parse the flag: all installed, none, or comma-separated names."""
    if wanted == "none":
        return []
    if wanted == "all":
        return [name for name in BASELINES if find_spec(_LIBRARY.get(name, "numpy"))]
    names = [name.strip() for name in wanted.split(",") if name.strip()]
    for name in names:
        if name not in BASELINES:
            raise UserError(f"--baselines: all, none, or of {', '.join(BASELINES)}; not {name!r}")
        if not find_spec(_LIBRARY.get(name, "numpy")):
            raise UserError(f"--baselines: {name} needs more: pip install 'gridcast[train]'")
    return names


def walk_baselines(
    judge: BacktestJudge,
    recording: Recording,
    names: Sequence[str],
    likes: Sequence[PartitionForecasts],
    moments: Sequence[int],
) -> list[PartitionForecasts]:
    """Return the baselines' forecasts where a model made one."""
    plan, archive = judge.plan, judge.archive
    builder = _builder(judge)
    walks: list[PartitionForecasts] = []
    for first_ms, end_ms in pairwise([plan.from_ms, *moments, plan.to_ms]):
        fitted = _fit(archive_of(recording.known_by(first_ms), plan), builder, names, plan)
        for like in likes:
            here = np.flatnonzero((like.origin_ms >= first_ms) & (like.origin_ms < end_ms))
            slot = (like.origin_ms[here] - archive.start_ms) // archive.step_ms
            pairs = Pairs(slot, like.row[here].astype(np.int64))
            if not len(pairs):
                continue
            answers = verify(fitted, plan.settings.levels, archive, builder, pairs)
            for name, forecasts in answers.items():
                rungs = np.full(len(forecasts), name)
                row, quantiles = (
                    forecasts.row.astype(np.int32),
                    forecasts.quantiles.astype(np.float32),
                )
                walks.append(
                    PartitionForecasts(
                        name, row, forecasts.origin_ms, quantiles, rungs, len(forecasts)
                    )
                )
    return walks


def check_enough(judge: BacktestJudge) -> None:
    """Raise an error before any work if there is too little to fit the baselines."""
    archive, before_ms = judge.archive, judge.plan.from_ms
    end = max(0, (before_ms - archive.start_ms) // archive.step_ms)
    _lessons(archive, _builder(judge), end)


def _builder(judge: BacktestJudge) -> FeatureBuilder:
    """Return the inputs of the baselines: those of a network without the season."""
    plan, archive = judge.plan, judge.archive
    if plan.settings.horizon_hours % 1:
        raise UserError("baselines need a horizon of whole hours: --baselines none")
    spec = FeatureSpec(
        step_minutes=archive.step_minutes,  # type: ignore[arg-type]  # one of STEPS
        horizon_hours=int(plan.settings.horizon_hours),
        weather=measured(archive.weather),
        day_of_year=False,
    )
    return FeatureBuilder(spec)


def _fit(
    known: Archive, builder: FeatureBuilder, names: Sequence[str], plan: BacktestPlan
) -> dict[str, Baseline]:
    """Fit all baselines on what is known."""
    levels = plan.settings.levels
    train, validation = (
        samples_of(known, builder, pairs) for pairs in _lessons(known, builder, len(known))
    )
    fitted = {}
    for name in names:
        make = BASELINES[name]
        pairs = LightGbm(builder.spec, levels) if make is LightGbm else make(builder.spec, levels)
        fitted[name] = pairs.fit(train, validation)
    return fitted


def _lessons(known: Archive, builder: FeatureBuilder, end: int) -> list[Pairs]:
    """Return the pairs for fitting before a slot, and those for validation."""
    checked = max(round(end * VALIDATION), builder.spec.horizon + 1)
    parts = (Part(0, max(0, end - checked)), Part(max(0, end - checked), end))
    most = (LEARNED_FROM, LEARNED_FROM // 4)
    pairs = [
        pairs_of(known, builder, part).thinned(count)
        for part, count in zip(parts, most, strict=True)
    ]
    if not all(map(len, pairs)):
        raise UserError(
            "baselines learn from what came before --from, and there is too little of it: begin"
            " two weeks later, or say --baselines none"
        )
    return pairs


def measured(weather: Weather | None) -> tuple[str, ...]:
    """Return the variables that some station measured."""
    is_measured: npt.NDArray[np.bool_] = np.zeros(len(VARIABLES), np.bool_)
    for station in weather.stations().values() if weather is not None else ():
        values = station.observations.rows()[2]
        if len(values):
            is_measured |= ~np.isnan(values[:, : len(VARIABLES)]).all(axis=0)
    return tuple(name for name, is_one in zip(VARIABLES, is_measured, strict=True) if is_one)
