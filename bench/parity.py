"""The same history live-like, replayed and backtested: how many forecasts differ in a byte.

    uv run bench/parity.py

A month with dirt in it (late, doubled, out of order, missing and corrected readings, a worker
killed half-way) is sent through Kafka as it came, with two workers; by `gridcast replay` at full
speed, with two workers; and taken in process as `gridcast backtest` does. Every forecast of every
tick is compared byte for byte.
"""

import tempfile
import time
from pathlib import Path

from common import history_arguments, print_figures
from support.parity.material import make_recording
from support.parity.published import backtested, compare, on_topic
from support.parity.settings import settings_of
from support.parity.ways import play_again, play_live

from gridcast.stream.kafka.broker import Broker


def measure(
    broker: str, folder: Path, *, series: int, minutes: int, horizon: float, model: str
) -> dict[str, object]:
    """Go all three ways and compare."""
    source = folder / "history"
    recording = make_recording(source, series, minutes, seed=7)
    seconds: dict[str, float] = {}

    def timed(name: str, began_s: float) -> None:
        seconds[name] = round(time.monotonic() - began_s, 1)

    live = settings_of(broker, folder, "live", horizon, model)
    again = settings_of(broker, folder, "again", horizon, model)
    began_s = time.monotonic()
    play_live(recording, live, folder / "live", stretches=max(4, minutes // 360))
    timed("live_s", began_s)
    began_s = time.monotonic()
    replayed = play_again(source, again, folder / "again")
    timed("replay_s", began_s)
    began_s = time.monotonic()
    in_process = backtested(recording, live)
    timed("backtest_s", began_s)
    published = on_topic(live)
    other = on_topic(again)
    comparisons = {"replay": compare(published, other), "backtest": compare(published, in_process)}
    for way, difference in comparisons.items():
        for example in difference.examples:
            print(f"live and {way}: {example}")
    return {
        "series": len(recording.series),
        "minutes": minutes,
        "readings": len(recording.arrivals),
        "forecasts": len(published.prints),
        "lost": sum(comparison.lost for comparison in comparisons.values()),
        "differing": sum(comparison.differing for comparison in comparisons.values())
        + published.unlike
        + other.unlike,
        "twice": published.twice + other.twice,
        "replay_times_real_time": replayed["times_real_time"],
        **seconds,
        **{f"rung_{name}": count for name, count in sorted(published.rungs.items())},
    }


def main() -> None:
    asked = history_arguments(__doc__ or "", series=25, length=("days", 30), horizon=1)
    series, minutes = asked.series, round(asked.days * 1440)
    if asked.quick:
        series, minutes = 6, 90
    with tempfile.TemporaryDirectory(prefix="gridcast-parity-") as place, Broker() as broker:
        figures = measure(
            broker.address,
            Path(place),
            series=series,
            minutes=minutes,
            horizon=asked.horizon,
            model=asked.model,
        )
    print_figures("parity", figures, json=asked.json)


if __name__ == "__main__":
    main()
