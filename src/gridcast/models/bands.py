"""Horizon bands: parts of the horizon that are scored and corrected separately."""

from collections.abc import Iterator
from functools import cached_property
from itertools import pairwise
from math import gcd

import numpy as np
import numpy.typing as npt

from gridcast.units import Floats

EDGES_HOURS = (0, 1, 3, 8, 24, 72, 168)
"""Edges of the bands; the last band ends with the horizon."""
NEAREST_MINUTES, OTHERS_MINUTES = 15, 75
"""A band's forecasts are noted about so often; every slot where slots are wider."""
NEWS_MINUTES = (15, 75, 75, 150, 150, 150)
"""Interval at which a band's forecasts are independent; closer ones get less weight. Forecasts for
tomorrow stay wrong for half a day."""
STRIDE = 37
"""A band's lead moves on by this many slots from one note to the next, cyclically, and by one more
each day, so that every time of day is scored at every lead."""


class Bands:
    """The bands of a horizon, and which forecasts of each are noted to be judged.

    Of each band one slot is noted at a time, its slots in turn. The nearest band is noted about
    every quarter of an hour, the others about every five: a forecast for tomorrow differs little
    from that of a quarter of an hour before, and what waits to be judged is kept in memory and in
    the table. The intervals have no divisor in common with the day, so that every time of day
    gets its turn.

    >>> bands = Bands(step_minutes=15, horizon=96)
    >>> bands.minutes
    ((0, 60), (60, 180), (180, 480), (480, 1440))
    >>> list(bands.noted(1_984_320)), list(bands.noted(1_984_321))
    ([(0, 2), (1, 10), (2, 30), (3, 94)], [(0, 3)])

    Parameters
    ----------
    step_minutes
        Width of a slot.
    horizon
        Slots of the horizon.
    """

    def __init__(self, step_minutes: int, horizon: int) -> None:
        edges = [round(hours * 60 / step_minutes) for hours in EDGES_HOURS]
        inner = [edge for edge in edges if edge < horizon]
        self.horizon = horizon
        self.edges = (*inner, horizon)
        """In slots ahead."""
        self.minutes = tuple(
            (begin * step_minutes, end * step_minutes)
            for begin, end in zip(inner, self.edges[1:], strict=True)
        )
        self.day = 24 * 60 // step_minutes
        meant = (NEAREST_MINUTES, *[OTHERS_MINUTES] * (len(self.minutes) - 1))
        self.every = tuple(_every(minutes, step_minutes, self.day) for minutes in meant)
        """Interval in slots at which a band's forecasts are noted."""
        self.weight = tuple(
            min(1.0, every * step_minutes / minutes)
            for every, minutes in zip(self.every, NEWS_MINUTES, strict=False)
        )
        """Weight of one of a band's forecasts, 0 to 1."""

    def __len__(self) -> int:
        return len(self.minutes)

    def noted(self, slot: int) -> Iterator[tuple[int, int]]:
        """Return band and lead of the forecasts to note in a slot."""
        for band, every in enumerate(self.every):
            if slot % every == 0:
                begin, end = self.edges[band : band + 2]
                turn = slot // every * STRIDE + slot // self.day
                yield band, begin + turn % (end - begin)

    def spread(self, by_band: Floats) -> Floats:
        """Interpolate values by band, [..., bands], to values by lead, [..., horizon].

        A band's value holds at its middle; between two middles it changes linearly.
        """
        low, share = self._places
        spread = np.empty((*by_band.shape[:-1], self.horizon), np.float32)
        begins = np.searchsorted(low, np.arange(len(self) + 1)).tolist()
        for band, (begin, end) in enumerate(pairwise(begins)):
            below, above = (by_band[..., b, None] for b in (band, min(band + 1, len(self) - 1)))
            part = spread[..., begin:end]
            np.multiply(above - below, share[begin:end], out=part)
            part += below
        return spread

    @cached_property
    def _places(self) -> tuple[npt.NDArray[np.intp], Floats]:
        """Return for each lead the last band whose middle is not after it, and the distance."""
        edges = np.array(self.edges)
        middles = (edges[:-1] + edges[1:] - 1) / 2
        place = np.interp(np.arange(self.horizon), middles, np.arange(len(middles)))
        low = place.astype(np.intp)
        return low, (place - low).astype(np.float32)


def _every(minutes: int, step_minutes: int, day: int) -> int:
    most = max(1, minutes // step_minutes)
    return next(slots for slots in range(most, 0, -1) if gcd(slots, day) == 1)
