"""How near to the truth each forecaster is on one set, and how often its band holds it."""

from collections import defaultdict
from collections.abc import Callable
from unittest.mock import patch

import numpy as np

from gridcast.models.forecasters import Fallbacks, spikes
from gridcast.models.windows.marks import NOTHING, PLAIN
from rungs.sets import LoadSet

LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
MEDIAN = 2
DAYS, TRAIN, TEST = 8, 0.7, 0.2
LEADS = (1, 6, 24)
AT_ONCE = 2_000

Forecaster = Callable[[np.ndarray, int], np.ndarray]
"""Windows, slots down and one a column, and the slots of a day: quantiles for the day after."""


def rungs(window: np.ndarray, day: int) -> np.ndarray:
    """Forecast as a tick does: the highest rung that answers."""
    mark = np.where(np.isnan(window), NOTHING, PLAIN).astype(np.uint8)
    return Fallbacks(day, day, LEVELS).forecast(window, mark).quantiles


def only_newest(hours: int) -> Forecaster:
    """Forget all but the newest hours, so that the last level answers."""

    def forecast(window: np.ndarray, day: int) -> np.ndarray:
        window = window.copy()
        window[: -hours * day // 24] = np.nan
        return rungs(window, day)

    return forecast


def gappy(window: np.ndarray, day: int) -> np.ndarray:
    """Lose three slots of ten."""
    lost = np.random.default_rng(0).random(window.shape) < 0.3
    return rungs(np.where(lost, np.float32(np.nan), window), day)


def faulty(window: np.ndarray, day: int) -> np.ndarray:
    """Put two faulty slots into every window."""
    rng, window = np.random.default_rng(0), window.copy()
    for _ in range(2):
        slot = rng.integers(0, len(window), window.shape[1])
        factor = rng.choice([10, 30, -10], window.shape[1]).astype(np.float32)
        window[slot, np.arange(window.shape[1])] *= factor
    return rungs(window, day)


def faulty_not_cut(window: np.ndarray, day: int) -> np.ndarray:
    """See what the same faulty slots do where spikes stay."""
    with patch.object(spikes, "BEYOND", 1e9):
        return faulty(window, day)


def days_before(days: int) -> Forecaster:
    """Take the same hour some days before."""

    def forecast(window: np.ndarray, day: int) -> np.ndarray:
        start = len(window) - days * day
        return _point(window[start : start + day].T)

    return forecast


def held(window: np.ndarray, day: int) -> np.ndarray:
    """Hold the newest value."""
    return _point(np.repeat(window[-1:].T, day, axis=1))


def _point(value: np.ndarray) -> np.ndarray:
    return np.repeat(value[:, None], len(LEVELS), axis=1)


FORECASTERS: dict[str, Forecaster] = {
    "seasonal_profile": rungs,
    "week_naive": days_before(7),
    "day_naive": days_before(1),
    "held": held,
    "seasonal_30_percent_lost": gappy,
    "seasonal_2_faulty_slots": faulty,
    "the_same_not_cut": faulty_not_cut,
    "last_level_12_h_known": only_newest(12),
    "last_level_2_h_known": only_newest(2),
}
POINT = {"week_naive", "day_naive", "held"}
Scores = dict[str, float | None]


def accuracy(loads: LoadSet, most: int) -> dict[str, Scores]:
    """Score all forecasters on the same windows, at most so many of them."""
    day = 1440 // loads.step_minutes
    row, now = _origins(loads, day, most)
    return {
        name: _score(loads, forecaster, row, now) | ({"coverage_90": None} if name in POINT else {})
        for name, forecaster in FORECASTERS.items()
    }


def _origins(loads: LoadSet, day: int, most: int) -> tuple[np.ndarray, np.ndarray]:
    """Give series and first slot ahead: every hour of the newest fifth, evenly thinned out."""
    series, slots = loads.value.shape
    first = max(round(slots * (1 - TEST)), DAYS * day)
    starts = np.arange(first, slots - day + 1, day // 24)
    row, now = (part.ravel() for part in np.meshgrid(np.arange(series), starts, indexing="ij"))
    known = np.isfinite(loads.value[row, now - 1])  # of series that are there already, and still
    row, now = row[known], now[known]
    chosen = np.unique(np.linspace(0, len(row) - 1, most).round().astype(int))
    return row[chosen], now[chosen]


def _score(loads: LoadSet, forecaster: Forecaster, row: np.ndarray, now: np.ndarray) -> Scores:
    value, day = loads.value, 1440 // loads.step_minutes
    size = np.nanmean(np.abs(value), axis=1)
    old = value[:, : round(value.shape[1] * TRAIN)]
    naive = np.nanmean(np.abs(old[:, day:] - old[:, :-day]), axis=1)
    total: defaultdict[str, float] = defaultdict(float)
    count: defaultdict[str, int] = defaultdict(int)

    def add(name: str, scores: np.ndarray) -> None:
        found = scores[np.isfinite(scores)]
        total[name] += float(found.sum())
        count[name] += len(found)

    for first in range(0, len(row), AT_ONCE):
        rows, at = row[first : first + AT_ONCE, None], now[first : first + AT_ONCE, None]
        window = np.ascontiguousarray(value[rows, at + np.arange(-DAYS * day, 0)].T)
        truth = value[rows, at + np.arange(day)]
        quantiles = forecaster(window, day).astype(np.float64)
        error = np.abs(truth - quantiles[:, MEDIAN])
        if loads.far_from_zero:
            share = error / np.abs(truth)
            add("mape", share)
            for hours in LEADS:
                add(f"mape_{hours}h", share[:, hours * day // 24 - 1])
        add("nmae", error / size[rows])
        add("mase", error / naive[rows] / 100)
        off = truth[:, None] - quantiles
        level = np.array(LEVELS)[:, None]
        add("pinball", np.maximum(level * off, (level - 1) * off) / size[rows][:, None])
        inside = (truth >= quantiles[:, 0]) & (truth <= quantiles[:, -1])
        add("coverage_90", np.where(np.isfinite(error), inside, np.nan))
    names = [*(f"mape_{hours}h" for hours in LEADS), "mape", "nmae", "mase", "pinball"]
    return {
        name: 100 * total[name] / count[name] if count[name] else None
        for name in [*names, "coverage_90"]
    }
