"""What the state costs on its topic, a series and minute: a checkpoint a tick, all included."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import numpy as np
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from gridcast.agents.batch import Batch
from gridcast.agents.metrics import Metrics
from gridcast.agents.partition_processor import PartitionProcessor, ProcessorSettings
from gridcast.models.simulator import FAULTS, Simulation, build_grid, spread_series
from gridcast.models.tick import TickSetup
from gridcast.schemas.topics import READINGS, STATE
from gridcast.stream.kafka.broker import Broker
from gridcast.stream.kafka.config import librdkafka_options
from gridcast.stream.kafka.topic_admin import TopicAdmin
from gridcast.stream.recording.reading_writer import ReadingWriter
from gridcast.stream.settings import Settings
from gridcast.stream.state.async_table import AsyncTable
from gridcast.stream.state.kafka_table import KafkaTable
from gridcast.stream.worker.forecasting import tick_forecaster
from gridcast.stream.worker.processor_settings import processor_settings
from gridcast.units import MINUTE_MS

START_MS = 1_767_225_600_000
WARM_MINUTES = 130
"""From then on as much leaves the fine part of the windows as comes in."""
BATCHES_A_MINUTE = 4


def changelog(broker: Broker, series: int, minutes: int) -> dict[str, float]:
    """Take so many minutes of a well-run grid's readings; measure those after the first two hours.

    Bytes on the disk are as Kafka keeps them: compressed, with all that makes a transaction.
    """
    settings = Settings(broker=broker.address, topic_prefix="changelog.", partitions=1)
    state = settings.topic_prefix + STATE.name
    # Not compacted, so that nothing of it is gone before it is counted.
    client = AdminClient(librdkafka_options(settings))
    client.create_topics([NewTopic(state, 1, 1)])[state].result(30)
    admin = TopicAdmin(settings)
    admin.create(admin.look().missing)
    log = next((broker.directory or Path()).glob(f"node-1/data/{state}-0"))
    return asyncio.run(_play(settings, log, series, minutes))


async def _play(settings: Settings, log: Path, series: int, minutes: int) -> dict[str, float]:
    with ThreadPoolExecutor(1) as threads:
        prefix = settings.topic_prefix
        table = AsyncTable(KafkaTable(settings, 0), prefix, threads, lambda _: None, lambda: None)
        metrics = Metrics("bench", "bench")
        held = PartitionProcessor(0, table, _checking(settings), metrics)
        await held.take_over()
        steady, before = START_MS + WARM_MINUTES * MINUTE_MS, None
        for batch in _batches(settings, series, minutes):
            if before is None and batch.sent_ms[0] >= steady:
                await held.save()
                before = _written(settings, log)
                began_tick = held.tick_ms or 0
            await held.take(batch)
        await held.save()
        after, ticks = _written(settings, log), ((held.tick_ms or 0) - began_tick) / MINUTE_MS
        await held.close()
    assert before is not None, "more minutes are needed"
    written, on_disk = (float(b - a) / ticks / series for a, b in zip(before, after, strict=True))
    return {
        "changelog_bytes_a_series_minute": round(written, 2),
        "changelog_disk_bytes_a_series_minute": round(on_disk, 2),
        "changelog_series": series,
        "changelog_ticks": ticks,
    }


def _checking(settings: Settings) -> ProcessorSettings:
    """Note and judge forecasts, but send none: only a slot's first tick keeps any of them."""
    step_ms = settings.step_minutes * MINUTE_MS
    return processor_settings(settings, TickSetup(tick_forecaster(settings), step_ms))


def _batches(settings: Settings, series: int, minutes: int) -> Iterator[Batch]:
    """Give what arrives, a quarter of a minute at a time: no tick shares a checkpoint."""
    grid = build_grid(seed=1, country_code="KR", meters_of=spread_series(series))
    simulation = Simulation(grid, seed=1, step_s=60, faults=FAULTS["mild"])
    writer, offset = ReadingWriter(grid.ids), 0
    for chunk in simulation.chunks(START_MS, START_MS + minutes * MINUTE_MS):
        come = chunk.arrivals
        part = come.arrival_ms * BATCHES_A_MINUTE // MINUTE_MS
        cuts = np.flatnonzero(np.diff(part, prepend=-1, append=-1))
        for first, end in pairwise(cuts.tolist()):
            some = come.take(slice(first, end))
            keys, values = zip(*writer.write(some), strict=True)
            offsets = range(offset, offset + len(keys))
            offset = offsets.stop
            yield Batch(
                settings.topic_prefix + READINGS.name,
                0,
                offsets.start,
                offsets.stop,
                offsets,
                keys,
                values,
                np.asarray(some.arrival_ms),
            )


def _written(settings: Settings, log: Path) -> tuple[int, int]:
    """Give the bytes of all records' keys and values so far, and those on the disk."""
    consumer = Consumer(
        librdkafka_options(settings) | {"group.id": "bench", "enable.auto.commit": False}
    )
    topic = settings.topic_prefix + STATE.name
    _, end = consumer.get_watermark_offsets(TopicPartition(topic, 0), 10)
    consumer.assign([TopicPartition(topic, 0, 0)])
    size = 0
    while consumer.position([TopicPartition(topic, 0)])[0].offset < end - 1:
        for message in consumer.consume(1000, 0.5):
            size += len(message.key() or b"") + len(message.value() or b"")
    consumer.close()
    return size, sum(path.stat().st_size for path in log.glob("*.log"))
