"""Baseline forecasters: alternatives to a network, one per file, with a common interface.

Each is created for a `FeatureSpec` and quantile levels, learns with `fit`, and answers with
`forecast`. None sees more than a network's inputs.
"""

from gridcast.models.evaluation.baselines.baseline import Baseline
from gridcast.models.evaluation.baselines.lightgbm import LightGbm
from gridcast.models.evaluation.baselines.moving_average import MovingAverage
from gridcast.models.evaluation.baselines.persistence import Persistence
from gridcast.models.evaluation.baselines.ridge import Ridge
from gridcast.models.evaluation.baselines.seasonal_naive import SeasonalNaiveDay, SeasonalNaiveWeek

BASELINES: dict[str, type[Baseline]] = {
    "persistence": Persistence,
    "seasonal_naive_day": SeasonalNaiveDay,
    "seasonal_naive_week": SeasonalNaiveWeek,
    "moving_average": MovingAverage,
    "ridge": Ridge,
    "lightgbm": LightGbm,
}
"""Baselines by their names in configs and tables."""

__all__ = [
    "BASELINES",
    "Baseline",
    "LightGbm",
    "MovingAverage",
    "Persistence",
    "Ridge",
    "SeasonalNaiveDay",
    "SeasonalNaiveWeek",
]
