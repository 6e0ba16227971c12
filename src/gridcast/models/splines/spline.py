"""The cubic smoothing spline with a weight per slot, for very many windows at once."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gridcast.units import Doubles

CHUNK = 3072
"""Windows solved at a time: enough to amortise a NumPy call, few enough for the cache."""


@dataclass(frozen=True, slots=True)
class _Factors:
    """LU factors of the banded system; one column per window, or one for all of them."""

    low: Doubles
    pivot: Doubles
    """Inverse of the pivot, which is also the second upper band."""
    up: Doubles


class Spline:
    """Natural cubic smoothing spline on equidistant slots, exact where weights are zero.

    It minimises ``sum(w * (y - g)**2) + lam * integral(g''**2)`` with the slot as the unit of
    time, as `scipy.interpolate.make_smoothing_spline` does, for every column of `value` by itself.

    With B-spline coefficients ``c``, ``g = B c`` and the second derivatives at the slots are
    ``D c``. The minimum is where ``W (y - g) = lam Q (D c)`` with ``Q = D'``: five bands
    ``W B + lam Q D``, in which a weight of zero is just a number. Nothing but elementwise
    arithmetic is done, slot after slot, so that a window's result has the same bits whatever other
    windows stand beside it.

    Parameters
    ----------
    slots
        Length of a window, at least 5.
    lam
        Smoothness, in slots cubed: 0.1 follows the readings, 1000 shows the shape of a day only.

    Examples
    --------
    >>> import numpy as np
    >>> line = np.arange(6.0)[:, None]
    >>> weight = np.array([1, 1, 0, 0, 1, 1.0])[:, None]
    >>> Spline(6, lam=1.0).smooth(line * weight, weight)[:, 0].round(9)
    array([0., 1., 2., 3., 4., 5.])

    References
    ----------
    C. H. Reinsch, "Smoothing by spline functions", Numerische Mathematik 10 (1967).
    """

    def __init__(self, slots: int, lam: float) -> None:
        if slots < 5:
            raise ValueError(f"a spline needs at least 5 slots, not {slots}")
        if not (np.isfinite(lam) and lam > 0):
            raise ValueError(f"lam must be a positive number, not {lam}")
        self.slots = slots
        self.lam = lam
        self._bands = _penalty_bands(slots)
        self._complete = self._factorise(np.ones((slots, 1)))

    def smooth(
        self,
        value: npt.NDArray[np.floating],
        weight: Doubles | None = None,
        out: npt.NDArray[np.floating] | None = None,
    ) -> npt.NDArray[np.floating]:
        """Smooth windows, one a column; without `weight` every slot weighs 1.

        `value` must be finite everywhere, also where the weight is zero, and every window needs
        two slots with a weight.
        """
        if value.shape[0] != self.slots:
            raise ValueError(f"windows of {self.slots} slots expected, not {value.shape[0]}")
        if out is None:
            out = np.empty(value.shape)
        for first in range(0, value.shape[1], CHUNK):
            part = slice(first, first + CHUNK)
            if weight is None:
                pull = np.multiply(value[:, part], 1.0 / self.lam, dtype=np.float64)
                factors = self._complete
            else:
                pull = weight[:, part] * (1.0 / self.lam)
                pull *= value[:, part]
                factors = self._factorise(weight[:, part])
            _evaluate(_solve(factors, pull), out[:, part])
        return out

    def _factorise(self, weight: Doubles) -> _Factors:
        """Eliminate downwards. In the classic names: L has `low` and 1, U has 1, `up`, `pivot`."""
        low, pivot, up = (np.empty(weight.shape) for _ in range(3))
        last = self.slots - 1
        pull, scratch = np.empty(weight.shape[1]), np.empty(weight.shape[1])
        for i, (before, here, after) in enumerate(self._bands):
            at_end = i in (0, last)
            # A row of B is (1, 4, 1) / 6 inside, and (0, 6, 0) / 6 at the ends of the window.
            np.multiply(weight[i], 1.0 / (6.0 * self.lam), out=pull)
            np.multiply(pull, 6.0 if at_end else 4.0, out=pivot[i])
            pivot[i] += here
            if at_end:
                low[i], up[i] = before, after
            else:
                np.add(pull, before, out=low[i])
                np.add(pull, after, out=up[i])
            if i >= 2:
                low[i] -= up[i - 2]
                pivot[i] -= pivot[i - 2]
            if i >= 1:
                np.multiply(low[i], up[i - 1], out=scratch)
                pivot[i] -= scratch
                np.multiply(low[i], pivot[i - 1], out=scratch)
                up[i] -= scratch
            np.divide(1.0, pivot[i], out=pivot[i])
            up[i] *= pivot[i]
        return _Factors(low, pivot, up)


def _penalty_bands(slots: int) -> list[tuple[float, float, float]]:
    """Return the three inner bands of ``Q D``, row by row; the outer two are 1 throughout."""
    inner = [(-4.0, 6.0, -4.0)] * (slots - 4)
    return [(0.0, 1.0, -2.0), (-2.0, 5.0, -4.0), *inner, (-4.0, 5.0, -2.0), (-2.0, 1.0, 0.0)]


def _solve(factors: _Factors, pull: Doubles) -> Doubles:
    """Solve for the coefficients, in place of `pull`."""
    low, pivot, up = factors.low, factors.pivot, factors.up
    scratch = np.empty(pull.shape[1])
    slots = len(pull)
    for i in range(slots):
        if i >= 2:
            pull[i] -= pull[i - 2]
        if i >= 1:
            np.multiply(low[i], pull[i - 1], out=scratch)
            pull[i] -= scratch
        pull[i] *= pivot[i]
    for i in range(slots - 2, -1, -1):
        np.multiply(up[i], pull[i + 1], out=scratch)
        pull[i] -= scratch
        if i + 2 < slots:
            np.multiply(pivot[i], pull[i + 2], out=scratch)
            pull[i] -= scratch
    return pull


def _evaluate(coefficients: Doubles, out: npt.NDArray[np.floating]) -> None:
    scratch = np.empty(coefficients.shape[1])
    out[0], out[-1] = coefficients[0], coefficients[-1]
    for i in range(1, len(coefficients) - 1):
        np.multiply(coefficients[i], 4.0, out=scratch)
        scratch += coefficients[i - 1]
        scratch += coefficients[i + 1]
        scratch *= 1.0 / 6.0
        out[i] = scratch
