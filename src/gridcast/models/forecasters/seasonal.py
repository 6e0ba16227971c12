"""Seasonal profile forecast: the mean of past days plus a decaying level correction."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gridcast.models.forecasters.gaps import bridge_all
from gridcast.models.forecasters.profile import Days, Profiles
from gridcast.units import AnyFloats, Flags

LEVEL_HOURS = 1.0
"""Time constant of the average of recent errors that gives the level."""
DECAY_HOURS = 24.0
"""Hours ahead after which the level has decayed to 1/e."""
BELIEF = 0.5
"""Weight of the prior that the level counts fully, beside the window's own evidence."""


@dataclass(frozen=True, slots=True)
class Seasonal:
    """The profile forecast, and its errors in hindsight on the days of the window."""

    centre: AnyFloats
    """The load at each step ahead: [series, horizon]."""
    hole: npt.NDArray[np.intp]
    """The longest run of steps ahead that no day covers; it is interpolated linearly."""
    error: AnyFloats
    """Of each day but the first, forecast from its beginning by the others: [series, days, day]."""
    known: Flags
    """Which of those errors are known."""


class SeasonalProfile:
    """Forecast from the window's own days.

    The forecast of each step is the profile at its time of day, plus the level: how far the newest
    slots are from their profile. The level decays with the lead, and is scaled by how much it would
    have helped on the days of the window.

    Parameters
    ----------
    day
        Slots a day.
    horizon
        Steps ahead.
    """

    def __init__(self, day: int, horizon: int) -> None:
        self.day, self.horizon = day, horizon
        age = np.arange(day)[::-1] * (24 / day)
        self._newness = np.exp(-age / LEVEL_HOURS).astype(np.float32)
        lead = np.arange(1, max(horizon, day) + 1) * (24 / day)
        self._decay = np.exp(-lead / DECAY_HOURS).astype(np.float32)
        self._ageing = np.exp(-np.arange(day) * (24 / day) / DECAY_HOURS).astype(np.float32)

    def forecast(self, days: Days) -> Seasonal:
        """Return the forecast of all series; rows are independent of each other."""
        profiles = Profiles(days)
        error, known = _errors(days, profiles)
        level = np.stack([self._level(error[:, n], known[:, n]) for n in range(days.count)], axis=1)
        level *= self._use_of(level, error, known)[:, None]
        decay = self._decay[: self.day]
        for number in range(1, days.count):
            error[:, number] -= known[:, number] * (level[:, number - 1, None] * decay)
        ahead = [profiles.of(days.count + i) for i in range(-(-self.horizon // self.day))]
        centre = np.concatenate([load for load, _ in ahead], axis=1)[:, : self.horizon]
        is_covered = np.concatenate([there for _, there in ahead], axis=1)[:, : self.horizon]
        centre, hole = bridge_all(centre, is_covered)
        centre += level[:, -1:] * self._decay[: self.horizon]
        return Seasonal(centre, hole, error[:, 1:], known[:, 1:])

    def _level(self, error: AnyFloats, known: Flags) -> AnyFloats:
        """Return the weighted mean error of the profile at a day's end; older errors weigh less."""
        weight = np.where(known, self._newness, np.float32(0))
        total = weight.sum(axis=1)
        level = np.zeros(len(error), np.float32)
        np.divide((error * weight).sum(axis=1), total, out=level, where=total > 0)
        return np.asarray(level * self._ageing[known[:, ::-1].argmax(axis=1)])

    def _use_of(self, level: AnyFloats, error: AnyFloats, known: Flags) -> AnyFloats:
        """Return each series' level coefficient: ridge regression, shrunk towards 1."""
        decay = self._decay[: self.day]
        helped, possible = np.zeros(len(level), np.float32), np.zeros(len(level), np.float32)
        for number in range(1, error.shape[1]):
            before = level[:, number - 1]
            helped += before * (error[:, number] * decay).sum(axis=1)
            possible += before * before * (known[:, number] * (decay * decay)).sum(axis=1)
        use = np.ones(len(level), np.float32)
        believed = helped + np.float32(BELIEF) * possible
        np.divide(believed, possible * np.float32(1 + BELIEF), out=use, where=possible > 0)
        return np.clip(use, 0, 1)


def _errors(days: Days, profiles: Profiles) -> tuple[AnyFloats, Flags]:
    """Return the errors of every day's profile, and which of them are known."""
    error = np.empty(days.load.shape, np.float32)
    known = np.empty(days.load.shape, np.bool_)
    for number in range(days.count):
        profile, is_covered = profiles.of(number)
        np.logical_and(is_covered, days.known[:, number], out=known[:, number])
        off = days.load[:, number] - profile
        error[:, number] = np.where(known[:, number], off, np.float32(0))
    return error, known
