"""Cross-validation of others: as many series, origins and steps ahead."""

import os
import warnings
from typing import Any

import numpy as np

from gridcast.stream.recording import Recording

LEVELS = (90, 80, 50)
"""Central intervals: with the median the same seven quantiles."""


def frame(recording: Recording, horizon: int) -> Any:
    """Give the readings as both libraries want them, and a horizon more to hold out."""
    import pandas as pd  # noqa: PLC0415 - it comes with the peers

    series = len(recording.series)
    value = recording.arrivals.value.reshape(-1, series)
    # What lies past the last origin is only held out: its values do not matter.
    value = np.concatenate([value[:-1], value[-horizon - 1 : -1]])
    time = pd.date_range("2025-01-01", periods=len(value), freq="15min")
    return pd.DataFrame(
        {
            "unique_id": np.repeat(recording.names, len(value)),
            "ds": np.tile(time, series),
            "y": value.T.ravel(),
        }
    )


def statsforecast_seasonal_naive(data: Any, origins: int, horizon: int, cores: int) -> int:
    """Cross-validate last day's load with its intervals; gives how many forecasts were made."""
    os.environ.setdefault("NIXTLA_ID_AS_COL", "1")
    from statsforecast import StatsForecast  # noqa: PLC0415
    from statsforecast.models import SeasonalNaive  # noqa: PLC0415

    made = StatsForecast([SeasonalNaive(season_length=96)], freq="15min", n_jobs=cores)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = made.cross_validation(
            df=data, h=horizon, n_windows=origins, step_size=1, level=list(LEVELS)
        )
    return len(found) // horizon


def mlforecast_lightgbm(data: Any, origins: int, horizon: int, cores: int) -> int:
    """Cross-validate one LightGBM of lags for all series, learned once; without quantiles."""
    import lightgbm  # noqa: PLC0415
    from mlforecast import MLForecast  # noqa: PLC0415

    model = lightgbm.LGBMRegressor(n_estimators=100, verbosity=-1, n_jobs=cores)
    made = MLForecast([model], freq="15min", lags=[1, 2, 4, 96, 192, 672], date_features=["hour"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = made.cross_validation(data, n_windows=origins, h=horizon, step_size=1, refit=False)
    return len(found) // horizon
