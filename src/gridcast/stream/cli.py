"""The console script: the commands put together, and one line for what the user can mend."""

import sys
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from gridcast.stream.commands.broker import broker
from gridcast.stream.commands.config import config
from gridcast.stream.commands.demo import demo
from gridcast.stream.commands.history import history
from gridcast.stream.commands.schema import schema
from gridcast.stream.commands.simulate import simulate
from gridcast.stream.commands.topics import topics
from gridcast.stream.commands.window import window
from gridcast.stream.commands.worker import worker
from gridcast.stream.errors import UserError

app = typer.Typer(
    name="gridcast",
    help="A forecaster that never stops: readings in, forecasts and alarms out.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(broker)
app.command()(config)
app.command()(demo)
app.add_typer(history, name="history")
app.add_typer(schema, name="schema")
app.command()(simulate)
app.add_typer(topics, name="topics")
app.command()(window)
app.command()(worker)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"gridcast {version('gridcast')}")
        raise typer.Exit


@app.callback()
def gridcast(
    config: Annotated[
        Path | None, typer.Option(help="A TOML file of settings (else ./gridcast.toml).")
    ] = None,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Say it.")
    ] = False,
) -> None:
    """A forecaster that never stops: readings in, forecasts and alarms out."""


def main() -> None:
    """Run one command."""
    try:
        app()
    except UserError as error:
        typer.echo(f"gridcast: {error}", err=True)
        sys.exit(2)
