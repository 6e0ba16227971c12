"""How many times as fast as life a grid is replayed through Kafka and the workers.

    uv run bench/replay.py

A thousand series with a reading a minute, from files through `gridcast replay --speed max`: sent,
taken, forecast every minute, checkpointed, and worked off to the last reading, the start of the
workers included. Beside it how fast they were only sent.

The windows are full when it begins, as they are when the window before a stretch has been played:
the model answers from the first tick.
"""

import tempfile
from pathlib import Path

from parity_parts.material import START_MS, make_recording
from parity_parts.ways import play_again
from parity_parts.words import ask, settings_of, tell
from recovery_parts.state import write_state

from gridcast.stream.broker import Broker
from gridcast.stream.recording import Recording
from gridcast.stream.recording.partitions import partitions_of
from gridcast.stream.replay.sender import make_topics
from gridcast.stream.settings import Settings


def fill_windows(settings: Settings, recording: Recording) -> None:
    """Write the workers' tables as eight days of readings leave them."""
    make_topics(settings)
    names = [one.series for one in recording.series]
    number = partitions_of(names, settings.partitions)
    for partition in range(settings.partitions):
        own = [name for name, n in zip(names, number, strict=True) if n == partition]
        write_state(settings, partition, own, START_MS)


def main() -> None:
    asked = ask(__doc__ or "", series=1_000, length=("hours", 12), horizon=24)
    series, minutes = asked.series, round(asked.hours * 60)
    if asked.quick:
        series, minutes = 100, 30
    with tempfile.TemporaryDirectory(prefix="gridcast-replay-") as place, Broker() as broker:
        folder = Path(place)
        recording = make_recording(folder / "history", series, minutes, seed=1)
        settings = settings_of(broker.address, folder, "again", asked.horizon, asked.model)
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
    tell("replay", figures, json=asked.json)


if __name__ == "__main__":
    main()
