"""Flags that several commands share, and loading of the settings."""

from getpass import getuser
from pathlib import Path
from typing import Annotated, Any

import typer

from gridcast.stream.errors import UserError
from gridcast.stream.settings import Loaded, Settings, load

Broker = Annotated[
    str | None,
    typer.Option(
        "--broker", metavar="HOST:PORT", help="Kafka to connect to.", rich_help_panel="Settings"
    ),
]
Prefix = Annotated[
    str | None,
    typer.Option(
        "--topic-prefix", help="Prefix of every topic's name.", rich_help_panel="Settings"
    ),
]
By = Annotated[str | None, typer.Option(help="Your name.", show_default="the user of this machine")]


def who(by: str | None) -> str:
    """Return the name of the acting person: `--by`, else the user of this machine."""
    if by is not None:
        return by
    try:
        return getuser()
    except (OSError, KeyError):  # as in a container
        raise UserError("this machine does not know your name: pass it with --by") from None


def config_file(context: typer.Context) -> Path | None:
    """Return the file of ``gridcast --config FILE``, if given."""
    path = context.find_root().params.get("config")
    return None if path is None else Path(path)


def loaded(context: typer.Context, **flags: Any) -> Loaded:
    """Load the settings. The command's own flags come first; None means not given."""
    return load(flags, file=config_file(context))


def settings(context: typer.Context, **flags: Any) -> Settings:
    """Load the settings without their origins."""
    return loaded(context, **flags).settings
