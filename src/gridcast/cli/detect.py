"""`gridcast detect`: score the detectors on labelled faults."""

import json as json_
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress, TimeElapsedColumn
from rich.table import Table

from gridcast.stream.errors import UserError
from gridcast.units import DAY_MS

if TYPE_CHECKING:
    from gridcast.models.evaluation.detection.simulation_run import SimulationRun

detect = typer.Typer(
    name="detect",
    add_completion=False,
    no_args_is_help=True,
    help="Score the detectors of faulty readings.",
)

START_MS = 1_735_689_600_000
"""2025-01-01: begin of the simulated span."""
THRESHOLD = 2.2
"""Threshold of the univariate detector if no labels determine a better one."""


@detect.callback()
def _group() -> None:
    """Score the detectors of faulty readings."""


@detect.command()
def score(
    *,
    series: Annotated[int, typer.Option(min=0, help="Simulated series; 0: none.")] = 1000,
    days: Annotated[float, typer.Option(min=1, help="Number of days to score.")] = 7,
    learn_days: Annotated[
        float, typer.Option(min=0, help="Number of days before that to learn from.")
    ] = 8,
    faults: Annotated[int, typer.Option(min=0, help="Approximate number of lasting faults.")] = 500,
    seed: Annotated[int, typer.Option(help="Seed of the simulated grid.")] = 1,
    country: Annotated[str, typer.Option(help="Country of the grid.")] = "DE",
    data: Annotated[
        Path | None,
        typer.Option(help="Folder with nab.parquet or appliances.parquet to score as well."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Run the detectors over labelled data. Print recall, precision, delay and false alarms.

    The simulated grid is watched once a minute, as by a worker. The sets in files have no
    forecasts, so the detector for a single series scores them. NAB's rules use one threshold for
    all files. A year of 1,000 series (--days 365) takes about half an hour of one core. Ctrl-C
    stops early and prints the figures of the days so far.
    """
    figures: dict[str, Any] = {}
    if data is not None and not data.is_dir():
        raise UserError(f"--data {data}: there is no such folder")
    if series:
        figures["simulated"] = _simulated(series, days, learn_days, faults, seed, country)
    for name in ("nab", "appliances"):
        path = None if data is None else data / f"{name}.parquet"
        if path is not None and path.exists():
            figures[name] = _labelled(path, is_nab=name == "nab")
    if not figures:
        raise UserError("nothing to score: --series is 0, and --data has no set")
    if json:
        print(json_.dumps(figures))
    else:
        _print(figures)


def _simulated(  # noqa: PLR0917
    series: int, days: float, learn_days: float, faults: int, seed: int, country: str
) -> dict[str, Any]:
    from gridcast.models.evaluation.detection.simulation_run import SimulationRun, summarise_run  # noqa: PLC0415 - slow to import
    from gridcast.models.simulator import Simulation, build_grid, spread_series  # noqa: PLC0415
    from gridcast.models.simulator.faults import Faults  # noqa: PLC0415

    try:
        grid = build_grid(seed, country, spread_series(series))
    except (KeyError, ValueError) as error:
        raise UserError(f"--series {series} --country {country}: {error}") from None
    rate = faults / (series * days)
    trial = SimulationRun(Simulation(grid, seed, step_s=60, faults=Faults.a_series_day(rate)))
    begin_ms = START_MS + round(learn_days * DAY_MS)
    end_ms = begin_ms + round(days * DAY_MS)
    end_ms = _watch(trial, begin_ms, end_ms)
    return summarise_run(trial, begin_ms, end_ms)


def _watch(trial: "SimulationRun", begin_ms: int, end_ms: int) -> int:
    """Run the detectors over a simulated grid. Return the end, which is earlier after Ctrl-C."""
    at_ms = START_MS
    console = Console(stderr=True)
    columns = (*Progress.get_default_columns(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("", total=end_ms - START_MS)
        try:
            for at_ms in trial.run(START_MS, end_ms):
                done = at_ms - START_MS
                what = f"{len(trial.names):,} series, day {done // DAY_MS:,}"
                progress.update(task, completed=done, description=what)
        except KeyboardInterrupt:
            days = (at_ms - begin_ms) / DAY_MS
            if days <= 0:
                raise
            console.print(f"stopped: these are the figures of {days:.1f} days", style="yellow")
            return at_ms
    return end_ms


def _labelled(path: Path, *, is_nab: bool) -> dict[str, Any]:
    from gridcast.learning.detection.labelled_sets import read_set  # noqa: PLC0415
    from gridcast.models.evaluation.detection.labelled_series import match_labels, novelty_stream  # noqa: PLC0415
    from gridcast.models.evaluation.detection.nab import PROFILES, nab_score  # noqa: PLC0415

    labelled = read_set(path, joined=not is_nab)
    with Progress(console=Console(stderr=True), transient=True) as progress:
        streams = [
            novelty_stream(series) for series in progress.track(labelled, description=path.name)
        ]
    figures: dict[str, Any] = {"series": len(labelled)}
    threshold = THRESHOLD
    if is_nab:
        scores = [nab_score(streams, profile) for profile in PROFILES]
        figures |= {f"nab_{score.profile}": round(score.score, 2) for score in scores}
        threshold = scores[0].threshold
    result = match_labels(labelled, streams, threshold)
    return figures | {
        "threshold": round(threshold, 3),
        "windows": result.windows,
        "recall": result.recall,
        "precision": result.precision,
        "delay_minutes": result.delay_minutes,
        "false_alarms_a_week_and_series": result.false_alarms_a_week,
    }


def _print(figures: dict[str, Any]) -> None:
    console = Console()
    for name, group in figures.items():
        table = Table("", "", title=name, title_justify="left", show_header=False)
        kinds = group.pop("kinds", {})
        for key, value in group.items():
            shown = "-" if value is None else f"{value:.4g}" if isinstance(value, float) else value
            table.add_row(key.replace("_", " "), str(shown))
        console.print(table)
        if kinds:
            each = Table("fault", "labelled", "found in 15 min", "recall", "delay min (median)")
            for kind, score in kinds.items():
                delay = "-" if score["delay_minutes"] is None else f"{score['delay_minutes']:.3g}"
                each.add_row(
                    kind, str(score["faults"]), str(score["found"]), f"{score['recall']:.1%}", delay
                )
            console.print(each)
