"""What came in at some time, in the order in which it came: for replay and backtest.

A source is a history file with its mapping, a folder that `gridcast simulate --out` wrote, or the
live topics. All become a `Recording`: readings by arrival, weather by when it became available, the
series.
"""

from gridcast.stream.recording.partitions import partition_of
from gridcast.stream.recording.recording import Recording

__all__ = ["Recording", "partition_of"]
