"""`gridcast config`: the effective settings and their origins."""

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
    """Print every effective setting and the origin of its value.

    A flag overrides the environment (GRIDCAST_*), which overrides the TOML file (--config, else
    $GRIDCAST_CONFIG, else ./gridcast.toml), which overrides the default. Secrets are hidden.
    """
    effective = loaded(context, broker=broker, topic_prefix=topic_prefix)
    shown = {name: _shown(getattr(effective.settings, name)) for name in Settings.model_fields}
    if json:
        print(
            json_module.dumps(
                {
                    name: {"value": value, "from": str(effective.origins[name])}
                    for name, value in shown.items()
                },
                indent=2,
            )
        )
        return
    Console().print(_table(effective, shown))
    for variable in unknown_variables():
        typer.echo(f"gridcast: {variable} is set, but there is no such setting", err=True)


def _shown(value: Any) -> Any:
    """Return a value as the user would write it. pydantic prints a secret as asterisks."""
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return value if isinstance(value, int | float | str | None) else str(value)


def _table(effective: Loaded, shown: dict[str, Any]) -> Table:
    table = Table("setting", "value", "from", "what it is", box=None, pad_edge=False)
    for name, field in Settings.model_fields.items():
        value = "-" if shown[name] is None else repr(shown[name]).strip("'")
        origin = effective.origins[name]
        style = "dim" if origin.kind == "default" else "bold"
        table.add_row(
            name,
            f"[{style}]{value}[/]",
            f"[{style}]{origin}[/]",
            field.description or "",
        )
    return table
