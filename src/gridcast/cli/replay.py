"""`gridcast replay`: any stretch of history through the real topics and agents."""

import json as json_module
from pathlib import Path
from typing import Annotated

import typer

from gridcast.cli.options import Broker, config_file, settings
from gridcast.stream.errors import UserError


def replay(  # noqa: PLR0917 - Typer reads the flags from here
    context: typer.Context,
    source: Annotated[
        str, typer.Argument(help="CSV, Parquet, a folder of simulate --out; or: topics (live).")
    ],
    into: Annotated[str, typer.Option(metavar="PREFIX", help="Put before every topic's name.")],
    mapping: Annotated[
        Path | None, typer.Option(help="TOML that says what a file's columns mean.")
    ] = None,
    start: Annotated[
        str | None,
        typer.Option("--from", metavar="TIME", help="From here at --speed (else: 1 window in)."),
    ] = None,
    end: Annotated[
        str | None, typer.Option("--to", metavar="TIME", help="End, not included (else: the last).")
    ] = None,
    speed: Annotated[str, typer.Option(metavar="TIMES|max", help="Times real time.")] = "1",
    every: Annotated[
        int | None,
        typer.Option(
            min=1, max=60, metavar="MINUTES", help="Between two forecasts (else: 1, as live)."
        ),
    ] = None,
    workers: Annotated[
        int, typer.Option(min=0, max=16, help="Workers to start; 0: you run them.")
    ] = 1,
    broker: Broker = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Play history beside production: topics, group and state of its own, under a prefix.

    The window before --from is played first, as fast as possible. Space holds it and lets it go on
    (or SIGUSR1), q stops it (or Ctrl-C). Run again with the same --into, it goes on where it was.
    """
    from gridcast.learning.history.recording_source import LIVE, open_source  # noqa: PLC0415 - pyarrow takes a while
    from gridcast.stream.replay.arguments import ask  # noqa: PLC0415
    from gridcast.stream.replay.run import replay as run  # noqa: PLC0415

    live = settings(context, broker=broker)
    chosen = settings(
        context, broker=broker, topic_prefix=into, clock="replay", every_minutes=every
    )
    if not into or into == live.topic_prefix:
        raise UserError("--into: a prefix of its own, other than that of the live topics")
    recording = None if source == LIVE else open_source(Path(source), mapping)
    asked = ask(
        live,
        chosen,
        recording,
        start=start,
        end=end,
        speed=speed,
        workers=workers,
        config=config_file(context),
    )
    found = run(asked, lambda told: typer.echo(told, err=True))
    outcome = found.outcome
    times = (outcome.until_ms - found.begin_ms) / 1000 / max(found.seconds, 1e-9)
    if json:
        figures = {
            "readings": outcome.readings,
            "resumed_behind": found.resumed,
            "seconds_sending": round(outcome.seconds, 2),
            "seconds": round(found.seconds, 2),
            "times_real_time": round(times, 1),
            "waiting": found.waiting,
            "stopped": outcome.stopped,
        }
        print(json_module.dumps(figures))
        return
    state = "stopped" if outcome.stopped else "played"
    typer.echo(
        f"{state}: {outcome.readings:,} readings, {times:,.0f} times as fast as life, in"
        f" {found.seconds:.1f} s; {found.waiting:,} wait for the workers"
    )
    if outcome.stopped:
        typer.echo("the same command goes on from there")
