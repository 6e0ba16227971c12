"""The rolling past of every series of a partition."""

from gridcast.models.windows.spec import WindowSpec
from gridcast.models.windows.windows import FoldCounts, Windows

__all__ = ["FoldCounts", "WindowSpec", "Windows"]
