"""`gridcast config`: the settings in force and where each came from."""

import json as json_module
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from gridcast.cli.options import Broker, Prefix, loaded
from gridcast.stream.settings import Loaded, Settings, unknown_variables


def config(
    context: typer.Context,
    broker: Broker = None,
    topic_prefix: Prefix = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Print every setting in force and where its value came from.

    A flag wins over the environment (GRIDCAST_*), the environment over the TOML file (--config,
    else $GRIDCAST_CONFIG, else ./gridcast.toml), the file over the default. Secrets are not shown.
    """
    found = loaded(context, broker=broker, topic_prefix=topic_prefix)
    shown = {name: _shown(getattr(found.settings, name)) for name in Settings.model_fields}
    if json:
        print(
            json_module.dumps(
                {
                    name: {"value": value, "from": str(found.origins[name])}
                    for name, value in shown.items()
                },
                indent=2,
            )
        )
        return
    Console().print(_table(found, shown))
    for variable in unknown_variables():
        typer.echo(f"gridcast: {variable} is set, but there is no such setting", err=True)


def _shown(value: Any) -> Any:
    """Show a value as the user would write it; pydantic shows a secret as asterisks."""
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return value if isinstance(value, int | float | str | None) else str(value)


def _table(found: Loaded, shown: dict[str, Any]) -> Table:
    table = Table("setting", "value", "from", "what it is", box=None, pad_edge=False)
    for name, field in Settings.model_fields.items():
        value = "-" if shown[name] is None else repr(shown[name]).strip("'")
        origin = found.origins[name]
        style = "dim" if origin.kind == "default" else "bold"
        table.add_row(
            name,
            f"[{style}]{value}[/]",
            f"[{style}]{origin}[/]",
            field.description or "",
        )
    return table
