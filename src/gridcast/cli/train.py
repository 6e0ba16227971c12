"""`gridcast train`: from files of history to a model file with its report."""

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

Runs = Annotated[Path, typer.Option(help="Folder that runs are kept in.")]


def train(  # noqa: PLR0917 - Typer calls it by name
    data: Annotated[
        list[Path] | None,
        typer.Argument(help="History: CSV (also .gz) or Parquet; several: one model of them all."),
    ] = None,
    mapping: Annotated[
        list[Path] | None,
        typer.Option(help="TOML that says what the columns mean; one, or one for each file."),
    ] = None,
    config: Annotated[
        Path | None, typer.Option(help="TOML of all that can be chosen (--show-config).")
    ] = None,
    runs: Runs = Path("runs"),
    name: Annotated[str, typer.Option(help="What the model is called.")] = "load",
    device: Annotated[
        Literal["auto", "cpu", "cuda"] | None, typer.Option(help="Where to train, instead.")
    ] = None,
    resume: Annotated[
        str | None, typer.Option(metavar="RUN", help="Go on with this run, or the `last`.")
    ] = None,
    listed: Annotated[bool, typer.Option("--list", help="List the runs, and stop.")] = False,
    show_config: Annotated[
        bool, typer.Option(help="Print the config, with what each key means, and stop.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="With --list: JSON for programs.")] = False,
) -> None:
    """Train a model on history: checked, learned, judged beside all baselines, written as ONNX.

    Everything of a run is kept in a folder of its own under --runs: config, digests of the data,
    checkpoints, losses, scores, report, model card, and the model file. Ctrl-C keeps what was
    learned, and says how to go on.
    """
    if listed:
        _list(runs, json=json)
        return
    # Imported here, as below: `gridcast --help` need not wait for it.
    from gridcast.learning.training.config import load_config, write_config  # noqa: PLC0415

    chosen = load_config(config)
    if show_config:
        print(write_config(chosen), end="")
        return
    if resume is None and (not data or not mapping):
        raise UserError("say which DATA to train on, and its --mapping (docs/howto/training.md)")
    if resume is not None and (data or mapping or config):
        raise UserError("a run goes on with the data and the config it has: --resume RUN alone")
    if device is not None:
        training = chosen.training.model_copy(update={"device": device})
        chosen = chosen.model_copy(update={"training": training})
    require_extra()
    folder = _run(chosen, data or [], mapping or [], runs, name, resume)
    _tell(folder)


def require_extra() -> None:
    """Say what is missing, in one line, before anything is begun."""
    if any(find_spec(one) is None for one in EXTRA):
        raise UserError('this needs gridcast[train]: pip install "gridcast[train]"')


def _run(  # noqa: PLR0917
    chosen: "Config",
    data: list[Path],
    mapping: list[Path],
    runs: Path,
    name: str,
    resumed: str | None,
) -> RunFolder:
    # Only here: it imports torch.
    from gridcast.learning.training import run  # noqa: PLC0415

    found = None if resumed is None else RunFolder.find(runs, resumed)
    folder = found or run.begin(chosen, runs, name)
    try:
        with show_on(Console(stderr=True)) as show:
            if found is None:
                run.train(folder, data, mapping, name, show)
            else:
                run.resume(folder, show)
    except KeyboardInterrupt:
        status = folder.status
        done = f" at step {status.step} of {status.steps}" if status.steps else ""
        typer.echo(
            f"gridcast: interrupted{done}; to go on: gridcast train --resume {folder.run}"
            f" --runs {runs}",
            err=True,
        )
        raise typer.Exit(INTERRUPTED) from None
    except Exception as error:
        if not isinstance(error, UserError):
            typer.echo(f"gridcast: {folder.run} failed; why is in {folder.path}", err=True)
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

    found = summaries(list(all_runs(runs)))
    if json:
        print(json_module.dumps([one.model_dump(mode="json") for one in found], indent=2))
        return
    if not found:
        print(f"no runs in {runs}: `gridcast train DATA --mapping MAP` makes one")
        return
    console = Console()
    if not console.is_terminal:
        console.width = max(console.width, 200)
    table = Table("run", "state", "took", "scores, or why it ended", box=None, pad_edge=False)
    for one in found:
        status = one.status
        colour = {RunState.DONE: "green", RunState.FAILED: "red"}.get(status.state, "yellow")
        told = "; ".join(one.verdicts) or status.why or status.stage
        if status.state in {RunState.RUNNING, RunState.INTERRUPTED} and status.steps:
            told = f"step {status.step} of {status.steps}; {told}"
        took = "" if one.seconds is None else duration(one.seconds)
        state = f"[{colour}]{status.state.value}[/]"
        table.add_row(status.run, state, took, escape(told.splitlines()[0] if told else ""))
    console.print(table)
