"""Prepare a training from files that were read."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from gridcast.learning.history import History
from gridcast.learning.training.config import Config
from gridcast.learning.training.dataset import (
    Dataset,
    Source,
    listed,
    make_dataset,
    step_of,
)
from gridcast.models.features import FeatureBuilder, FeatureSpec
from gridcast.models.splines.crossvalidation import choose_lam
from gridcast.schemas.weather import VARIABLES
from gridcast.stream.errors import UserError
from gridcast.units import DAY_MS, HOUR_MS

_TWO_YEARS_MS = 730 * DAY_MS
_WINDOWS_FOR_LAM = 200
_LONGEST_FOR_LAM = 7 * 96
"""Maximum slots of a window for the choice of lam. lam counts in slots, so more adds little."""


@dataclass(frozen=True)
class Prepared:
    """Data by slot, and the feature specification."""

    datasets: tuple[Dataset, ...]
    spec: FeatureSpec
    builder: FeatureBuilder


def prepare(sources: Sequence[Source], config: Config) -> Prepared:
    """Lay the files out by slot, at one step."""
    step = step_of(sources, config)
    datasets = tuple(make_dataset(source, step, config) for source in sources)
    spec = features_of(config, datasets, _measured([source.history for source in sources]))
    return Prepared(datasets, spec, FeatureBuilder(spec))


def features_of(
    config: Config, datasets: Sequence[Dataset], measured: tuple[str, ...]
) -> FeatureSpec:
    """Return the feature specification, with automatic choices resolved from the data.

    `measured` are the weather variables that were measured.
    """
    chosen = config.features
    if chosen.operator and all(dataset.archive.operator is None for dataset in datasets):
        raise UserError("features.operator: no mapping names an [operator_forecast]")
    spans = [dataset.span_ms(dataset.split.train) for dataset in datasets]
    long = all(end - first >= _TWO_YEARS_MS for first, end in spans)
    if isinstance(chosen.weather, tuple) and (
        missing := [name for name in chosen.weather if name not in measured]
    ):
        raise UserError(f"features.weather: no station of the data measured {listed(missing)}")
    try:
        return FeatureSpec(
            step_minutes=cast("Any", datasets[0].archive.step_minutes),  # one of STEPS
            lookback_hours=chosen.lookback_hours,
            recent=chosen.recent,
            horizon_hours=chosen.horizon_hours,
            weather=measured if chosen.weather == "found" else chosen.weather,
            operator=chosen.operator,
            holidays=chosen.holidays,
            day_of_year=long if chosen.day_of_year == "auto" else chosen.day_of_year,
            static=chosen.static,
            lam=_lam(config, datasets),
        )
    except ValueError as error:
        raise UserError(f"features: {error}") from None


def _measured(histories: Sequence[History]) -> tuple[str, ...]:
    """Return the variables that the series' stations measured."""
    measured = np.zeros(len(VARIABLES), np.bool_)
    for history in histories:
        used = {series.station for series in history.series}
        for station, weather in history.weather.items():
            if station in used and len(weather):
                measured |= ~np.isnan(weather.value).all(axis=0)
    return tuple(name for name, any_of in zip(VARIABLES, measured, strict=True) if any_of)


def _lam(config: Config, datasets: Sequence[Dataset]) -> float:
    if config.features.lam == "off":
        return 0.0
    if config.features.lam != "gcv":
        return config.features.lam
    return lam_by_gcv(datasets, config.features.lookback_hours, config.training.seed)


def lam_by_gcv(datasets: Sequence[Dataset], lookback_hours: int, seed: int) -> float:
    """Choose lam by cross-validation from complete windows of the training parts.

    Returns 0 if there is none.
    """
    random = np.random.default_rng(seed)
    windows = []
    for dataset in datasets:
        archive, end = dataset.archive, dataset.split.train.end
        slots = min(lookback_hours * HOUR_MS // archive.step_ms, _LONGEST_FOR_LAM)
        tries = 10 * _WINDOWS_FOR_LAM // len(datasets)
        if end <= slots:
            continue
        at = random.integers(slots, end, tries)
        mean, _ = archive.cut(at, random.integers(0, len(archive.series), tries), slots)
        usable = np.isfinite(mean).all(axis=0) & (mean.std(axis=0) > 0)
        windows.append(mean[:, usable][:, : _WINDOWS_FOR_LAM // len(datasets)])
    chosen = [window for window in windows if window.shape[1]]
    if not chosen:
        return 0.0
    return choose_lam(np.concatenate(chosen, axis=1))
