"""`gridcast worker`: run one worker of the group until Ctrl-C or SIGTERM."""

from typing import Annotated, Literal

import typer

from gridcast.cli.options import Broker, Prefix, settings
from gridcast.stream.observability.logs import Format, Level


def worker(  # noqa: PLR0917 - Typer reads the flags from here
    context: typer.Context,
    broker: Broker = None,
    topic_prefix: Prefix = None,
    clock: Annotated[
        Literal["live", "replay"] | None,
        typer.Option(help="Clock that closes ticks without readings.", rich_help_panel="Settings"),
    ] = None,
    every: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=60,
            metavar="MINUTES",
            help="Minutes between forecasts (with --clock replay).",
            rich_help_panel="Settings",
        ),
    ] = None,
    log_level: Annotated[Level, typer.Option(help="Log level.")] = "info",
    log_format: Annotated[
        Format | None,
        typer.Option(help="Log format: for people or for programs.", rich_help_panel="Settings"),
    ] = None,
) -> None:
    """Run a worker. It takes its share of the partitions and returns it when it stops."""
    chosen = settings(
        context,
        broker=broker,
        topic_prefix=topic_prefix,
        clock=clock,
        every_minutes=every,
        log_format=log_format,
    )
    # Imported late because Faust takes half a second to import.
    from gridcast.stream.worker.worker import run  # noqa: PLC0415

    run(chosen, log_level)
