"""What the benches of parity and replay are asked, how they are set, and what they tell."""

from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path

from common import arguments, result, show

from gridcast.stream.settings import Settings, load

PARTITIONS = 2


def ask(about: str, *, series: int, length: tuple[str, float], horizon: float) -> Namespace:
    """Read the flags; `length` names the one that says how long, and gives its default."""
    parser = arguments(about)
    name, default = length
    parser.add_argument("--series", type=int, default=series)
    parser.add_argument(f"--{name}", type=float, default=default)
    parser.add_argument("--horizon", type=float, default=horizon, help="hours")
    parser.add_argument("--model", choices=("box", "none"), default="box")
    return parser.parse_args()


def settings_of(broker: str, folder: Path, name: str, horizon: float, model: str) -> Settings:
    """Give the settings of one deployment."""
    chosen = {
        "broker": broker,
        "topic_prefix": f"{name}.",
        "partitions": PARTITIONS,
        "clock": "replay",
        "horizon_hours": horizon,
        "model": model,
        "threads": 1,
        "cache_dir": folder / "cache",
    }
    return load().settings.model_copy(update=chosen)


def tell(bench: str, figures: Mapping[str, object], *, json: bool) -> None:
    """Print a table for people, and a line for programs."""
    show(bench, ["figure", "value"], [[name, f"{value:,}"] for name, value in figures.items()])
    if json:
        print(result(bench, figures))
