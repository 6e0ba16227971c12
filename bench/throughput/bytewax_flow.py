# /// script
# requires-python = ">=3.11"
# dependencies = ["bytewax[kafka]==0.21.1", "msgspec>=0.19"]
# ///
"""Bytewax: a stateful step by key, with no recovery (it would need a store of its own)."""

import sys
from typing import Any

import bytewax.operators as op
from bytewax.connectors.kafka import KafkaSink, KafkaSinkMessage, KafkaSource, KafkaSourceMessage
from bytewax.dataflow import Dataflow
from bytewax.run import cli_main
from ring import (
    PartitionOutput,
    Reading,
    SeriesOutput,
    Total,
    Window,
    add,
    decode,
    encode,
    fold,
    minute_of,
    new_window,
)

BATCH = 5_000


def by_series(window: Window | None, reading: Reading) -> tuple[Window, list[SeriesOutput]]:
    minute = minute_of(reading.time)
    window = window or new_window(minute)
    output = fold(window, reading.series, minute, reading.value)
    return window, [] if output is None else [output]


def by_partition(
    state: tuple[Total, dict[str, Window]] | None, taken: tuple[int, Reading]
) -> tuple[tuple[Total, dict[str, Window]], list[PartitionOutput]]:
    partition, reading = taken
    total, windows = state or (Total(partition), {})
    minute = minute_of(reading.time)
    output = total.fold(minute, reading.value)
    if reading.series not in windows:
        windows[reading.series] = new_window(minute)
    add(windows[reading.series], minute, reading.value)
    return (total, windows), [] if output is None else [output]


def keyed(message: KafkaSourceMessage[Any, Any]) -> tuple[str, Reading]:
    reading = decode(message.value)
    return reading.series, reading


def partitioned(message: KafkaSourceMessage[Any, Any]) -> tuple[str, tuple[int, Reading]]:
    return str(message.partition), (message.partition, decode(message.value))


def to_message(output: tuple[str, Any]) -> KafkaSinkMessage[bytes, bytes]:
    return KafkaSinkMessage(output[0].encode(), encode(output[1]))


def main() -> None:
    # It belongs to no group: offsets are its own affair.
    broker, readings, outputs, _, shape, _ = sys.argv[1:]
    flow = Dataflow("windows")
    source = KafkaSource([broker], [readings], batch_size=BATCH)
    messages = op.input("readings", flow, source)
    if shape == "series":
        closed: Any = op.stateful_flat_map("window", op.map("key", messages, keyed), by_series)
    else:
        parted = op.map("key", messages, partitioned)
        closed = op.stateful_flat_map("window", parted, by_partition)
    sink = KafkaSink([broker], outputs, add_config={"compression.type": "lz4"})
    op.output("outputs", op.map("encode", closed, to_message), sink)
    cli_main(flow)


main()
