"""The console script: dispatch commands by name, and print a user error as one line."""

import sys
from difflib import get_close_matches
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_command, get_group

from gridcast.stream.errors import UserError

COMMANDS = (
    "alarms",
    "backtest",
    "broker",
    "config",
    "dead-letters",
    "demo",
    "detect",
    "gateway",
    "history",
    "models",
    "replay",
    "schema",
    "simulate",
    "topics",
    "train",
    "tune",
    "window",
    "worker",
)
"""Each is a function or group in the module of its name in `gridcast.cli` (`dead-letters`:
dead_letters). A module is imported only when its command runs, so no command waits for the
imports of another."""


class Commands(TyperGroup):
    """The command group, which imports each command on demand."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - Typer's signature
        """Return all names."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002
        """Import one command."""
        if cmd_name not in COMMANDS:
            near = get_close_matches(cmd_name, COMMANDS, n=1)
            meant = f"did you mean {near[0]}?" if near else "`gridcast --help` lists them all"
            raise UserError(f"there is no command {cmd_name!r}: {meant}")
        name = cmd_name.replace("-", "_")
        command = getattr(import_module(f"gridcast.cli.{name}"), name)
        if isinstance(command, typer.Typer):
            return get_group(command)
        single = typer.Typer(add_completion=False)
        single.command(cmd_name)(command)
        return get_command(single)


app = typer.Typer(
    name="gridcast",
    cls=Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"gridcast {version('gridcast')}")
        raise typer.Exit


@app.callback()
def gridcast(
    config: Annotated[
        Path | None, typer.Option(help="TOML file of settings (default: ./gridcast.toml).")
    ] = None,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Forecast electricity load from streams: readings in, forecasts and alarms out."""


def main() -> None:
    """Run one command."""
    try:
        app()
    except UserError as error:
        typer.echo(f"gridcast: {error}", err=True)
        sys.exit(2)
