"""How many times as fast as life a grid is replayed through Kafka and the workers.

    uv run bench/replay.py

A thousand series with a reading a minute, from files through `gridcast replay --speed max`: sent,
taken, forecast every minute, checkpointed, and worked off to the last reading, the start of the
workers included. Beside it how fast they were only sent.
"""

import tempfile
from pathlib import Path

from common import arguments, result, show
from parity_parts.material import make_recording
from parity_parts.ways import WORKERS, play_again

from gridcast.stream.broker import Broker
from gridcast.stream.settings import load


def main() -> None:
    parser = arguments(__doc__ or "")
    parser.add_argument("--series", type=int, default=1_000)
    parser.add_argument("--hours", type=float, default=4)
    parser.add_argument("--horizon", type=float, default=24, help="hours")
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
