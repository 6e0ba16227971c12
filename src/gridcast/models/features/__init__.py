"""From windows, calendars and weather to the tensors that a network takes.

>>> import numpy as np
>>> from gridcast.schemas import GridSeries
>>> spec = FeatureSpec(step_minutes=60, holidays=False, day_of_year=False)
>>> mean = np.ones((spec.window, 1), np.float32)
>>> mark = np.full(mean.shape, 255, np.uint8)
>>> inputs, usable = FeatureBuilder(spec).build((mean, mark), 0, [GridSeries(series="m-1")])
>>> inputs.load.shape, inputs.past.shape, inputs.future.shape, inputs.static.shape, usable
((1, 168), (1, 168, 11), (1, 24, 11), (1, 0), array([ True]))
"""

from gridcast.models.features.builder import FeatureBuilder
from gridcast.models.features.inputs import Inputs
from gridcast.models.features.spec import FeatureSpec
from gridcast.models.features.weather import WeatherSlots

__all__ = ["FeatureBuilder", "FeatureSpec", "Inputs", "WeatherSlots"]
