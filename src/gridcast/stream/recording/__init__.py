"""Recordings of past input in order of arrival, for replay and backtest.

The source is a history file with its mapping, a folder that `gridcast simulate --out` wrote, or the
live topics. A `Recording` has readings by arrival, weather by availability, and the series.
"""

from gridcast.stream.recording.partitions import partition_of
from gridcast.stream.recording.recording import Recording

__all__ = ["Recording", "partition_of"]
