"""`gridcast tune`: search the best training config for some history."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from gridcast.cli.train import INTERRUPTED, require_extra
from gridcast.learning.training.progress import show_on
from gridcast.stream.errors import UserError


def tune(  # noqa: PLR0917 - Typer calls it by name
    data: Annotated[
        list[Path], typer.Argument(help="History, as for `gridcast train`.", show_default=False)
    ],
    mapping: Annotated[
        list[Path], typer.Option(help="TOML file that describes the columns: one, or one per file.")
    ],
    config: Annotated[
        Path | None,
        typer.Option(help="TOML file of fixed values, and of the search space under [search]."),
    ] = None,
    trials: Annotated[int, typer.Option(min=1, help="Total number of trials.")] = 30,
    study: Annotated[Path, typer.Option(help="File of the study (SQLite).")] = Path("study.db"),
    best: Annotated[
        Path | None, typer.Option(help="File of the best config (default: beside the study).")
    ] = None,
) -> None:
    """Search the config with the lowest validation loss, and write it to a file.

    Each trial trains one member; poor ones are pruned early. The study is kept, so the same
    command continues it up to the total number of trials. Use the file with
    `gridcast train --config`.
    """
    require_extra()
    # Imported late because it imports torch.
    from gridcast.learning.training.config import load_config, write_config  # noqa: PLC0415
    from gridcast.learning.training.dataset import read_sources  # noqa: PLC0415
    from gridcast.learning.training.search import BestTrial, Searching  # noqa: PLC0415

    winner = best or study.with_suffix(".toml")
    if winner == study:
        raise UserError(f"the best config cannot be written over the study {study}")
    chosen = load_config(config)

    def keep(trial: BestTrial) -> None:
        winner.write_text(write_config(trial.config), "utf-8")

    try:
        with (
            show_on(Console(stderr=True)) as show,
            Searching(read_sources(data, mapping), chosen, study, show) as searching,
        ):
            trial = searching.run(trials, keep)
            keep(trial)
    except KeyboardInterrupt:
        typer.echo("gridcast: interrupted; run the same command again to continue", err=True)
        raise typer.Exit(INTERRUPTED) from None
    print(
        f"{winner}: trial {trial.trial} of {trial.trials} ({trial.pruned} pruned),"
        f" validation loss {trial.loss:.4g}"
    )
