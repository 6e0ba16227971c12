"""Real history from CSV and Parquet files, for training, replay and backtest.

>>> from pathlib import Path
>>> from gridcast.stream.history import load_mapping, read_history
>>> history = read_history(Path("load.csv"), load_mapping(Path("load.toml")))  # doctest: +SKIP
>>> history.grid(step_minutes=15).value.shape  # doctest: +SKIP
(3, 35040)
"""

from gridcast.stream.history.history import Grid, History, OperatorForecasts, StationWeather
from gridcast.stream.history.mapping import Mapping, load_mapping
from gridcast.stream.history.reader import check_history, read_history
from gridcast.stream.history.report import Report

__all__ = [
    "Grid",
    "History",
    "Mapping",
    "OperatorForecasts",
    "Report",
    "StationWeather",
    "check_history",
    "load_mapping",
    "read_history",
]
