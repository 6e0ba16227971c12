"""The seasonal profile: the days before, moved to where the load stands now."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gridcast.models.forecasters.gaps import bridge_all
from gridcast.models.forecasters.profile import Days, Profiles
from gridcast.units import AnyFloats, Flags

LEVEL_HOURS = 1.0
"""The level is where the load stood beside its profile, mostly in this last time."""
DECAY_HOURS = 24.0
"""In this time what is left of the level falls to 1/e."""
BELIEF = 0.5
"""What trust in the level weighs beside the window's own experience with it."""


@dataclass(frozen=True, slots=True)
class Seasonal:
    """What the profile says, and how it would have done on the days of the window."""

    centre: AnyFloats
    """The load at each step ahead: [series, horizon]."""
    hole: npt.NDArray[np.intp]
    """The longest run of steps ahead that no day tells of; a line is drawn over them."""
    error: AnyFloats
    """Of each day but the first, forecast from its beginning by the others: [series, days, day]."""
    known: Flags
    """Which of those errors are known."""


class SeasonalProfile:
    """Forecast from the window's own days.

    Each step ahead gets its time's profile, plus the level: how far the newest slots stand from
    their profile. The level counts less the further ahead, and as a whole as much as it would have
    helped on the days of the window.

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
        """Forecast all series; rows do not touch each other."""
        profiles = Profiles(days)
        error, known = _errors(days, profiles)
        level = np.stack([self._level(error[:, n], known[:, n]) for n in range(days.count)], axis=1)
        level *= self._use_of(level, error, known)[:, None]
        decay = self._decay[: self.day]
        for number in range(1, days.count):
            error[:, number] -= known[:, number] * (level[:, number - 1, None] * decay)
        ahead = [profiles.of(days.count + i) for i in range(-(-self.horizon // self.day))]
        centre = np.concatenate([load for load, _ in ahead], axis=1)[:, : self.horizon]
        told = np.concatenate([there for _, there in ahead], axis=1)[:, : self.horizon]
        centre, hole = bridge_all(centre, told)
        centre += level[:, -1:] * self._decay[: self.horizon]
        return Seasonal(centre, hole, error[:, 1:], known[:, 1:])

    def _level(self, error: AnyFloats, known: Flags) -> AnyFloats:
        """Tell how far the load stands from its profile at a day's end; old news fades."""
        weight = np.where(known, self._newness, np.float32(0))
        total = weight.sum(axis=1)
        level = np.zeros(len(error), np.float32)
        np.divide((error * weight).sum(axis=1), total, out=level, where=total > 0)
        return np.asarray(level * self._ageing[known[:, ::-1].argmax(axis=1)])

    def _use_of(self, level: AnyFloats, error: AnyFloats, known: Flags) -> AnyFloats:
        """Regress each day's errors on the level at its beginning, drawn towards all of it."""
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
    """Compare every day with its profile."""
    error = np.empty(days.load.shape, np.float32)
    known = np.empty(days.load.shape, np.bool_)
    for number in range(days.count):
        profile, told = profiles.of(number)
        np.logical_and(told, days.known[:, number], out=known[:, number])
        off = days.load[:, number] - profile
        error[:, number] = np.where(known[:, number], off, np.float32(0))
    return error, known
