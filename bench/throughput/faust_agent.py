"""Faust as its documentation shows it: an agent, a Record, a table written for every event."""

import sys
from datetime import datetime
from typing import Any

import faust
import msgspec
from ring import Total, fold, minute_of, new_window


class Reading(faust.Record, serializer="json"):
    """The fields that are used."""

    series: str
    time: str
    value: float


def main() -> None:
    broker, readings, outputs, group, shape, folder = sys.argv[1:]
    app = faust.App(
        group,
        broker=f"kafka://{broker}",
        datadir=folder,
        consumer_auto_offset_reset="earliest",
        broker_commit_interval=1.0,
        producer_acks=-1,
        producer_compression_type="lz4",
        topic_disable_leader=True,
        web_enabled=False,
    )
    source = app.topic(readings, key_type=str, value_type=Reading)
    target = app.topic(outputs, key_type=str, value_serializer="json")
    windows = app.Table("windows", partitions=4)
    totals: dict[int, Total] = {}

    async def take(stream: Any) -> None:
        async for event in stream.events():
            reading = event.value
            minute = minute_of(datetime.fromisoformat(reading.time))
            window = windows.get(reading.series) or new_window(minute)
            output: Any = fold(window, reading.series, minute, reading.value)
            windows[reading.series] = window
            key = reading.series
            if shape == "partition":
                number = event.message.partition
                total = totals.setdefault(number, Total(number))
                output, key = total.fold(minute, reading.value), str(number)
            if output is not None:
                await target.send(key=key, value=msgspec.to_builtins(output))

    app.agent(source)(take)
    app.finalize()
    faust.Worker(app, loglevel="WARNING").execute_from_commandline()


main()
