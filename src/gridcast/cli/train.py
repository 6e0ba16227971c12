"""`gridcast train`: train a model on history files."""

import json as json_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from gridcast.learning.training.folder import RunFolder, RunState, all_runs
from gridcast.learning.training.progress import duration, show_on
from gridcast.stream.errors import UserError

if TYPE_CHECKING:
    from gridcast.learning.training.config import Config

EXTRA = ("torch", "onnx", "lightgbm", "matplotlib", "jinja2", "optuna")
INTERRUPTED = 130

Runs = Annotated[Path, typer.Option(help="Folder of the runs.")]


def train(  # noqa: PLR0917 - Typer calls it by name
    data: Annotated[
        list[Path] | None,
        typer.Argument(help="History files: CSV (also .gz) or Parquet; one model for all of them."),
    ] = None,
    mapping: Annotated[
        list[Path] | None,
        typer.Option(help="TOML file that describes the columns: one, or one per file."),
    ] = None,
    config: Annotated[
        Path | None, typer.Option(help="TOML file of the configuration (see --show-config).")
    ] = None,
    runs: Runs = Path("runs"),
    name: Annotated[str, typer.Option(help="Name of the model.")] = "load",
    device: Annotated[
        Literal["auto", "cpu", "cuda"] | None,
        typer.Option(help="Device to train on; overrides the config."),
    ] = None,
    resume: Annotated[
        str | None, typer.Option(metavar="RUN", help="Resume this run, or the `last`.")
    ] = None,
    listed: Annotated[bool, typer.Option("--list", help="List the runs, and exit.")] = False,
    show_config: Annotated[
        bool, typer.Option(help="Print the config with explanations, and exit.")
    ] = False,
    json: Annotated[
        bool, typer.Option("--json", help="With --list: print JSON for programs.")
    ] = False,
) -> None:
    """Train a model on history: check, train, evaluate beside all baselines, write ONNX.

    Each run has its own folder under --runs: config, digests of the data, checkpoints, losses,
    scores, report, model card and model file. Ctrl-C saves the progress and prints the command
    that resumes it.
    """
    if listed:
        _list(runs, json=json)
        return
    # Imported here so that `gridcast --help` doesn't wait for it.
    from gridcast.learning.training.config import load_config, write_config  # noqa: PLC0415

    chosen = load_config(config)
    if show_config:
        print(write_config(chosen), end="")
        return
    if resume is None and (not data or not mapping):
        raise UserError("DATA and --mapping are required (docs/howto/training.md)")
    if resume is not None and (data or mapping or config):
        raise UserError("--resume RUN uses the run's own data and config: leave out the others")
    if device is not None:
        training = chosen.training.model_copy(update={"device": device})
        chosen = chosen.model_copy(update={"training": training})
    require_extra()
    folder = _run(chosen, data or [], mapping or [], runs, name, resume)
    _tell(folder)


def require_extra() -> None:
    """Raise an error of one line if the extra `train` is not installed."""
    if any(find_spec(package) is None for package in EXTRA):
        raise UserError('this needs gridcast[train]: pip install "gridcast[train]"')


def _run(  # noqa: PLR0917
    chosen: "Config",
    data: list[Path],
    mapping: list[Path],
    runs: Path,
    name: str,
    resumed: str | None,
) -> RunFolder:
    # Imported late because it imports torch.
    from gridcast.learning.training import run  # noqa: PLC0415

    existing = None if resumed is None else RunFolder.find(runs, resumed)
    folder = existing or run.begin(chosen, runs, name)
    try:
        with show_on(Console(stderr=True)) as show:
            if existing is None:
                run.train(folder, data, mapping, name, show)
            else:
                run.resume(folder, show)
    except KeyboardInterrupt:
        status = folder.status
        done = f" at step {status.step} of {status.steps}" if status.steps else ""
        typer.echo(
            f"gridcast: interrupted{done}; to resume: gridcast train --resume {folder.run}"
            f" --runs {runs}",
            err=True,
        )
        raise typer.Exit(INTERRUPTED) from None
    except Exception as error:
        if not isinstance(error, UserError):
            typer.echo(f"gridcast: {folder.run} failed; see {folder.path}", err=True)
        raise
    return folder


def _tell(folder: RunFolder) -> None:
    from gridcast.learning.training.summary import summaries  # noqa: PLC0415

    console = Console()
    (summary,) = summaries([folder])
    for line in summary.verdicts:
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    for name in ("model.onnx", "report.html", "model-card.md"):
        console.print(str(folder.path / name), markup=False, highlight=False, soft_wrap=True)


def _list(runs: Path, *, json: bool) -> None:
    from gridcast.learning.training.summary import summaries  # noqa: PLC0415

    listed = summaries(list(all_runs(runs)))
    if json:
        print(json_module.dumps([summary.model_dump(mode="json") for summary in listed], indent=2))
        return
    if not listed:
        print(f"no runs in {runs}: `gridcast train DATA --mapping MAP` makes one")
        return
    console = Console()
    if not console.is_terminal:
        console.width = max(console.width, 200)
    table = Table("run", "state", "took", "scores, or why it ended", box=None, pad_edge=False)
    for summary in listed:
        status = summary.status
        colour = {RunState.DONE: "green", RunState.FAILED: "red"}.get(status.state, "yellow")
        outcome = "; ".join(summary.verdicts) or status.why or status.stage
        if status.state in {RunState.RUNNING, RunState.INTERRUPTED} and status.steps:
            outcome = f"step {status.step} of {status.steps}; {outcome}"
        took = "" if summary.seconds is None else duration(summary.seconds)
        state = f"[{colour}]{status.state.value}[/]"
        table.add_row(status.run, state, took, escape(outcome.splitlines()[0] if outcome else ""))
    console.print(table)
