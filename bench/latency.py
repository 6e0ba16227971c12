"""How soon a forecast is there: from a reading in Kafka to the forecasts that it sets off in Kafka.

1,000 series with full windows in 4 partitions, one worker, the network in the box, a real broker.
Each minute of event time all series send a reading; the first of a partition closes its tick. The
time runs from when Kafka has confirmed that reading until a consumer that reads committed messages
only has each of the forecasts in its hands. One minute in 15 begins a slot: there every series is
answered anew. Minutes are sent one after the other with a pause, not in real time.

Beside it the network alone, asked for all 1,000 at once as a worker asks it where a slot begins:
told what it has read in the minutes before; and as a worker does that has just come, which has to
read all hours of all windows.
"""

import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from tempfile import mkdtemp
from threading import Event, Thread

import numpy as np
from common import arguments, result, show
from confluent_kafka import Consumer, Message, Producer
from recovery.state import write_state
from support.chaos.deployment import Deployment

from gridcast.models.features import FeatureBuilder
from gridcast.models.network import Network
from gridcast.models.windows.marks import PLAIN
from gridcast.schemas import Forecast, GridSeries, Reading
from gridcast.schemas.topics import FORECASTS, READINGS
from gridcast.stream.kafka.broker import Broker
from gridcast.stream.kafka.config import librdkafka_options, producer_options
from gridcast.stream.recording.partitions import partitions_of
from gridcast.stream.releases.box import boxed
from gridcast.stream.settings import Settings, load

SERIES, PARTITIONS = 1_000, 4
START_MS = 1_767_225_600_000
STEP_MINUTES = 15
PAUSE_S = 1.0
WITHIN_S = 90.0
LIMITS = {"p99_ms": 250, "inference_p99_ms": 100}


class Watch:
    """Reads forecasts as they are committed, and notes when each came."""

    def __init__(self, settings: Settings) -> None:
        options = librdkafka_options(settings) | {
            "group.id": "latency",
            "isolation.level": "read_committed",
            "auto.offset.reset": "earliest",
            "fetch.wait.max.ms": 10,
        }
        self._consumer = Consumer(options)
        self._consumer.subscribe([settings.topic_prefix + FORECASTS.name])
        self._stop = Event()
        self.came: list[tuple[float, bytes, bytes]] = []
        """When, whose, and the forecast."""
        self._thread = Thread(target=self._read)
        self._thread.start()

    def _read(self) -> None:
        while not self._stop.is_set():
            # One by one: `consume` would hold back what came until it has as many as it may give.
            message = self._consumer.poll(0.05)
            if message is not None:
                self.came.append((time.perf_counter(), message.key(), message.value()))
        self._consumer.close()

    def wait_for(self, count: int) -> None:
        """Wait until so many have come."""
        end = time.monotonic() + WITHIN_S
        while len(self.came) < count:
            if time.monotonic() > end:
                raise SystemExit(f"latency: {len(self.came)} of {count} forecasts came")
            time.sleep(0.02)

    def stop(self) -> None:
        """Read no more."""
        self._stop.set()
        self._thread.join()


def measure(minutes: int, folder: Path) -> dict[str, list[float]]:
    """Give the latencies of all forecasts, ms: of plain minutes, and of where slots begin."""
    names = names_of(PARTITIONS, SERIES // PARTITIONS)
    with Broker() as broker:
        chosen = {
            "broker": broker.address,
            "topic_prefix": "latency.",
            "partitions": PARTITIONS,
            "clock": "replay",
            "hold_minutes": 3,
            "cache_dir": folder / "cache",
        }
        deployment = Deployment(load().settings.model_copy(update=chosen), folder / "worker")
        watch = Watch(deployment.settings)
        try:
            for number, some in enumerate(names):
                write_state(deployment.settings, number, some, START_MS)
            deployment.start()
            return dict(_minutes(deployment.settings, watch, names, minutes))
        finally:
            watch.stop()
            deployment.close()


def _minutes(
    settings: Settings, watch: Watch, names: list[list[str]], minutes: int
) -> Iterator[tuple[str, list[float]]]:
    topic = settings.topic_prefix + READINGS.name
    producer = Producer(producer_options(settings) | {"linger.ms": 0})
    # The partitions' readings come mixed, as they do in life.
    partition_of = {one: p for same in zip(*names, strict=True) for p, one in enumerate(same)}
    rng = np.random.default_rng(0)
    found: dict[str, list[float]] = {"minute": [], "boundary": []}
    for minute in range(STEP_MINUTES + minutes):
        confirmed = _Confirmed()
        before = len(watch.came)
        tick = time_of(minute)
        # Made before it is sent: what the bench itself has to do is not to be measured.
        readings = [
            Reading(series=name, time=tick, value=round(rng.random() * 5, 3)).to_bytes()
            for name in partition_of
        ]
        for reading, (name, partition) in zip(readings, partition_of.items(), strict=True):
            producer.produce(topic, reading, name, partition, on_delivery=confirmed.note)
        producer.poll(0)
        producer.flush()
        watch.wait_for(before + SERIES)
        if minute >= STEP_MINUTES:  # the first slot warms up
            kind = "minute" if minute % STEP_MINUTES else "boundary"
            for at, key, value in watch.came[before:]:
                if Forecast.from_bytes(value).tick != tick:
                    raise SystemExit("latency: a forecast of another tick came")
                found[kind].append((at - confirmed.at[partition_of[key.decode()]]) * 1000)
        time.sleep(PAUSE_S)
    yield from found.items()


class _Confirmed:
    """When Kafka confirmed the first reading of each partition."""

    def __init__(self) -> None:
        self.at: dict[int, float] = {}

    def note(self, _: object, message: Message) -> None:
        self.at.setdefault(message.partition() or 0, time.perf_counter())


def names_of(partitions: int, count: int) -> list[list[str]]:
    """Name so many series for each partition, the one into which Kafka's own client puts them."""
    names = [f"meter-{i:05d}" for i in range(2 * partitions * count)]
    number = partitions_of(names, partitions)
    return [[names[i] for i in np.flatnonzero(number == n)[:count]] for n in range(partitions)]


def time_of(minute: int) -> datetime:
    """Give the time of a minute."""
    return datetime.fromtimestamp(START_MS / 1000 + minute * 60, UTC)


def inference(rounds: int) -> tuple[list[float], list[float]]:
    """Give how long the network takes for all series at once, on all cores, milliseconds.

    First told what it has read ahead, then reading all.
    """
    network = Network.load(boxed(STEP_MINUTES))
    spec = network.contract.features
    rng = np.random.default_rng(0)
    mean = (1 + rng.random((spec.window, SERIES))).astype(np.float32)
    series = [GridSeries(series="m")] * SERIES
    mark = np.full(mean.shape, PLAIN, np.uint8)
    inputs, _ = FeatureBuilder(spec).build((mean, mark), START_MS, series)
    memory, parts = network.encode(inputs), range(0, SERIES, network.part)
    asked = [
        (inputs.take(slice(at, at + network.part)), memory[at : at + network.part]) for at in parts
    ]
    told, unread = [], []
    with ThreadPoolExecutor() as pool:
        for _ in range(rounds):
            began = time.perf_counter()
            list(pool.map(lambda part: network.forecast(*part), asked))
            told.append((time.perf_counter() - began) * 1000)
            began = time.perf_counter()
            list(pool.map(lambda part: network.forecast(part[0]), asked))
            unread.append((time.perf_counter() - began) * 1000)
    return told[1:], unread[1:]


def main() -> int:
    given = arguments(__doc__ or "").parse_args()
    minutes, rounds = (STEP_MINUTES, 20) if given.quick else (6 * STEP_MINUTES, 100)
    found = measure(minutes, Path(mkdtemp(prefix="gridcast-latency-")))
    told, unread = inference(rounds)
    rows, figures = [], dict[str, float]()
    for name, prefix, values in (
        ("all forecasts", "", found["minute"] + found["boundary"]),
        ("between slots", "minute_", found["minute"]),
        ("where a slot begins", "boundary_", found["boundary"]),
        ("the network alone", "inference_", told),
        ("… all windows unread", "unread_", unread),
    ):
        parts = {f"p{part}": float(np.percentile(values, part)) for part in (50, 95, 99)}
        figures |= {f"{prefix}{part}_ms": round(value, 1) for part, value in parts.items()}
        limit = LIMITS.get(f"{prefix}p99_ms")
        rows.append(
            [
                name,
                f"{len(values):,}",
                *(f"{value:.0f}" for value in parts.values()),
                "" if limit is None else f"p99 {limit}",
            ]
        )
    columns = ["", "n", "p50 ms", "p95 ms", "p99 ms", "limit"]
    show(f"{SERIES:,} series, {minutes} minutes, one worker", columns, rows)
    if given.json:
        print(result("latency", figures))
    return 0 if all(figures[name] <= limit for name, limit in LIMITS.items()) else 1


if __name__ == "__main__":
    sys.exit(main())
