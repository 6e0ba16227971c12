"""`gridcast gateway`: forecasts, alarms, scores and readings to screens and other programs."""

import asyncio
import logging.config
from typing import Annotated
from uuid import uuid4

import typer

from gridcast.cli.options import Broker, Prefix, settings
from gridcast.schemas.gateway import Scope
from gridcast.stream.errors import UserError
from gridcast.stream.observability.logs import Format, Level, configuration
from gridcast.stream.process.gc_tuning import tune_gc

gateway = typer.Typer(
    name="gateway",
    add_completion=False,
    invoke_without_command=True,
    help="Serve screens and other programs: WebSocket, HTTP, the control-room screen.",
)


@gateway.callback()
def run(
    context: typer.Context,
    *,
    host: Annotated[
        str | None, typer.Option(help="Address to listen on.", rich_help_panel="Settings")
    ] = None,
    port: Annotated[
        int | None, typer.Option(help="Port to listen on.", rich_help_panel="Settings")
    ] = None,
    open_: Annotated[
        bool,
        typer.Option("--open", help="Admit everyone on this machine, for a demonstration."),
    ] = False,
    broker: Broker = None,
    topic_prefix: Prefix = None,
    log_level: Annotated[Level, typer.Option(help="Log level.")] = "info",
    log_format: Annotated[
        Format | None,
        typer.Option(help="Log format: for people or for programs.", rich_help_panel="Settings"),
    ] = None,
) -> None:
    """Run a gateway until Ctrl-C. Any number can run behind a load balancer."""
    if context.invoked_subcommand is not None:
        return
    chosen = settings(
        context,
        gateway_host=host,
        gateway_port=port,
        gateway_access="open" if open_ else None,
        broker=broker,
        topic_prefix=topic_prefix,
        log_format=log_format,
    )
    # Imported here because websockets, PyJWT and redis take a while to import.
    from gridcast.gateway.gateway import serve  # noqa: PLC0415

    name = uuid4().hex
    logging.config.dictConfig(configuration(log_level, chosen.log_format, name))
    tune_gc()
    asyncio.run(serve(chosen, name))


@gateway.command()
def key(
    name: Annotated[str, typer.Argument(help="The key's name, for logs and limits.")],
    *,
    who: Annotated[str, typer.Option(help="Its holder, in whose name its actions are recorded.")],
    scope: Annotated[
        list[Scope] | None, typer.Option(help="A scope of the key.", show_default="read")
    ] = None,
    below: Annotated[
        list[str] | None, typer.Option(help="A subtree that it is limited to.", show_default="all")
    ] = None,
) -> None:
    """Create an API key; show it once, and print its entry for gateway_keys_file."""
    from gridcast.gateway.access.keys import new_key  # noqa: PLC0415

    try:
        secret, entry = new_key(name, who=who, scopes=scope or [Scope.READ], below=below or [])
    except ValueError as error:
        raise UserError(f"cannot create the key: {error}") from None
    typer.echo(f"the key, for its holder; it is stored nowhere: {secret}", err=True)
    print(entry, end="")
