"""A view of the inputs for simple forecasters: sizes, lags, hours."""

import math
from functools import cached_property

import numpy as np
import numpy.typing as npt

from gridcast.models.features import FeatureSpec, Inputs
from gridcast.units import Floats

Slots = npt.NDArray[np.integer]
LEAST_KW = 1e-3
"""Lower bound on a window's size: 1 W."""


class SampleView:
    """The inputs of some samples and what can be derived from them. Loads are in kW by default."""

    def __init__(self, spec: FeatureSpec, inputs: Inputs) -> None:
        self.spec, self.inputs = spec, inputs
        self.day = 24 * spec.hour

    def __len__(self) -> int:
        return len(self.inputs)

    @cached_property
    def size(self) -> Floats:
        """Mean size of each window's load: [n, 1]."""
        size: Floats = np.abs(self.inputs.load).mean(axis=1, keepdims=True)
        return np.maximum(size, np.float32(LEAST_KW))

    def near(self, slot: Slots) -> Slots:
        """Return how many days ago the time of day of each slot was last known."""
        return np.asarray(slot) // self.day + 1

    def lag(self, slot: Slots, days: Slots | int) -> Floats:
        """Return the load some days before slots of the horizon: [n, slots].

        A lag that is not known yet is replaced by the newest known load of the same time of day,
        one before the window by the oldest.
        """
        lag_days = np.maximum(days, self.near(slot))
        at = self.spec.slots + np.asarray(slot) - self.day * lag_days
        return self.inputs.load[:, np.where(at < 0, at % self.day, at)]

    @cached_property
    def hourly(self) -> Floats:
        """Mean of each hour before the origin, oldest first: [n, hours]."""
        means: Floats = self.inputs.load.reshape(len(self), self.spec.steps, -1).mean(axis=2)
        return means

    def calendar(self, names: tuple[str, ...], slot: Slots) -> Floats:
        """Return named features of slots of the horizon: [n, slots, names]."""
        places = [self.spec.future.index(name) for name in names]
        return self.inputs.future[:, slot][:, :, places]

    def hour(self, slot: Slots) -> npt.NDArray[np.int64]:
        """Return the local hour of the day of slots of the horizon: [n, slots]."""
        clock = self.calendar(("sin_of_day_1", "cos_of_day_1"), slot)
        share = np.arctan2(clock[..., 0], clock[..., 1]) / math.tau % 1
        # The clock is read in the middle of a slot: far enough from the full hour to be safe.
        return np.asarray(share * 24 + 1e-4, np.int64) % 24

    def weather_before(self, hours: int) -> Floats:
        """Return the weather `hours` before the last known one: [n, variables]; may be NaN."""
        return self.inputs.past[:, -1 - hours, len(self.spec.calendar) :]
