"""The rungs under the model: how good they are, and what they cost.

Accuracy: the simulated grid, and the real sets of docs/howto/history.md if --data names them:
the newest fifth of each, a forecast every hour (--quick: every few hours) for the 24 hours after
it, from the window before it and nothing else. Beside the rungs: last week's same hour (the usual
persistence), the day before, and the newest value held.

Cost: a tick of a partition with 8 days of 15-minute slots, 24 hours ahead, 5 levels; and the ways
to write that many numbers as JSON. One core: threads are pinned before NumPy is loaded.
"""

# ruff: noqa: E402
import os

for _threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_threads] = "1"

from pathlib import Path

from common import arguments, result, show

from rungs.accuracy import accuracy
from rungs.cost import cost
from rungs.newcomers import HOURS, newcomers
from rungs.sets import read_sets

COLUMNS = {
    "mape_1h": "1 h",
    "mape_6h": "6 h",
    "mape_24h": "24 h",
    "mape": "all",
    "nmae": "nMAE",
    "mase": "MASE",
    "pinball": "pinball",
    "coverage_90": "90 %",
}
ROWS = {
    "seasonal_profile": "profile",
    "week_naive": "last week",
    "day_naive": "yesterday",
    "held": "held",
    "seasonal_30_percent_lost": "30 % lost",
    "seasonal_2_faulty_slots": "2 faults",
    "the_same_not_cut": "not cut",
    "last_level_12_h_known": "level 12 h",
    "last_level_2_h_known": "level 2 h",
}
LEGEND = """\
1 h … all: MAPE of slots that end so far ahead, and of all 24 h; nMAE and pinball loss: of the
series' mean size; 90 %: share in that band. All per cent. MASE: 1 is the day before, in the older
70 % of the set.
profile: the seasonal profile; 30 % lost: slots of its window, at random; 2 faults: slots ten or
thirty times too large, in each window; not cut: the same, but spikes stay. level: the last level,
with so much known. A load near 0 has no percentage error."""


def main() -> None:
    parser = arguments(__doc__ or "")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    given = parser.parse_args()
    figures: dict[str, object] = {}
    for one in read_sets(given.data, given.quick):
        found = accuracy(one, 1_500 if given.quick else 40_000)
        figures[one.name] = found
        rows = [
            [ROWS[name], *("" if scores[c] is None else f"{scores[c]:.2f}" for c in COLUMNS)]
            for name, scores in found.items()
        ]
        show(f"{one.title}: {one.about}", ["", *COLUMNS.values()], rows)
        if among := newcomers(one, 20 if given.quick else 100):
            figures[f"{one.name}_newcomers"] = among
            show_newcomers(one.title, among)
    print(LEGEND)
    figures["cost"] = spent = cost(2_000 if given.quick else 25_000, 3 if given.quick else 5)
    goals = {"forecast_s_100k": "≤ 5", "forecast_gappy_s_100k": "≤ 5", "messages_s_100k": "≤ 4"}
    show(
        "A tick of 100,000 series, one core, CPU seconds",
        ["figure", "measured", "goal"],
        [[name, f"{value:,.4g}", goals.get(name, "")] for name, value in spent.items()],
    )
    if given.json:
        print(result("rungs", figures))


def show_newcomers(title: str, among: dict[str, dict[str, float]]) -> None:
    """Print how each series is forecast as if it were new."""
    scores = ("nMAE", "pinball", "90 %")
    columns = [
        "heard for",
        *(f"{way}: {score}" for way in ("held", "like others") for score in scores),
    ]
    rows = []
    for hours in HOURS:
        held, like = among[f"held_{hours}_h"], among[f"like_others_{hours}_h"]
        values = (*held.values(), *like.values())
        rows.append([f"{hours} h", *(f"{value:.1f}" for value in values)])
    show(f"{title}: each series as if it were new", columns, rows)
