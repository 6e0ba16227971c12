"""Caches of what a release has computed for one partition; none of them changes an answer.

A network looks at closed slots. Until the next slot closes, its answer for a series stays the same,
unless a late reading mends the window or other weather becomes known. So an answer is kept with a
fingerprint of everything it was made from, and computed again if the fingerprint has changed. A
worker that was restarted has empty caches and computes the same answers, to the bit.

Most of a network's work is to read a window, and all hours of a window but the newest are known
before its last slot is over. So they are encoded in the minutes before, a few series a tick, and
kept in the `EncoderCache`.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gridcast.models.features import Inputs
from gridcast.models.features.builder import AT_ONCE
from gridcast.models.features.inputs import Tensor
from gridcast.models.fingerprints import Fingerprints, block_fingerprints, fingerprints
from gridcast.models.network import Network
from gridcast.models.serving.selection import LoadedRelease
from gridcast.models.serving.series_facts import SeriesFacts
from gridcast.models.serving.weather_view import WeatherView
from gridcast.models.windows.minute import Rows
from gridcast.units import Flags, Floats

_PAST_WEATHER = np.uint64(0xA24BAED4963EE407)
_ORIGIN, _SERIES, _WEATHER = np.array(
    [0x9E3779B97F4A7C15, 0xD1B54A32D192ED03, 0x8CB92BA72F3D8DD7], np.uint64
)
"""Odd factors, so that two inputs of an answer cannot make up for each other."""

Window = tuple[npt.NDArray[np.float32], npt.NDArray[np.uint8]]
"""Mean and mark of slots, [slots, series] each."""


class EncoderCache:
    """Keeps what one network has encoded of one partition's windows ahead of time.

    Parameters
    ----------
    network
        The network. If it has no encoder memory, the cache stays empty.
    """

    def __init__(self, network: Network) -> None:
        self._network = network
        self._about: Fingerprints = np.empty(0, np.uint64)
        """Key of the window each seat was encoded from, by origin and series; 0: none."""
        self._fingerprint: Fingerprints = np.empty(0, np.uint64)
        self._memory = np.empty((0, network.memory), np.float32)

    def seat(self, count: int, seats: Rows, before: Rows) -> None:
        """Make room for `count` series; those at `seats` were at `before`."""
        about, fingerprint, memory = self._about, self._fingerprint, self._memory
        self._about, self._fingerprint = np.zeros((2, count), np.uint64)
        self._memory = np.empty((count, self._network.memory), np.float32)
        self._about[seats], self._fingerprint[seats] = about[before], fingerprint[before]
        self._memory[seats] = memory[before]

    def lacking(self, seats: Rows, about: Fingerprints) -> Rows:
        """Return the places in `seats` whose windows are not encoded yet."""
        if not self._network.memory:
            return np.empty(0, np.intp)
        return np.flatnonzero(self._about[seats] != about)

    def read(self, inputs: Inputs, usable: Flags, seats: Rows, about: Fingerprints) -> None:
        """Encode the usable windows. Their newest hour may still change: it is not read."""
        self._about[seats] = about
        self._fingerprint[seats] = self._fingerprints(inputs)
        self._memory[seats[usable]] = self._network.encode(inputs.where(usable))

    def memory(self, inputs: Inputs, seats: Rows, about: Fingerprints) -> Tensor | None:
        """Return the encoder memory of complete windows; encode those that have changed since.

        None: none of them was encoded ahead.
        """
        if not self._network.memory:
            return None
        is_read = self._about[seats] == about
        if is_read.any():
            is_read &= self._fingerprint[seats] == self._fingerprints(inputs)
        if not is_read.any():
            return None
        memory = self._memory[seats]
        if not is_read.all():
            memory[~is_read] = self._network.encode(inputs.take(~is_read))
        return memory

    def _fingerprints(self, inputs: Inputs) -> Fingerprints:
        """Return a fingerprint of the inputs. Calendars follow from origin and series."""
        spec = self._network.contract.features
        total = block_fingerprints(inputs.load[:, : -spec.hour])
        weather = inputs.past[:, :-1, len(spec.calendar) :]
        return total + block_fingerprints(weather) * _PAST_WEATHER if spec.weather else total


class AnswerCache:
    """The answers of one release to one partition.

    Parameters
    ----------
    in_use
        The release.
    """

    def __init__(self, in_use: LoadedRelease) -> None:
        self.in_use = in_use
        self._encoder_cache = EncoderCache(in_use.network)
        self.rows = np.empty(0, np.intp)
        """The rows it answers for, ascending."""
        self._numbers = np.empty(0, np.int64)
        self._fingerprint: Fingerprints = np.empty(0, np.uint64)
        self._usable = np.empty(0, np.bool_)
        shape = (0, len(in_use.network.levels), in_use.network.horizon)
        self._quantiles = np.empty(shape, np.float32)

    def seat(self, rows: Rows, numbers: npt.NDArray[np.int64]) -> None:
        """Set the rows it answers for. The series numbers say which cached answers stay valid."""
        self.rows = rows
        if np.array_equal(numbers, self._numbers):
            return
        before = np.searchsorted(self._numbers, numbers)
        known = before < len(self._numbers)
        known[known] = self._numbers[before[known]] == numbers[known]
        seats, before = np.flatnonzero(known), before[known]
        kept, usable, quantiles = self._fingerprint, self._usable, self._quantiles
        self._numbers = numbers.copy()
        self._fingerprint = np.zeros(len(numbers), np.uint64)
        self._usable = np.zeros(len(numbers), np.bool_)
        self._quantiles = np.empty((len(numbers), *quantiles.shape[1:]), np.float32)
        self._fingerprint[seats], self._usable[seats] = kept[before], usable[before]
        self._quantiles[seats] = quantiles[before]
        self._encoder_cache.seat(len(numbers), seats, before)

    def of(self, rows: Rows) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.float32]]:
        """Return which rows have an answer, and the quantiles of those, kW.

        A row whose window cannot be filled has none.
        """
        seats = np.searchsorted(self.rows, rows)
        usable = self._usable[seats]
        return usable, self._quantiles[seats[usable]]

    def fingerprints(self, rows: Rows) -> Fingerprints:
        """Return the fingerprint of what each row's answer was made from."""
        return self._fingerprint[np.searchsorted(self.rows, rows)]

    def renew(
        self,
        rows: Rows,
        window: Window,
        origin_ms: int,
        facts: SeriesFacts,
        weather_view: WeatherView | None,
    ) -> None:
        """Bring the answers for these rows up to date.

        Parameters
        ----------
        rows
            The rows.
        window
            Mean and mark of the slots before the origin, a column a row.
        origin_ms
            When slot 0 of the horizon begins.
        facts
            Declarations of all series of the partition.
        weather_view
            The weather; None: the network sees none.
        """
        mean, mark = self._newest(window)
        about = _about(rows, origin_ms, facts)
        now = fingerprints(mean, mark) + about
        if weather_view is not None:
            now += weather_view.fingerprint[weather_view.of[rows]] * _WEATHER
        seats = np.searchsorted(self.rows, rows)
        stale = np.flatnonzero(now != self._fingerprint[seats])
        for first in range(0, len(stale), AT_ONCE):
            # All of them, as where a slot begins, need not be copied.
            part = slice(first, first + AT_ONCE)
            some = part if len(stale) == len(rows) else stale[part]
            few, about_them = seats[some], about[some]
            window = mean[:, some], mark[:, some]
            inputs, usable = self._inputs(rows[some], window, origin_ms, facts, weather_view)
            inputs = inputs.where(usable)
            memory = self._encoder_cache.memory(inputs, few[usable], about_them[usable])
            answer = self.in_use.network.forecast(inputs, memory)
            self._quantiles[few[usable]] = answer
            usable[usable] = np.isfinite(answer).all(axis=(1, 2))
            self._usable[few], self._fingerprint[few] = usable, now[some]

    def read_ahead(
        self,
        rows: Rows,
        window: Window,
        origin_ms: int,
        facts: SeriesFacts,
        weather_view: WeatherView | None,
        *,
        ticks: int,
    ) -> None:
        """Encode some of the windows that these rows will have when the open slot is over.

        Parameters
        ----------
        rows, window, facts
            As for `renew`.
        origin_ms
            When the open slot will be over.
        weather_view
            The weather around that time; None: the network sees none.
        ticks
            Number of ticks left, with this one, to encode all of them.
        """
        seats, about = np.searchsorted(self.rows, rows), _about(rows, origin_ms, facts)
        lacking = self._encoder_cache.lacking(seats, about)
        column = lacking[: -(-len(lacking) // ticks)]
        if not len(column):
            return
        # The open slot is not read. The slot before it stands in for it, which bridges no gap.
        mean, mark = (one[:, column] for one in self._newest(window))
        later = np.concatenate([mean[1:], mean[-1:]]), np.concatenate([mark[1:], mark[-1:]])
        inputs, usable = self._inputs(rows[column], later, origin_ms, facts, weather_view)
        self._encoder_cache.read(inputs, usable, seats[column], about[column])

    def _inputs(
        self,
        rows: Rows,
        window: Window,
        origin_ms: int,
        facts: SeriesFacts,
        weather_view: WeatherView | None,
    ) -> tuple[Inputs, Flags]:
        series = [facts.series[row] for row in rows.tolist()]
        weather = None if weather_view is None else weather_view.slots.take(rows)
        return self.in_use.network.builder.build(window, origin_ms, series, weather)

    def _newest(self, window: Window) -> Window:
        slots = self.in_use.network.contract.features.window
        return window[0][-slots:], window[1][-slots:]


def _about(rows: Rows, origin_ms: int, facts: SeriesFacts) -> Fingerprints:
    """Return a key that differs by origin and by the declared facts of each series."""
    origin = np.array([origin_ms], np.uint64)
    about: Fingerprints = facts.fingerprint[rows] * _SERIES + origin * _ORIGIN
    return about


@dataclass(frozen=True, slots=True, eq=False)
class FinishedForecasts:
    """The forecasts of one tick as they were published, for the next tick to use again.

    From one minute to the next a release mostly answers the same, and nothing is learned until a
    slot is over. So a forecast stays as it was, except for the slot that is still open.
    """

    about: tuple[object, ...]
    """The releases that may have answered, and the edition of what was learned."""
    fingerprint: Fingerprints
    """Of the inputs of each row's answer; 0: no release answered."""
    rung: npt.NDArray[np.intp]
    first: Floats
    """kW, [rows, levels]: the first step, before its measured share was put in."""
    quantiles: Floats
    """kW, to the watt: [rows, levels, steps]."""

    def holds(
        self, part: slice, fingerprint: Fingerprints, rung: npt.NDArray[np.intp]
    ) -> npt.NDArray[np.bool_]:
        """Return which rows would come out the same again, except for the first step."""
        same = (self.fingerprint[part] == fingerprint) & (self.rung[part] == rung)
        return np.asarray(same & (fingerprint != 0))
