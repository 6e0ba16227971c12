"""Flags that several commands share, and how a command gets its settings."""

from getpass import getuser
from pathlib import Path
from typing import Annotated, Any

import typer

from gridcast.stream.errors import UserError
from gridcast.stream.settings import Loaded, Settings, load

Broker = Annotated[
    str | None,
    typer.Option(
        "--broker", metavar="HOST:PORT", help="Kafka to talk to.", rich_help_panel="Settings"
    ),
]
Prefix = Annotated[
    str | None,
    typer.Option(
        "--topic-prefix", help="Put before every topic's name.", rich_help_panel="Settings"
    ),
]
By = Annotated[
    str | None, typer.Option(help="Who does it.", show_default="the user of this machine")
]


def who(by: str | None) -> str:
    """Give who does something: as said with `--by`, else the user of this machine."""
    if by is not None:
        return by
    try:
        return getuser()
    except (OSError, KeyError):  # as in a container
        raise UserError("this machine does not know who you are: say it with --by") from None


def config_file(context: typer.Context) -> Path | None:
    """Give the file named by ``gridcast --config FILE``, if any."""
    found = context.find_root().params.get("config")
    return None if found is None else Path(found)


def loaded(context: typer.Context, **flags: Any) -> Loaded:
    """Read the settings, the command's own flags first; a flag that is None was not given."""
    return load(flags, file=config_file(context))


def settings(context: typer.Context, **flags: Any) -> Settings:
    """Like :func:`loaded`, for those who need not know where a value came from."""
    return loaded(context, **flags).settings
