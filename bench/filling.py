"""How near to the truth a gap is filled: by the spline, from other days, by holding the last value.

Gaps are cut into complete windows, so that the truth is known: of the simulated grid, or of real
history (`--history load.parquet load.toml`, several times if wanted). The error is the mean
of |filled - truth|, in standard deviations of the series.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from common import arguments, result, show

from gridcast.learning.history import load_mapping, read_history
from gridcast.models.simulator import FAULTS, Simulation, build_grid, spread_series
from gridcast.models.splines import Smoother, Spline
from gridcast.models.splines.crossvalidation import choose_lam
from gridcast.models.windows.marks import NOTHING, PLAIN

HOURS = (0.25, 0.5, 1, 1.5, 2, 3, 6)
DAYS, RECENT = 8, 2
START = 20_000 * 86_400_000
HOUR = 3_600_000


def simulated(series: int) -> tuple[str, int, np.ndarray]:
    """Give 30 days of simulated loads at 15 minutes, a series a row."""
    grid = build_grid(seed=1, country_code="DE", meters_of=spread_series(series))
    simulation = Simulation(grid, seed=1, step_s=900, faults=FAULTS["none"])
    return "simulated grid", 15, simulation.truth(START, START + 30 * 24 * HOUR).value


def recorded(file: Path, mapping: Path) -> tuple[str, int, np.ndarray]:
    """Give a history, a series a row."""
    history = read_history(file, load_mapping(mapping))
    step = (history.step_ms or 900_000) // 60_000
    return history.title, step, history.grid(step).value


def complete_windows(value: np.ndarray, day: int, wanted: int) -> np.ndarray:
    """Cut complete windows at random, one a column, each by its own standard deviation."""
    rng, found, slots = np.random.default_rng(0), [], DAYS * day
    for _ in range(wanted * 50):
        row, end = rng.integers(len(value)), rng.integers(slots, value.shape[1] + 1)
        window = value[row, end - slots : end]
        if np.isfinite(window).all() and window.std() > 0:
            found.append(window / window.std())
        if len(found) == wanted:
            break
    return np.stack(found, axis=1).astype(np.float32)


def errors(windows: np.ndarray, day: int, lam: float, gap: int) -> tuple[float, ...]:
    """Fill a gap inside and one at the end of all windows in each way; give the errors."""
    recent = RECENT * day
    slots = len(windows)
    middle = slots - day + day // 3
    by_spline = Smoother(recent, lam, longest_gap=gap, day=day)
    by_days = Smoother(recent, lam, longest_gap=0, day=day)

    def filled(smoother: Smoother, at: slice) -> float:
        mark = np.full(windows.shape, PLAIN, np.uint8)
        mark[at] = NOTHING
        smoothed = smoother.smooth(
            windows[-recent:],
            mark[-recent:],
            lambda columns: (windows[:, columns], mark[:, columns]),
        )
        offset = slots - recent
        part = slice(at.start - offset, at.stop - offset)
        return float(np.abs(smoothed.value[part] - windows[at]).mean())

    inside, end = slice(middle, middle + gap), slice(slots - gap, slots)
    target = np.concatenate([windows[-recent:-gap], np.zeros_like(windows[-gap:])])
    weight = np.ones(target.shape)
    weight[-gap:] = 0.0
    straight = Spline(recent, lam).smooth(target, weight)[-gap:]
    run_on = float(np.abs(straight - windows[end]).mean())
    held = float(np.abs(windows[slots - gap - 1] - windows[end]).mean())
    at_end = filled(by_days, end), run_on, held
    return filled(by_spline, inside), filled(by_days, inside), *at_end


def sets(pairs: list[list[Path]], quick: bool) -> Iterator[tuple[str, int, np.ndarray]]:
    """Give the loads to cut windows from."""
    if not pairs:
        yield simulated(200 if quick else 1_000)
    for file, mapping in pairs:
        yield recorded(file, mapping)


def main() -> None:
    parser = arguments(__doc__ or "")
    parser.add_argument(
        "--history", nargs=2, type=Path, action="append", metavar=("FILE", "MAPPING"), default=[]
    )
    given = parser.parse_args()
    figures: dict[str, dict[str, dict[str, float] | float]] = {}
    names = ("spline", "other_days", "other_days_at_end", "spline_at_end", "held_at_end")
    for title, step, value in sets(given.history, given.quick):
        day = 24 * 60 // step
        windows = complete_windows(value, day, 300 if given.quick else 2_000)
        lam = choose_lam(windows[-RECENT * day :])
        by_hours = {
            hours: errors(windows, day, lam, round(hours * 60 / step))
            for hours in HOURS
            if hours * 60 % step == 0
        }
        show(
            f"{title}: {windows.shape[1]:,} windows, step {step} min, lam {lam:.3g}",
            [
                "gap, hours",
                "inside: spline",
                "other days",
                "at the end: other days",
                "spline",
                "held",
            ],
            [[f"{h:g}", *(f"{error:.3f}" for error in row)] for h, row in by_hours.items()],
        )
        figures[title] = {"lam": lam} | {
            f"{hours:g}": dict(zip(names, row, strict=True)) for hours, row in by_hours.items()
        }
    if given.json:
        print(result("filling", figures))


if __name__ == "__main__":
    main()
