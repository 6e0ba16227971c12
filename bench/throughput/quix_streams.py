# /// script
# requires-python = ">=3.11"
# dependencies = ["quixstreams==3.28.1", "msgspec>=0.19"]
# ///
"""Quix Streams: a stateful function by key, RocksDB and a changelog."""

import sys
from datetime import datetime
from typing import Any

import msgspec
from quixstreams import Application, State, message_context
from ring import Total, fold, minute_of, new_window


def main() -> None:
    broker, readings, outputs, group, shape, folder = sys.argv[1:]
    totals: dict[int, Total] = {}

    def take(value: dict[str, Any], state: State) -> list[dict[str, Any]]:
        minute = minute_of(datetime.fromisoformat(value["time"]))
        window = state.get("window") or new_window(minute)
        output: Any = fold(window, value["series"], minute, value["value"])
        state.set("window", window)
        if shape == "partition":
            partition = message_context().partition
            total = totals.setdefault(partition, Total(partition))
            output = total.fold(minute, value["value"])
        return [] if output is None else [msgspec.to_builtins(output)]

    app = Application(
        broker_address=broker,
        consumer_group=group,
        auto_offset_reset="earliest",
        commit_interval=1.0,
        state_dir=folder,
        loglevel="WARNING",
        producer_extra_config={"compression.type": "lz4", "acks": "all"},
    )
    stream = app.dataframe(app.topic(readings, key_deserializer="str"))
    stream = stream.apply(take, stateful=True, expand=True)
    key = "series" if shape == "series" else "partition"
    stream.to_topic(app.topic(outputs, key_serializer="str"), key=lambda output: str(output[key]))
    app.run()


main()
