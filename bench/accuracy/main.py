"""How near to the truth the champion is, beside all that a user would forecast with instead.

Each set is split by time, 70 / 10 / 20: learned from, stopped and calibrated by, judged on. An
origin every hour of the last part; leads: every step to 2 hours, then hourly. Everyone gets the
same inputs: 7 days of load, the calendar, the weather known up to the origin. Networks are trained
as `gridcast train` trains them, LightGBM once a seed.

What is done is kept in a folder (--keep), so that an interrupted bench goes on, training included;
a new folder begins anew. One core: threads are pinned before NumPy is loaded.
"""

# ruff: noqa: E402
import os

for _threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_threads] = "1"

import argparse
from pathlib import Path

from common import arguments, result

from accuracy.cases import CASES, Case
from accuracy.champion import missing_extra, shortened
from accuracy.outcome import Kept
from accuracy.repeat import repeated
from accuracy.show import figures_of, show_case
from accuracy.walk import walk
from accuracy.work import Work
from gridcast.learning.training.config import Config, load_config

QUICK = ("spain",)


def main() -> None:
    given = _arguments()
    lacking = missing_extra()
    if lacking is not None:
        raise SystemExit(f"accuracy: {lacking}")
    names = given.sets.split(",") if given.sets else QUICK if given.quick else None
    cases = _chosen(names, given.data)
    work = Work(
        data=given.data,
        base=_config(given),
        kept=Kept(given.keep / ("quick" if given.quick else "full")),
        seeds=tuple(range(1, (1 if given.quick else given.seeds) + 1)),
        quick=given.quick,
        # A run of `gridcast train` learns from the beginning of its data.
        network=not given.without_network and given.window == "expanding",
    )
    figures: dict[str, object] = {}
    for case in cases:
        if given.walk_forward:
            figures[case.name] = walk(work, case, given.walk_forward, given.window)
            continue
        found = work.case(case)
        show_case(case, found, len(work.base.evaluation.levels))
        figures[case.name] = figures_of(case, found)
    if work.network and not given.walk_forward and any(case.file == "spain" for case in cases):
        figures["repeated"] = repeated(work)
    if given.json:
        print(result("accuracy", figures))


def _arguments() -> argparse.Namespace:
    parser = arguments(__doc__ or "")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--sets", help=f"of {', '.join(case.name for case in CASES)}; with commas")
    parser.add_argument("--seeds", type=int, default=3, help="trainings of each network")
    parser.add_argument("--config", type=Path, help="of the networks, as for `gridcast train`")
    parser.add_argument("--keep", type=Path, default=Path(".gridcast/accuracy"))
    parser.add_argument("--without-network", action="store_true", help="the baselines alone")
    parser.add_argument(
        "--walk-forward",
        type=int,
        choices=(2, 3, 4),
        help="judge in so many folds one after the other, each learned anew, instead of one",
    )
    parser.add_argument("--window", choices=("expanding", "sliding"), default="expanding")
    return parser.parse_args()


def _config(given: argparse.Namespace) -> Config:
    base = load_config(given.config)
    if not given.quick:
        return base
    return shortened(base, steps=60)


def _chosen(names: tuple[str, ...] | list[str] | None, data: Path) -> list[Case]:
    known = {case.name: case for case in CASES}
    if names is not None and (unknown := [name for name in names if name not in known]):
        raise SystemExit(f"accuracy: no set {unknown[0]!r}; there are {', '.join(known)}")
    wanted = [known[name] for name in names] if names is not None else list(CASES)
    cases = []
    for case in wanted:
        if (data / f"{case.file}.parquet").exists():
            cases.append(case)
        else:
            print(f"{case.name} left out: {case.file}.parquet is not in {data}")
    if not cases:
        raise SystemExit(f"accuracy: nothing to measure in {data} (--data names the folder)")
    return cases
