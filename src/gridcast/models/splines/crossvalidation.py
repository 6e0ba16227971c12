"""Choose the smoothness of a class of series by generalised cross-validation (GCV)."""

import numpy as np
import numpy.typing as npt
from scipy.linalg import eigh, solve_banded
from scipy.optimize import minimize_scalar

LEAST, MOST = 1e-3, 1e6
"""Bounds of lam, in slots cubed: beyond them nothing is smoothed, or nothing but a line is left."""


def choose_lam(windows: npt.NDArray[np.floating]) -> float:
    """Choose lam for series of one class from complete windows of theirs, one a column.

    The generalised cross-validation score ``n * RSS / (n - trace)**2`` is summed over the windows,
    each scaled by its own variance, so that a class's large series do not outvote its small ones.

    >>> import numpy as np
    >>> time = np.arange(96.0)[:, None]
    >>> noise = np.random.default_rng(1).normal(size=(96, 20))
    >>> day = 5 * np.sin(time / 96 * 2 * np.pi)
    >>> choose_lam(day + 0.01 * noise) < choose_lam(day + noise)
    True
    """
    windows = np.asarray(windows, np.float64)
    slots = len(windows)
    if windows.ndim != 2 or slots < 5 or not windows.shape[1]:
        raise ValueError("windows of at least 5 slots expected, one a column")
    if not np.isfinite(windows).all():
        raise ValueError("only complete windows can choose lam: leave those with gaps out")
    scale = windows.std(axis=0)
    windows = windows[:, scale > 0]
    if not windows.shape[1]:
        raise ValueError("all windows are constant: any lam will do")
    roughness, vectors = eigh(_penalty(slots))
    power = np.square(vectors.T @ (windows / scale[scale > 0])).sum(axis=1)

    def score(log_lam: float) -> float:
        stiff = np.exp(log_lam) * np.maximum(roughness, 0.0)
        removed = stiff / (1.0 + stiff)
        return float(slots * (power * removed**2).sum() / removed.sum() ** 2)

    # The score may have several valleys: the best of a coarse walk is refined.
    walk = np.linspace(np.log(LEAST), np.log(MOST), 64)
    best = int(np.argmin([score(point) for point in walk]))
    bounds = (walk[max(0, best - 1)], walk[min(len(walk) - 1, best + 1)])
    optimum = minimize_scalar(score, bounds=bounds, method="bounded", options={"xatol": 1e-6})
    return float(np.exp(optimum.x))


def _penalty(slots: int) -> npt.NDArray[np.float64]:
    """Return the matrix of ``integral(g''**2)`` over the values of a natural cubic spline."""
    second = np.diff(np.eye(slots), 2, axis=0)
    inner = slots - 2
    bands = np.full((3, inner), 1.0 / 6.0)
    bands[1] = 2.0 / 3.0
    penalty: npt.NDArray[np.float64] = second.T @ solve_banded((1, 1), bands, second)
    return (penalty + penalty.T) / 2.0
