"""The rolling past of every series of a partition."""

from gridcast.models.windows.counts import FoldCounts
from gridcast.models.windows.spec import WindowSpec
from gridcast.models.windows.windows import Windows

__all__ = ["FoldCounts", "WindowSpec", "Windows"]
