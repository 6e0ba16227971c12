"""How many times as fast as life a grid is replayed through Kafka and the workers.

    uv run bench/replay.py

A thousand series with a reading a minute, from files through `gridcast replay --speed max`: sent,
taken, forecast every minute as live, checkpointed, and worked off to the last reading, the start of
the workers included; and the same with `--every 15`, a forecast where a slot begins. Beside it how
fast they were only sent.

The windows are full when it begins, as they are when the window before a stretch has been played:
the model answers from the first tick.
"""

import tempfile
from argparse import Namespace
from pathlib import Path

from common import history_arguments, result, show
from recovery.state import write_state
from support.parity.material import START_MS, make_recording
from support.parity.settings import settings_of
from support.parity.ways import play_again

from gridcast.stream.kafka.broker import Broker
from gridcast.stream.recording import Recording
from gridcast.stream.recording.partitions import partitions_of
from gridcast.stream.replay.sender import make_topics
from gridcast.stream.settings import Settings

EVERY = (1, 15)
"""Minutes between two forecasts of a series."""
Row = dict[str, float]


def fill_windows(settings: Settings, recording: Recording) -> None:
    """Write the workers' tables as eight days of readings leave them."""
    make_topics(settings)
    names = [one.series for one in recording.series]
    number = partitions_of(names, settings.partitions)
    for partition in range(settings.partitions):
        own = [name for name, n in zip(names, number, strict=True) if n == partition]
        write_state(settings, partition, own, START_MS)


def measure(folder: Path, broker: str, recording: Recording, asked: Namespace, every: int) -> Row:
    """Replay it with a forecast of every series every so many minutes."""
    name = f"every{every}"
    settings = settings_of(broker, folder, name, asked.horizon, asked.model)
    settings = settings.model_copy(update={"every_minutes": every})
    fill_windows(settings, recording)
    found = play_again(folder / "history", settings, folder / name)
    event_s = asked.hours * 3600  # what arrives late after the end counts for no time
    return {
        "every_minutes": every,
        "seconds": found["seconds"],
        "times_real_time": round(event_s / found["seconds"], 1),
        "readings_per_s": round(found["readings"] / found["seconds"], 1),
        "sent_times_real_time": round(event_s / max(found["seconds_sending"], 1e-3), 1),
    }


def main() -> None:
    asked = history_arguments(__doc__ or "", series=1_000, length=("hours", 48), horizon=24)
    if asked.quick:
        asked.series, asked.hours = 100, 0.5
    with tempfile.TemporaryDirectory(prefix="gridcast-replay-") as place, Broker() as broker:
        folder = Path(place)
        minutes = round(asked.hours * 60)
        recording = make_recording(folder / "history", asked.series, minutes, seed=1)
        rows = [measure(folder, broker.address, recording, asked, every) for every in EVERY]
    series, readings = len(recording.series), len(recording.arrivals)
    title = f"replay of {asked.hours:g} hours of {series:,} series, {readings:,} readings"
    show(title, [*rows[0]], [[f"{value:,}" for value in row.values()] for row in rows])
    if asked.json:
        figures: dict[str, object] = {"series": series, "readings": readings, "hours": asked.hours}
        for row in rows:
            figures[f"every_{row['every_minutes']}"] = row
        print(result("replay", figures))


if __name__ == "__main__":
    main()
