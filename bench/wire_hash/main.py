"""Whether two checkouts write the same bytes: a SHA-256 of each topic after one seeded history.

    uv run bench/wire_hash --checkout ../before --checkout .

Everything is done by the commands of the checkout, so any two versions can be compared:

1. `gridcast simulate` writes a grid with many faults. Its first days are thinned out and arrive in
   one delivery, as when meters are connected: the network answers from the first tick.
2. `gridcast replay` plays a part of it with two workers. They are stopped, a challenger is
   released, and new workers load the state and play the rest.
3. Frames, commands and messages that cannot be read follow, each with a fixed timestamp, for a
   last worker.

The exit status is 1 if a digest differs. Run both on one machine: on another the network's last
bit may differ.
"""

import json
import tempfile
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from common import arguments, result, show

from wire_hash.checkout import READINGS, Checkout
from wire_hash.digest import Digest, newest_of, record_of
from wire_hash.history import ALARMS, DEAD_LETTERS, play

STATE = "gridcast.state"
# load.commands and model.releases are left out: this bench sends the commands itself, and a release
# says by the wall clock when it was made.
TOPICS = (
    *("grid.series", "weather.observations", "weather.forecasts", READINGS),
    *("load.forecasts", "load.scores", ALARMS, DEAD_LETTERS, STATE),
)


def digests(checkout: Checkout) -> dict[str, dict[str, Any]]:
    """Return the figures of each topic; of the state, those of its newest records alone."""
    every: dict[str, dict[str, Any]] = {}
    for topic in TOPICS:
        digest = Digest()
        records = map(record_of, checkout.read(topic))
        for record in newest_of(records) if topic == STATE else records:
            digest.add(record)
        every[topic] = digest.figures()
    return every


def measure(root: Path, asked: Namespace) -> dict[str, dict[str, Any]]:
    """Play the history with one checkout and return the figures of its topics."""
    with tempfile.TemporaryDirectory(prefix="gridcast-wire-hash-") as place:
        checkout = Checkout(root, Path(place))
        with checkout.kafka():
            play(checkout, Path(place), asked.series, asked.hours)
            return digests(checkout)


def differing(every: Mapping[str, dict[str, dict[str, Any]]]) -> list[str]:
    """Return the topics of which the digests differ."""
    return [
        topic
        for topic in TOPICS
        if len({figures[topic]["sha256"] for figures in every.values()}) > 1
    ]


def main() -> int:
    parser = arguments(__doc__ or "")
    parser.add_argument("--series", type=int, default=100)
    parser.add_argument("--hours", type=int, default=26, help="after the first window")
    parser.add_argument(
        "--checkout",
        type=Path,
        action="append",
        metavar="DIR",
        help="a checkout in which `uv sync` was run; several are compared (default: this one)",
    )
    parser.add_argument(
        "--against", type=Path, metavar="FILE", help="compare with a saved output of --json"
    )
    asked = parser.parse_args()
    if asked.quick:
        asked.series, asked.hours = 30, 8
    every: dict[str, dict[str, dict[str, Any]]] = {}
    if asked.against is not None:
        saved = json.loads(asked.against.read_text("utf-8").splitlines()[-1])
        every |= {f"{name} (saved)": figures for name, figures in saved["figures"].items()}
    for root in asked.checkout or [Path(__file__).parents[2]]:
        every[str(root)] = figures = measure(root, asked)
        rows = [
            [topic, f"{row['messages']:,}", f"{row['bytes']:,}", row["sha256"][:16]]
            for topic, row in figures.items()
        ]
        show(str(root), ["topic", "messages", "bytes", "SHA-256 begins"], rows)
    unequal = differing(every)
    if len(every) > 1:
        print(f"differing: {', '.join(unequal) or 'none'}")
    if asked.json:
        print(result("wire_hash", every))
    return int(bool(unequal))
