"""What it costs to lose nothing, and how long it takes to go on.

- What the state costs on its topic, of a well-run grid's readings, with a checkpoint every tick.
- A worker started on a state of 8 days of 100,000 series (--quick: 10,000): from the start of its
  process until the forecasts of its first tick are committed.
- Two workers, one killed with `kill -9` (`takeover_s`) or asked to stop (`handover_s`): until the
  other has kept new readings of all partitions.
- A day in peace and the same day with kills, broker restarts and rebalances, compared byte for
  byte. `--kills 300` takes hours of event time and of yours; `--seed` chooses another storm.
"""

import argparse
import sys
from pathlib import Path
from tempfile import mkdtemp

from common import arguments, result, show
from support.chaos.day import make_day
from support.chaos.deployment import Deployment
from support.chaos.experiment import Experiment, play
from support.chaos.storm import Storm
from support.chaos.takeover import share_out, takeover_s

from gridcast.stream.kafka.broker import Broker
from gridcast.stream.settings import load
from recovery.changelog import changelog
from recovery.restart import restart

LIMITS = {
    "changelog_bytes_a_series_minute": 32.0,
    "restart_s_100k": 10.0,
    "takeover_s": 15.0,
    "lost": 0.0,
    "differing": 0.0,
    "twice": 0.0,
}
SERIES = 9


def takeover(broker: Broker, folder: Path) -> dict[str, float]:
    """Kill one of two workers, at default settings; stop one of two."""
    chosen = {"broker": broker.address, "topic_prefix": "takeover.", "cache_dir": folder / "cache"}
    deployment = Deployment(load().settings.model_copy(update=chosen), folder / "takeover")
    try:
        lost, left = share_out(deployment, 2)
        killed_s = takeover_s(deployment, lost, killed=True)
        share_out(deployment, 1)
        stopped_s = takeover_s(deployment, left, killed=False)
        return {"takeover_s": round(killed_s, 2), "handover_s": round(stopped_s, 2)}
    finally:
        deployment.close()


def chaos(broker: Broker, folder: Path, storm: Storm, hours: int) -> Experiment:
    """Play a day twice."""
    day = make_day(SERIES, hours, storm.seed)
    return play(broker, folder, day, storm, lambda line: print(line, file=sys.stderr))


def measure(asked: argparse.Namespace, folder: Path) -> dict[str, float]:
    """Measure all of it, on one Kafka."""
    series, minutes = (1_000, 160) if asked.quick else (25_000, 240)
    kills = asked.kills or (1 if asked.quick else 30)
    hours = 1 if asked.quick else max(24, kills * 24 // 30)
    storm = Storm(kills, kills // 6, kills // 3, asked.seed)
    with Broker() as broker:
        figures = changelog(broker, series, minutes)
        figures |= takeover(broker, folder)
        figures |= restart(broker, folder, 10_000 if asked.quick else 100_000)
        if not asked.quick:
            figures["restart_s_100k"] = figures["restart_s"]
        found = chaos(broker, folder, storm, hours)
    print(found)
    compared = found.comparison
    return figures | {
        "kills": storm.kills,
        "broker_restarts": storm.broker_restarts,
        "rebalances": storm.rebalances,
        "forecasts": compared.forecasts,
        "lost": compared.lost,
        "differing": compared.differing + (found.calm.windows != found.folded),
        "twice": compared.twice,
        "given_up": compared.given_up,
    }


def main() -> int:
    parser = arguments(__doc__ or "")
    parser.add_argument("--kills", type=int, help="how many workers are killed (30)")
    parser.add_argument("--seed", type=int, default=1, help="of the day and the storm")
    asked = parser.parse_args()
    folder = Path(mkdtemp(prefix="gridcast-recovery-"))
    print(f"logs: {folder}", file=sys.stderr)
    figures = measure(asked, folder)
    rows = [
        [name, f"{value:,.6g}", f"≤ {LIMITS[name]:g}" if name in LIMITS else ""]
        for name, value in figures.items()
    ]
    show("Recovery", ["figure", "measured", "limit"], rows)
    if asked.json:
        print(result("recovery", figures))
    return int(any(figures[name] > limit for name, limit in LIMITS.items() if name in figures))
