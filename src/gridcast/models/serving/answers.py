"""What a release says of the series of a partition, kept for as long as it would say it again.

A network looks at closed slots. Until the next slot closes its answer for a series stays what it
was, unless a late reading mends the window, or other weather becomes known. So an answer is kept
with a print of all it was made from, and asked for anew where the print has changed. A worker that
was restarted has kept nothing, and is told the same: a row's answer follows from its inputs, to
the bit.
"""

import numpy as np
import numpy.typing as npt

from gridcast.models.features import Inputs
from gridcast.models.features.builder import AT_ONCE
from gridcast.models.serving.ahead import Ahead
from gridcast.models.serving.duty import LoadedRelease
from gridcast.models.serving.facts import SeriesFacts
from gridcast.models.serving.prints import Prints, prints
from gridcast.models.serving.seen import WeatherView
from gridcast.models.windows.minute import Rows
from gridcast.units import Flags

_ORIGIN, _SERIES, _WEATHER = np.array(
    [0x9E3779B97F4A7C15, 0xD1B54A32D192ED03, 0x8CB92BA72F3D8DD7], np.uint64
)
"""Odd numbers, so that no two things that an answer is made from can make up for each other."""

Window = tuple[npt.NDArray[np.float32], npt.NDArray[np.uint8]]


class Answers:
    """The answers of one release to one partition.

    Parameters
    ----------
    in_use
        The release.
    """

    def __init__(self, in_use: LoadedRelease) -> None:
        self.in_use = in_use
        self._ahead = Ahead(in_use.network)
        self.rows = np.empty(0, np.intp)
        """Which rows it answers for, rising."""
        self._numbers = np.empty(0, np.int64)
        self._print: Prints = np.empty(0, np.uint64)
        self._usable = np.empty(0, np.bool_)
        shape = (0, len(in_use.network.levels), in_use.network.horizon)
        self._quantiles = np.empty(shape, np.float32)

    def seat(self, rows: Rows, numbers: npt.NDArray[np.int64]) -> None:
        """Say for which rows of the partition it answers; their series' numbers do not move."""
        self.rows = rows
        if np.array_equal(numbers, self._numbers):
            return
        before = np.searchsorted(self._numbers, numbers)
        known = before < len(self._numbers)
        known[known] = self._numbers[before[known]] == numbers[known]
        seats, before = np.flatnonzero(known), before[known]
        kept, usable, quantiles = self._print, self._usable, self._quantiles
        self._numbers = numbers.copy()
        self._print = np.zeros(len(numbers), np.uint64)
        self._usable = np.zeros(len(numbers), np.bool_)
        self._quantiles = np.empty((len(numbers), *quantiles.shape[1:]), np.float32)
        self._print[seats], self._usable[seats] = kept[before], usable[before]
        self._quantiles[seats] = quantiles[before]
        self._ahead.seat(len(numbers), seats, before)

    def of(self, rows: Rows) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.float32]]:
        """Give whether it could answer for rows, and what it says, kW, of those that it could.

        With a window that cannot be filled it cannot.
        """
        seats = np.searchsorted(self.rows, rows)
        usable = self._usable[seats]
        return usable, self._quantiles[seats[usable]]

    def prints(self, rows: Rows) -> Prints:
        """Give the print of what its answer for each row was made from."""
        return self._print[np.searchsorted(self.rows, rows)]

    def renew(
        self,
        rows: Rows,
        window: Window,
        origin_ms: int,
        facts: SeriesFacts,
        seen: WeatherView | None,
    ) -> None:
        """Have right answers for these rows.

        Parameters
        ----------
        rows
            Which.
        window
            Mean and mark of the slots before the origin, a column a row.
        origin_ms
            When slot 0 of the horizon begins.
        facts
            What is known of all series of the partition.
        seen
            The weather; None: the network sees none.
        """
        mean, mark = self._newest(window)
        about = _about(rows, origin_ms, facts)
        now = prints(mean, mark) + about
        if seen is not None:
            now += seen.print[seen.of[rows]] * _WEATHER
        seats = np.searchsorted(self.rows, rows)
        stale = np.flatnonzero(now != self._print[seats])
        for first in range(0, len(stale), AT_ONCE):
            # All of them, as where a slot begins, need not be copied.
            part = slice(first, first + AT_ONCE)
            some = part if len(stale) == len(rows) else stale[part]
            few, about_them = seats[some], about[some]
            window = mean[:, some], mark[:, some]
            inputs, usable = self._inputs(rows[some], window, origin_ms, facts, seen)
            inputs = inputs.where(usable)
            memory = self._ahead.memory(inputs, few[usable], about_them[usable])
            answer = self.in_use.network.forecast(inputs, memory)
            self._quantiles[few[usable]] = answer
            usable[usable] = np.isfinite(answer).all(axis=(1, 2))
            self._usable[few], self._print[few] = usable, now[some]

    def read_ahead(
        self,
        rows: Rows,
        window: Window,
        origin_ms: int,
        facts: SeriesFacts,
        seen: WeatherView | None,
        *,
        ticks: int,
    ) -> None:
        """Read some of what these rows will be answered from when the open slot is over.

        Parameters
        ----------
        rows, window, facts
            As for `renew`.
        origin_ms
            When the open slot will be over.
        seen
            The weather around that; None: the network sees none.
        ticks
            How many are left to read all, with this one.
        """
        seats, about = np.searchsorted(self.rows, rows), _about(rows, origin_ms, facts)
        lacking = self._ahead.lacking(seats, about)
        column = lacking[: -(-len(lacking) // ticks)]
        if not len(column):
            return
        # The open slot is not read; for it stands the one before it, which bridges no gap.
        mean, mark = (one[:, column] for one in self._newest(window))
        later = np.concatenate([mean[1:], mean[-1:]]), np.concatenate([mark[1:], mark[-1:]])
        inputs, usable = self._inputs(rows[column], later, origin_ms, facts, seen)
        self._ahead.read(inputs, usable, seats[column], about[column])

    def _inputs(
        self,
        rows: Rows,
        window: Window,
        origin_ms: int,
        facts: SeriesFacts,
        seen: WeatherView | None,
    ) -> tuple[Inputs, Flags]:
        series = [facts.series[row] for row in rows.tolist()]
        weather = None if seen is None else seen.slots.take(rows)
        return self.in_use.network.builder.build(window, origin_ms, series, weather)

    def _newest(self, window: Window) -> Window:
        slots = self.in_use.network.contract.features.window
        return window[0][-slots:], window[1][-slots:]


def _about(rows: Rows, origin_ms: int, facts: SeriesFacts) -> Prints:
    """Give another number for another origin, and for another thing known of a series."""
    origin = np.array([origin_ms], np.uint64)
    about: Prints = facts.print[rows] * _SERIES + origin * _ORIGIN
    return about
