"""Counter-based randomness: any stretch of time can be generated on its own.

Every draw comes from a generator keyed by (seed, purpose, place, number of the stretch). A day in
the middle of a year is the same whether the year before it was generated or not.
"""

from enum import IntEnum
from functools import lru_cache

import numpy as np

from gridcast.models.simulator.types import Floats, Ints

PAGE = 16  # knots drawn at once: making a generator costs as much as about 1,000 draws


class Purpose(IntEnum):
    """Purpose of a stream of random numbers; the values are part of the seed's meaning."""

    GRID = 1
    SYNOPTIC = 2
    STATION = 3
    CLOUD = 4
    WIND = 5
    HUMIDITY = 6
    OBSERVATION = 7
    ISSUE_ERROR = 8
    SHARED_ERROR = 9
    ZONE_NOISE = 10
    FEEDER_NOISE = 11
    METER_NOISE = 12
    FEEDER_CLOUD = 13
    APPLIANCES = 14
    CHARGING = 15
    MEASUREMENT = 16
    DELIVERY = 17
    FAULTS = 18


def generator(seed: int, purpose: Purpose, *place: int) -> np.random.Generator:
    """Return a new generator for this seed, purpose and place."""
    sequence = np.random.SeedSequence(seed, spawn_key=(int(purpose), *place))
    return np.random.Generator(np.random.SFC64(sequence))


class Knots:
    """Smooth random curves of mean 0 and variance 1, correlated over about `width_ms`.

    Independent normal knots, `width_ms` apart, are blended with weights whose squares add up to
    one, so that the variance is the same everywhere.
    """

    def __init__(
        self, seed: int, purpose: Purpose, place: tuple[int, ...], width_ms: int, curves: int
    ) -> None:
        self._seed, self._purpose, self._place = seed, purpose, place
        self._width_ms = width_ms
        self._curves = curves
        self._page = lru_cache(maxsize=8)(self._draw_page)

    def at(self, time_ms: Ints) -> Floats:
        """Return the curves at ascending times: [curves, times]."""
        position = time_ms / self._width_ms
        knot = np.floor(position).astype(np.int64)
        angle = (position - knot) * (np.pi / 2)
        first, last = int(knot[0]), int(knot[-1]) + 1
        pages = [self._page(page) for page in range(first // PAGE, last // PAGE + 1)]
        knots = pages[0] if len(pages) == 1 else np.concatenate(pages, axis=1)
        column = knot - first // PAGE * PAGE
        if first + 1 == last:  # all times between the same two knots: no need to gather
            column = column[:1]
        blend: Floats = knots[:, column] * np.cos(angle) + knots[:, column + 1] * np.sin(angle)
        return blend

    def _draw_page(self, number: int) -> Floats:
        rng = generator(self._seed, self._purpose, *self._place, number)
        return rng.standard_normal((self._curves, PAGE))
