"""Online conformal calibration of the quantiles by series, rung, level and horizon band."""

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from gridcast.models.bands import Bands
from gridcast.models.records import Record, RecordKind, decode, key_of
from gridcast.units import Floats

Rows = npt.NDArray[np.intp]

UNIT = 4_000
"""Moves are whole multiples of this share of a fan's width, so that relearning gives equal bits."""
FASTEST = 0.06
"""Step of an outermost quantile when the load is beyond it, in widths."""
SLOWEST = 0.02
"""Step of the median relative to that. It must lose a bias but not follow the noise."""
FURTHEST = UNIT
"""Maximum move in widths, so that an outage or a fault cannot blow up the fan."""
FINEST = 1_000
"""Largest denominator of a level."""

_BANDS = 16
"""A record's number is the rung's index times this, plus the band's."""


class Calibration:
    """Online quantile tracking, as in conformal P control.

    After each slot, every quantile issued for it moves up by τ of a step if the load was above it,
    and down by 1 - τ of a step if the load was below it. In equilibrium the load is below it with
    frequency τ, for any forecaster and any drift of the load. The quantile is judged as it was
    issued. Judging it after later moves would make it look better than what was published.

    Steps are relative to the fan's width at that moment, so a move learned at night is right by
    day. They don't depend on the size of the error: a faulty reading of a million kW moves a fan
    no further than one just outside. Each rung has its own moves. A new series has none.

    Parameters
    ----------
    bands
        Horizon bands.
    levels
        Probabilities of the quantiles, rising.

    Examples
    --------
    A forecaster whose fan is too narrow: half of the loads are outside.

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
        # Moves both ways are whole units if a step is a multiple of the level's denominator.
        whole = np.array(
            [Fraction(level).limit_denominator(FINEST).denominator for level in levels]
        )
        step = np.maximum(np.rint(np.outer(bands.weight, speed) / whole), 1) * whole
        self._up = np.rint(level * step).astype(np.int32)
        self._down = np.rint((1 - level) * step).astype(np.int32)
        """[bands, levels]."""
        self._moves: dict[int, npt.NDArray[np.int16]] = {}
        """By rung: [series, levels, bands]."""
        self._changed: set[tuple[int, int]] = set()
        self.edition = 0
        """A counter that changes whenever something was learned or rows moved."""

    @property
    def nbytes(self) -> int:
        """Memory in bytes."""
        return sum(moves.nbytes for moves in self._moves.values())

    def shift(self, rows: Rows, rung: npt.NDArray[np.integer] | int) -> Floats:
        """Return the moves of some series in widths of the fan: [series, levels, bands].

        `rung` is the index in `Rung` of the forecaster, for each series or for all.
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
        """Learn from loads in kW, [series]; quantiles are [series, levels]. Rows are unique.

        A quantile that was hit exactly proves nothing: a load that is often zero must not push a
        quantile below zero. A load that was not measured (NaN) and a fan without width are skipped.
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
        """Keep only the given rows, in the given order."""
        self.edition += 1
        for rung, moves in self._moves.items():
            self._moves[rung] = moves[stay[stay < len(moves)]]

    def changes(self, numbers: npt.NDArray[np.int64]) -> Iterable[Record]:
        """Return the records that changed since the last call, with the series' `numbers`."""
        for rung, band in sorted(self._changed):
            moves = self._moves[rung][:, :, band]
            rows = np.flatnonzero(moves.any(axis=1))
            columns = [numbers[rows], *moves[rows].T]
            yield Record(RecordKind.CALIBRATION, rung * _BANDS + band, columns)
        self._changed.clear()

    def load(self, records: Mapping[str, bytes], row_of: npt.NDArray[np.int64]) -> None:
        """Load the records. `row_of` returns the row of a series' number."""
        prefix = f"{RecordKind.CALIBRATION.name.lower()}/"
        for number in sorted(int(key[len(prefix) :]) for key in records if key.startswith(prefix)):
            key = key_of(RecordKind.CALIBRATION, number)
            numbers, *columns = decode(key, records[key]).columns
            rows = row_of[np.asarray(numbers, np.int64)]
            exists = rows >= 0
            if exists.any():
                moves = self._moves_of(number // _BANDS, int(rows.max()) + 1)
                values = np.array(columns, np.int64).T[exists]
                moves[rows[exists], :, number % _BANDS] = values

    def _moves_of(self, rung: int, rows: int) -> npt.NDArray[np.int16]:
        moves = self._moves.get(rung)
        count = 0 if moves is None else len(moves)
        if moves is None or count < rows:
            longer = np.zeros((rows, len(self.levels), len(self.bands)), np.int16)
            if moves is not None:
                longer[:count] = moves
            self._moves[rung] = moves = longer
        return moves
