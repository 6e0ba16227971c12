"""What is learned of the quantiles of each series, rung, level and horizon band."""

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from gridcast.models.bands import Bands
from gridcast.models.records import Record, RecordKind, decode, key_of
from gridcast.units import Floats

Rows = npt.NDArray[np.intp]

UNIT = 4_000
"""Moves are whole numbers of this part of a fan's width: learned again, they are the same."""
FASTEST = 0.06
"""How many widths an outermost quantile moves at most when the load comes out beyond it."""
SLOWEST = 0.02
"""The middle moves at this share of that: it is to lose a bias, not to run after what came."""
FURTHEST = UNIT
"""A quantile moves no further than a fan's width: an outage or a fault may not blow it up."""
FINEST = 1_000
"""Levels are told to so many parts."""

_BANDS = 16
"""Numbers of records: the rung's, times this, and the band's."""


class Calibration:
    """Online quantile tracking, as in conformal P control.

    After each slot every quantile that had been issued for it is moved: up by a share τ of a step
    if the load came out above, down by 1 - τ of it if below. In the long run the load is below it
    a share τ of the time, whatever the forecaster and however the load drifts, for only then it
    stays where it is. What is judged is the quantile as it was issued: one that is moved after the
    fact would look better than what was published.

    Steps are measured in the fan's own width at that moment, so a quantile that was moved by night
    is right by day. They do not depend on how far off the load was: a faulty reading of a million
    kW moves a fan no further than one just beyond it. Each rung has moves of its own. A series
    seen for the first time has none.

    Parameters
    ----------
    bands
        Of the horizon.
    levels
        Probabilities of the quantiles, rising.

    Examples
    --------
    A forecaster that is too sure learns that it is: half of what comes lies outside its fan.

    >>> import numpy as np
    >>> calibration = Calibration(Bands(60, 24), (0.05, 0.5, 0.95))
    >>> raw, row = np.array([[9.0, 10.0, 11.0]], np.float32), np.zeros(1, np.intp)
    >>> for load in [10.2, 11.7, 9.6, 8.5] * 100:
    ...     moved = raw + 2 * calibration.shift(row, 0)[:, :, 0]
    ...     calibration.learn(row, raw, moved, np.array([load]), rung=0, band=0)
    >>> moved.round(1)
    array([[ 8.5, 10. , 11.7]], dtype=float32)

    References
    ----------
    I. Gibbs, E. Candès: Adaptive Conformal Inference Under Distribution Shift, 2021.
    A. Angelopoulos, E. Candès, R. Tibshirani: Conformal PID Control for Time Series Prediction,
    2023.
    """

    def __init__(self, bands: Bands, levels: Sequence[float]) -> None:
        self.bands, self.levels = bands, tuple(levels)
        level = np.asarray(levels, np.float64)
        speed = FASTEST * np.maximum((2 * level - 1) ** 2, SLOWEST) * UNIT
        # Moves up and down are both whole units if a step is a multiple of the level's divisor.
        whole = np.array([Fraction(one).limit_denominator(FINEST).denominator for one in levels])
        step = np.maximum(np.rint(np.outer(bands.weight, speed) / whole), 1) * whole
        self._up = np.rint(level * step).astype(np.int32)
        self._down = np.rint((1 - level) * step).astype(np.int32)
        """[bands, levels]."""
        self._moves: dict[int, npt.NDArray[np.int16]] = {}
        """By rung: [series, levels, bands]."""
        self._changed: set[tuple[int, int]] = set()
        self.edition = 0
        """While this is what it was, nothing was learned and nobody moved."""

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return sum(moves.nbytes for moves in self._moves.values())

    def shift(self, rows: Rows, rung: npt.NDArray[np.integer] | int) -> Floats:
        """Give what was learned of some series, in widths of a fan: [series, levels, bands].

        `rung` is who answered, for each or for all, by its place in `Rung`.
        """
        shift = np.zeros((len(rows), len(self.levels), len(self.bands)), np.float32)
        of = np.broadcast_to(np.asarray(rung), (len(rows),))
        for number, moves in self._moves.items():
            here = np.flatnonzero((of == number) & (rows < len(moves)))
            if len(here):
                shift[here] = moves[rows[here]]
        shift /= np.float32(UNIT)
        return shift

    def learn(
        self,
        rows: Rows,
        raw: Floats,
        issued: Floats,
        actual: npt.NDArray[np.floating],
        *,
        rung: int,
        band: int,
    ) -> None:
        """Learn from what came, kW: [series]; quantiles are [series, levels]. No row comes twice.

        A quantile that was met exactly proves nothing: a load that is often zero is no reason to
        go below zero. Nor does a load that was not measured (not a number), nor a fan without
        width, which no move would change.
        """
        if not len(rows):
            return
        moves = self._moves_of(rung, int(rows.max()) + 1)
        load = np.asarray(actual, np.float32)[:, None]
        up, down = self._up[band], self._down[band]
        step = np.where(load > issued, up, np.where(load < issued, -down, 0))
        step[raw[:, 0] == raw[:, -1]] = 0
        moved = moves[rows, :, band] + step
        moves[rows, :, band] = np.clip(moved, -FURTHEST, FURTHEST)
        self._changed.add((rung, band))
        self.edition += 1

    def keep(self, stay: Rows) -> None:
        """Forget all series but some, which move together."""
        self.edition += 1
        for rung, moves in self._moves.items():
            self._moves[rung] = moves[stay[stay < len(moves)]]

    def changes(self, numbers: npt.NDArray[np.int64]) -> Iterable[Record]:
        """Give the records that are not as they were last given; `numbers` are the series'."""
        for rung, band in sorted(self._changed):
            moves = self._moves[rung][:, :, band]
            rows = np.flatnonzero(moves.any(axis=1))
            columns = [numbers[rows], *moves[rows].T]
            yield Record(RecordKind.CALIBRATION, rung * _BANDS + band, columns)
        self._changed.clear()

    def load(self, records: Mapping[str, bytes], row_of: npt.NDArray[np.int64]) -> None:
        """Take what was learned from its records; `row_of` gives the row of a series' number."""
        prefix = f"{RecordKind.CALIBRATION.name.lower()}/"
        for number in sorted(int(key[len(prefix) :]) for key in records if key.startswith(prefix)):
            key = key_of(RecordKind.CALIBRATION, number)
            numbers, *columns = decode(key, records[key]).columns
            rows = row_of[np.asarray(numbers, np.int64)]
            known = rows >= 0
            if known.any():
                moves = self._moves_of(number // _BANDS, int(rows.max()) + 1)
                values = np.array(columns, np.int64).T[known]
                moves[rows[known], :, number % _BANDS] = values

    def _moves_of(self, rung: int, rows: int) -> npt.NDArray[np.int16]:
        moves = self._moves.get(rung)
        known = 0 if moves is None else len(moves)
        if moves is None or known < rows:
            longer = np.zeros((rows, len(self.levels), len(self.bands)), np.int16)
            if moves is not None:
                longer[:known] = moves
            self._moves[rung] = moves = longer
        return moves
