"""From windows, calendars and weather to the tensors that a network takes."""

from gridcast.models.features.inputs import Inputs
from gridcast.models.features.spec import FeatureSpec

__all__ = ["FeatureSpec", "Inputs"]
