"""`gridcast tune`: the best config for some history."""

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
        list[Path], typer.Option(help="TOML that says what the columns mean; one, or one a file.")
    ],
    config: Annotated[
        Path | None,
        typer.Option(help="TOML of what is fixed, and under [search] of where to look."),
    ] = None,
    trials: Annotated[int, typer.Option(min=1, help="How many there are to be, in all.")] = 30,
    study: Annotated[Path, typer.Option(help="File that the study is kept in (SQLite).")] = Path(
        "study.db"
    ),
    best: Annotated[
        Path | None, typer.Option(help="Where to write the best config (else beside the study).")
    ] = None,
) -> None:
    """Look for the config that forecasts the validation part best, and write it as a file.

    Each trial trains one member; poor ones are given up early. The study is kept: the same command
    goes on with it until there are so many trials. The file that it writes is one for
    `gridcast train --config`.
    """
    require_extra()
    # Only here: it imports torch.
    from gridcast.learning.training.config import load_config, write_config  # noqa: PLC0415
    from gridcast.learning.training.dataset import read_sources  # noqa: PLC0415
    from gridcast.learning.training.search import BestTrial, Searching  # noqa: PLC0415

    winner = best or study.with_suffix(".toml")
    if winner == study:
        raise UserError(f"the best config cannot be written over the study {study}")
    chosen = load_config(config)

    def keep(found: BestTrial) -> None:
        winner.write_text(write_config(found.config), "utf-8")

    try:
        with (
            show_on(Console(stderr=True)) as show,
            Searching(read_sources(data, mapping), chosen, study, show) as searching,
        ):
            found = searching.run(trials, keep)
            keep(found)
    except KeyboardInterrupt:
        told = "gridcast: interrupted; to go on, the same command again"
        typer.echo(told, err=True)
        raise typer.Exit(INTERRUPTED) from None
    print(
        f"{winner}: trial {found.trial} of {found.trials} ({found.pruned} given up early),"
        f" validation loss {found.loss:.4g}"
    )
