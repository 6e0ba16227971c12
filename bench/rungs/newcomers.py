"""Series that were heard for a few hours only, among others that have a past."""

from collections import defaultdict

import numpy as np

from gridcast.models.forecasters import Fallbacks
from gridcast.models.forecasters.population import FEWEST, MOST, like_others, widen
from gridcast.models.windows.marks import NOTHING, PLAIN
from rungs.accuracy import DAYS, LEVELS, MEDIAN
from rungs.sets import LoadSet

HOURS = (1, 3, 6, 12)
WHOLE = 0.9
"""Of a window that makes a series one of the others."""


def newcomers(one: LoadSet, origins: int) -> dict[str, dict[str, float]]:
    """Forecast each series as if it were new; give nMAE, pinball and coverage, per cent.

    All others keep their past. By hours known: held at its last level, and like the others.
    """
    day = 1440 // one.step_minutes
    fallbacks, rng = Fallbacks(day, day, LEVELS), np.random.default_rng(0)
    load = one.value[: MOST + 1].T
    found: dict[str, list[tuple[float, ...]]] = defaultdict(list)
    for origin in rng.integers(DAYS * day, len(load) - day, origins).tolist():
        window, truth = load[origin - DAYS * day : origin], load[origin : origin + day]
        known = np.isfinite(window).mean(axis=0) > WHOLE
        columns = np.flatnonzero(known & np.isfinite(truth).all(axis=0))
        if len(columns) <= FEWEST:
            continue
        window, truth = window[:, columns], truth[:, columns].T
        expected = fallbacks.forecast(window, _marks(window)).quantiles
        for hours in HOURS:
            new = window.copy()
            new[: -hours * day // 24] = np.nan
            held = fallbacks.forecast(new, _marks(new)).quantiles
            like = np.stack(
                [
                    _like(row, window[-day:].T, new[-day:].T, expected, held)
                    for row in range(len(new.T))
                ]
            )
            found[f"held_{hours}_h"].append(_scores(held, truth))
            found[f"like_others_{hours}_h"].append(_scores(like, truth))
    names = ("nmae", "pinball", "coverage_90")
    return {
        name: dict(zip(names, np.mean(scores, axis=0).tolist(), strict=True))
        for name, scores in found.items()
    }


def _like(
    row: int, load: np.ndarray, new: np.ndarray, expected: np.ndarray, held: np.ndarray
) -> np.ndarray:
    others = np.arange(len(load)) != row
    own = (new[[row]], np.isfinite(new[[row]]))
    rest = (load[others], np.isfinite(load[others]))
    found, cannot = like_others(own, rest, expected[others])
    return held[row] if cannot[0] else widen(found, held[[row]], MEDIAN)[0]


def _marks(window: np.ndarray) -> np.ndarray:
    return np.where(np.isnan(window), NOTHING, PLAIN).astype(np.uint8)


def _scores(quantiles: np.ndarray, truth: np.ndarray) -> tuple[float, float, float]:
    size, off = np.abs(truth).mean(), truth[:, None] - quantiles
    level = np.array(LEVELS)[:, None]
    pinball = 2 * np.maximum(level * off, (level - 1) * off).mean()
    inside = (truth >= quantiles[:, 0]) & (truth <= quantiles[:, -1])
    return (
        100 * float(np.abs(off[:, MEDIAN]).mean() / size),
        100 * float(pinball / size),
        100 * float(inside.mean()),
    )
