"""History from CSV and Parquet files, for training, replay and backtest.

>>> from pathlib import Path
>>> from gridcast.learning.history import load_mapping, read_history
>>> history = read_history(Path("load.csv"), load_mapping(Path("load.toml")))  # doctest: +SKIP
>>> history.grid(step_minutes=15).value.shape  # doctest: +SKIP
(3, 35040)
"""

from gridcast.learning.history.mapping import Mapping, load_mapping
from gridcast.learning.history.reader import check_history, read_history
from gridcast.learning.history.report import Report
from gridcast.models.history import History, OperatorForecasts, SlotGrid, StationHistory

__all__ = [
    "History",
    "Mapping",
    "OperatorForecasts",
    "Report",
    "SlotGrid",
    "StationHistory",
    "check_history",
    "load_mapping",
    "read_history",
]
