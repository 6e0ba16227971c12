"""A partition is walked as a worker takes it: message by message, however many at once."""

from dataclasses import replace

import numpy as np
import pytest
from support.recordings import DAY, HOUR, START, make_recording

from gridcast.learning.backtest import walk as walking
from gridcast.learning.backtest.plan import make_plan
from gridcast.learning.backtest.run import NamedForecaster, partition_tasks
from gridcast.learning.backtest.tick_context import backtest_context
from gridcast.learning.backtest.walk import PartitionTask, forecasts
from gridcast.models.partition import Partition
from gridcast.models.tick import TickSetup, run_tick
from gridcast.schemas.columns import ReadingColumns
from gridcast.stream.recording.recording import Places
from gridcast.stream.settings import Settings
from gridcast.stream.worker.forecasting import tick_forecaster

SETTINGS = Settings(step_minutes=60, partitions=1)


@pytest.fixture(scope="module")
def frames() -> PartitionTask:
    """Four readings a message: of other series and of other times."""
    recording = make_recording(series=3, days=10)
    count = len(recording.arrivals)
    offset = 5 + np.arange(count) // 4
    stamp = np.maximum.accumulate(recording.arrivals.arrival_ms)
    stamp = stamp[np.searchsorted(offset, offset, side="right") - 1]
    recording = replace(
        recording,
        arrivals=replace(recording.arrivals, arrival_ms=stamp),
        places=Places(np.zeros(count, np.int32), offset),
    )
    plan = make_plan(
        recording,
        SETTINGS,
        from_ms=START + 9 * DAY,
        to_ms=START + 9 * DAY + 12 * HOUR,
        every_minutes=60,
        most_judged=10**6,
    )
    (way,) = partition_tasks(recording, plan, [NamedForecaster("none", "none")], None)
    return way


def one_by_one(way: PartitionTask) -> list[bytes]:
    """Give a partition one message after the other."""
    settings = way.plan.settings
    forecaster = tick_forecaster(settings)
    partition = Partition(forecaster.spec, round(settings.lateness_s * 1000))
    context, _ = backtest_context(settings, way.series, way.weather, "none")
    setup = TickSetup(forecaster, HOUR)
    told = []
    for offset in np.unique(way.offset):
        some = way.arrivals.take(way.offset == offset)
        readings = ReadingColumns(
            [way.series[row].series for row in some.series],
            *(some.time_ms, some.value, some.quality, some.revision),
        )
        at = np.full(len(some), offset)
        for tick in partition.take(readings, some.arrival_ms, at, int(offset) + 1):
            if tick.time_ms % HOUR == 0:
                output = run_tick(partition, tick, context, setup)
                if output.forecasts is not None and way.plan.is_due(tick.time_ms):
                    told += [value for _, value in output.forecasts.messages()]
    return told


@pytest.mark.parametrize("at_once", [1, 7, 50_000])
def test_a_tick_closes_behind_a_frame_and_never_within(
    frames: PartitionTask, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walking, "AT_ONCE", at_once)
    found = [value for _, columns in forecasts(frames) for _, value in columns.messages()]
    assert len(found) == 12 * 3
    assert found == one_by_one(frames)
