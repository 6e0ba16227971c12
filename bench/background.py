"""What every worker knows beside the readings: how soon it is known, and what a tick pays for it.

A real Kafka with nine days of weather (observations every ten minutes, a run of 61 hours every six)
and the declarations of many series. Measured: the start of a worker's background; what a new tick
waits until all is known that was on the topics when it closed, beside the same question asked on
the connection of a consumer that waits for messages; the answer for all stations; its memory.
"""

import asyncio
import statistics
import time
from datetime import UTC, datetime

from aiokafka import AIOKafkaConsumer
from common import arguments, result, show

from gridcast.agents.metrics import Metrics
from gridcast.models.simulator import FAULTS, Simulation, build_grid, spread_series
from gridcast.schemas.topics import SERIES, WEATHER_FORECASTS, WEATHER_OBSERVATIONS
from gridcast.sources.simulator.messages import write_observations, write_weather_run
from gridcast.stream.kafka.broker import Broker
from gridcast.stream.kafka.bulk_producer import BulkProducer
from gridcast.stream.kafka.config import aiokafka_options
from gridcast.stream.kafka.topic_admin import TopicAdmin
from gridcast.stream.settings import Settings
from gridcast.stream.worker.reference_data import ReferenceData
from gridcast.units import DAY_MS, MINUTE_MS

END = datetime(2024, 3, 1, tzinfo=UTC)
END_MS = round(END.timestamp() * 1000)
SLOTS = 9 * 96  # a window of eight days and a day ahead, in steps of 15 minutes
ASKED = 200


def fill(settings: Settings, series: int) -> int:
    """Send everything; gives how many stations there are."""
    grid = build_grid(1, "DE", spread_series(series))
    simulation = Simulation(grid, 1, 60, FAULTS["none"])
    producer = BulkProducer(settings, (SERIES, WEATHER_OBSERVATIONS, WEATHER_FORECASTS))
    producer.send(SERIES, ((one.series.encode(), one.to_bytes()) for one in grid.series))
    span = END_MS - 9 * DAY_MS, END_MS
    for observed in simulation.observations(*span):
        zone = grid.zones[observed.station]
        messages = ((zone.station.encode(), data) for _, data in write_observations(zone, observed))
        producer.send(WEATHER_OBSERVATIONS, messages)
    for run in simulation.weather_forecasts(*span):
        zone = grid.zones[run.station]
        producer.send(WEATHER_FORECASTS, [(zone.station.encode(), write_weather_run(zone, run))])
    producer.flush()
    return len(grid.zones)


async def measure(settings: Settings) -> dict[str, float]:
    """Start a background, and let ticks close."""
    background = ReferenceData(settings, Metrics("bench", "bench"))
    cpu, wall = time.process_time(), time.perf_counter()
    await background.start()
    figures = {"start_s": time.perf_counter() - wall, "start_cpu_s": time.process_time() - cpu}
    stations = max(1, len(background.weather))
    figures["series"] = len(background.grid)
    figures["read_kb_a_station"] = background.weather.nbytes / stations / 1000
    background.weather.forget(END_MS)
    figures["kept_kb_a_station"] = background.weather.nbytes / stations / 1000
    waits, answers = [], []
    for number in range(ASKED):
        tick = END_MS + number * MINUTE_MS
        began = time.perf_counter()
        await background.caught_up(tick)
        waits.append(1000 * (time.perf_counter() - began))
        if number % 20 == 0:
            began = time.perf_counter()
            background.weather.as_of(tick, tick - 8 * DAY_MS, SLOTS)
            answers.append(1000 * (time.perf_counter() - began))
    figures["caught_up_p50_ms"] = statistics.median(waits)
    figures["caught_up_p99_ms"] = sorted(waits)[int(0.99 * ASKED)]
    figures["as_of_ms_a_station"] = statistics.median(answers) / stations
    await background.stop()
    figures["same_connection_p50_ms"] = await ask_on_the_same(settings)
    return figures


async def ask_on_the_same(settings: Settings) -> float:
    """Ask for the end of a topic with the consumer that reads it."""
    topic = settings.topic_prefix + WEATHER_OBSERVATIONS.name
    consumer = AIOKafkaConsumer(topic, **aiokafka_options(settings), auto_offset_reset="latest")
    await consumer.start()
    reading = asyncio.create_task(consumer.getmany(timeout_ms=60_000))
    waits = []
    for _ in range(9):
        await asyncio.sleep(0.1)
        began = time.perf_counter()
        await consumer.end_offsets(list(consumer.assignment()))
        waits.append(1000 * (time.perf_counter() - began))
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    await consumer.stop()
    return statistics.median(waits)


def main() -> None:
    given = arguments(__doc__).parse_args()
    series = 5_500 if given.quick else 55_000
    with Broker() as broker:
        settings = Settings(broker=broker.address)
        admin = TopicAdmin(settings)
        admin.create(admin.look().missing)
        stations = fill(settings, series)
        figures = {"stations": stations} | asyncio.run(measure(settings))
    rows = [
        [f"start: {stations} stations of nine days, {series:,} series", "s", "start_s"],
        ["  of that CPU", "s", "start_cpu_s"],
        ["memory a station, as read", "kB", "read_kb_a_station"],
        ["memory a station, of what ticks can see", "kB", "kept_kb_a_station"],
        ["a new tick waits, median", "ms", "caught_up_p50_ms"],
        ["a new tick waits, 99 %", "ms", "caught_up_p99_ms"],
        ["the same question on the reader's connection, median", "ms", "same_connection_p50_ms"],
        ["weather of a tick, 864 slots, a station", "ms", "as_of_ms_a_station"],
    ]
    shown = [[what, f"{figures[name]:.3g}", unit] for what, unit, name in rows]
    show("The background", ["what", "measured", "unit"], shown)
    if given.json:
        print(result("background", figures))


if __name__ == "__main__":
    main()
