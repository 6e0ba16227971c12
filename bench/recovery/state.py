"""A table as 8 days of readings leave it, written without sending them."""

import numpy as np

from gridcast.models.partition import Partition
from gridcast.schemas.columns import ReadingColumns
from gridcast.stream.settings import Settings
from gridcast.stream.state.kafka_table import KafkaTable
from gridcast.stream.worker.processor_settings import processor_settings
from gridcast.units import MINUTE_MS

FINE_MINUTES = 150


def write_state(settings: Settings, number: int, names: list[str], end_ms: int) -> None:
    """Write a partition's table: closed slots as they are, two hours and more of readings."""
    spoken, rng = processor_settings(settings), np.random.default_rng(number)
    partition = Partition(spoken.spec, spoken.lateness_ms)
    series = len(names)
    kind = np.zeros(series, np.int32)
    level = rng.random(series) * 5
    for minute in range(-FINE_MINUTES, 0):
        time_ms = np.full(series, end_ms + minute * MINUTE_MS)
        value = np.round(level * (1 + 0.1 * rng.random(series)), 3)
        readings = ReadingColumns(names, time_ms, value, kind.astype(np.uint8), kind)
        for _ in partition.take(readings, time_ms, np.zeros(series, np.int64), 0):
            pass
    windows = partition.windows
    for slot in range(windows.start, windows.fine):
        shape = level * (1.5 + np.sin(slot / 96 * 2 * np.pi)) * (0.9 + 0.2 * rng.random(series))
        windows.recall(slot, shape.astype(np.float32))
    table = KafkaTable(settings, number)
    table.open()
    table.checkpoint([], partition.changes())
    table.close()
