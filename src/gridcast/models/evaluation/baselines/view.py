"""The inputs as a rule of thumb looks at them: sizes, lags, hours."""

import math
from functools import cached_property

import numpy as np
import numpy.typing as npt

from gridcast.models.features import FeatureSpec, Inputs
from gridcast.units import Floats

Slots = npt.NDArray[np.integer]
LEAST_KW = 1e-3
"""A window of less, on average, is of this size: 1 W."""


class SampleView:
    """Some samples' inputs, with what can be read off them. Loads are kW unless said otherwise."""

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
        """Give how many days before a slot of the horizon its own time of day was last known."""
        return np.asarray(slot) // self.day + 1

    def lag(self, slot: Slots, days: Slots | int) -> Floats:
        """Give the load some days before slots of the horizon: [n, slots].

        Of what is not known yet, the newest that is known of the same time of day; of what lies
        before the window, the oldest.
        """
        known = np.maximum(days, self.near(slot))
        at = self.spec.slots + np.asarray(slot) - self.day * known
        return self.inputs.load[:, np.where(at < 0, at % self.day, at)]

    @cached_property
    def hourly(self) -> Floats:
        """Means of each hour before the origin, the oldest first: [n, hours]."""
        means: Floats = self.inputs.load.reshape(len(self), self.spec.steps, -1).mean(axis=2)
        return means

    def calendar(self, names: tuple[str, ...], slot: Slots) -> Floats:
        """Give features of slots of the horizon by name: [n, slots, names]."""
        places = [self.spec.future.index(name) for name in names]
        return self.inputs.future[:, slot][:, :, places]

    def hour(self, slot: Slots) -> npt.NDArray[np.int64]:
        """Give the local hour of the day of slots of the horizon: [n, slots]."""
        clock = self.calendar(("sin_of_day_1", "cos_of_day_1"), slot)
        share = np.arctan2(clock[..., 0], clock[..., 1]) / math.tau % 1
        # The clock is read in the middle of a slot: far enough from the full hour to be safe.
        return np.asarray(share * 24 + 1e-4, np.int64) % 24

    def weather_before(self, hours: int) -> Floats:
        """Give the weather so many hours before the last one: [n, variables]; may be NaN."""
        return self.inputs.past[:, -1 - hours, len(self.spec.calendar) :]
