"""A history for the demo's grid, so that the model answers from the first minute.

A network needs a window of days, but the demo's grid begins when it starts. So each partition's
state is written as eight days of the same grid's readings would have left it. Only the demo's own
Kafka gets it.
"""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from gridcast.models.partition import Partition
from gridcast.models.simulator import FAULTS, Simulation, build_grid, spread_series
from gridcast.models.simulator.simulation import Truth
from gridcast.schemas.columns import ReadingColumns
from gridcast.stream.recording.partitions import partitions_of
from gridcast.stream.settings import Settings
from gridcast.stream.state.kafka_table import KafkaTable
from gridcast.stream.worker.window_spec import window_spec
from gridcast.units import MINUTE_MS

COUNTRY = "DE"


def write_past(settings: Settings, *, series: int, seed: int, end_ms: int) -> None:
    """Write the state of a simulated grid whose readings begin with a slot at `end_ms`."""
    spec = window_spec(settings)
    simulation = Simulation(
        build_grid(seed, COUNTRY, spread_series(series)),
        seed,
        spec.step_minutes * 60,
        FAULTS["none"],
    )
    truth = simulation.truth(end_ms - spec.slots * spec.step_ms, end_ms)
    names = simulation.grid.ids
    of = partitions_of(names, settings.partitions)

    def write(number: int) -> None:
        rows = np.flatnonzero(of == number)
        here = Truth(truth.time_ms, truth.value[rows])
        _write(settings, number, [names[row] for row in rows.tolist()], here)

    with ThreadPoolExecutor(settings.partitions) as threads:
        list(threads.map(write, range(settings.partitions)))


def _write(settings: Settings, number: int, names: Sequence[str], truth: Truth) -> None:
    spec = window_spec(settings)
    partition = Partition(spec, round(settings.lateness_s * 1000))
    windows, count = partition.windows, len(names)
    kind, sent_ms = np.zeros(count, np.int32), np.full(count, round(time.time() * 1000))
    fine = len(truth.time_ms) - 1 - spec.fine_ms // spec.step_ms
    times = truth.time_ms.tolist()
    newest = (
        times[-1] + spec.step_ms - MINUTE_MS,
        -1,
    )  # the first tick then follows the first live reading
    for time_at, slot in (*((times[slot], slot) for slot in range(fine, len(times))), newest):
        time_ms, value = np.full(count, time_at), truth.value[:, slot].astype(np.float64)
        readings = ReadingColumns(list(names), time_ms, value, kind.astype(np.uint8), kind)
        for _ in partition.take(readings, sent_ms, np.zeros(count, np.int64), 0):
            pass
    for slot, time_at in enumerate(times[:fine]):
        if windows.start <= time_at // spec.step_ms < windows.fine:
            windows.recall(time_at // spec.step_ms, truth.value[:, slot].astype(np.float32))
    table = KafkaTable(settings, number)
    try:
        table.open()
        table.checkpoint([], partition.changes())
    finally:
        table.close()
