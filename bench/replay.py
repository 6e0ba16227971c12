"""How many times as fast as life a grid is replayed through Kafka and the workers.

    uv run bench/replay.py

A thousand series with a reading a minute, from files through `gridcast replay --speed max`: sent,
taken, forecast every minute, checkpointed, and worked off to the last reading, the start of the
workers included. Beside it how fast they were only sent.

The windows are full when it begins, as they are when the window before a stretch has been played:
the model answers. `--windows empty` begins without a past, as a deployment does: for its first day
the last level answers, which is another one every minute.
"""

import tempfile
from pathlib import Path

from common import arguments, result, show
from parity_parts.material import START_MS, make_recording
from parity_parts.ways import WORKERS, play_again
from recovery_parts.state import write_state

from gridcast.stream.broker import Broker
from gridcast.stream.recording import Recording
from gridcast.stream.recording.partitions import partitions_of
from gridcast.stream.replay.sender import make_topics
from gridcast.stream.settings import Settings, load


def fill_windows(settings: Settings, recording: Recording) -> None:
    """Write the workers' tables as eight days of readings leave them."""
    make_topics(settings)
    names = [one.series for one in recording.series]
    number = partitions_of(names, settings.partitions)
    for partition in range(settings.partitions):
        own = [name for name, n in zip(names, number, strict=True) if n == partition]
        write_state(settings, partition, own, START_MS)


def main() -> None:
    parser = arguments(__doc__ or "")
    parser.add_argument("--series", type=int, default=1_000)
    parser.add_argument("--hours", type=float, default=12)
    parser.add_argument("--horizon", type=float, default=24, help="hours")
    parser.add_argument("--windows", choices=("full", "empty"), default="full")
    parser.add_argument("--model", choices=("box", "none"), default="box")
    asked = parser.parse_args()
    series, minutes = asked.series, round(asked.hours * 60)
    if asked.quick:
        series, minutes = 100, 30
    with tempfile.TemporaryDirectory(prefix="gridcast-replay-") as place, Broker() as broker:
        folder = Path(place)
        recording = make_recording(folder / "history", series, minutes, seed=1)
        chosen = {
            "broker": broker.address,
            "topic_prefix": "again.",
            "partitions": WORKERS,
            "clock": "replay",
            "horizon_hours": asked.horizon,
            "model": asked.model,
            "threads": 1,
            "cache_dir": folder / "cache",
        }
        settings = load().settings.model_copy(update=chosen)
        if asked.windows == "full":
            fill_windows(settings, recording)
        found = play_again(folder / "history", settings, folder / "again")
    event_s = minutes * 60  # what arrives late after the end counts for no time
    figures = {
        "series": len(recording.series),
        "readings": int(found["readings"]),
        "event_minutes": minutes,
        "seconds": found["seconds"],
        "times_real_time": round(event_s / found["seconds"], 1),
        "readings_per_s": round(found["readings"] / found["seconds"], 1),
        "sent_times_real_time": round(event_s / max(found["seconds_sending"], 1e-3), 1),
    }
    show("replay", ["figure", "value"], [[name, f"{value:,}"] for name, value in figures.items()])
    if asked.json:
        print(result("replay", figures))


if __name__ == "__main__":
    main()
