"""`gridcast replay`: replay history through the real topics and agents."""

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
    into: Annotated[str, typer.Option(metavar="PREFIX", help="Prefix of every topic's name.")],
    mapping: Annotated[
        Path | None, typer.Option(help="TOML file that describes the file's columns.")
    ] = None,
    start: Annotated[
        str | None,
        typer.Option("--from", metavar="TIME", help="Start of --speed (default: 1 window in)."),
    ] = None,
    end: Annotated[
        str | None,
        typer.Option("--to", metavar="TIME", help="End, exclusive (default: after the last)."),
    ] = None,
    speed: Annotated[str, typer.Option(metavar="TIMES|max", help="Multiple of real time.")] = "1",
    every: Annotated[
        int | None,
        typer.Option(
            min=1, max=60, metavar="MINUTES", help="Minutes between forecasts (default: 1)."
        ),
    ] = None,
    workers: Annotated[
        int, typer.Option(min=0, max=16, help="Workers to start; 0 if you run them.")
    ] = 1,
    broker: Broker = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Replay history beside production, with topics, group and state under a prefix.

    The window before --from is replayed first, as fast as possible. Space or SIGUSR1 pauses and
    resumes, q or Ctrl-C stops. The same command with the same --into continues where it stopped.
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
    result = run(asked, lambda line: typer.echo(line, err=True))
    outcome = result.outcome
    times = (outcome.until_ms - result.begin_ms) / 1000 / max(result.seconds, 1e-9)
    if json:
        figures = {
            "readings": outcome.readings,
            "resumed_behind": result.resumed,
            "seconds_sending": round(outcome.seconds, 2),
            "seconds": round(result.seconds, 2),
            "times_real_time": round(times, 1),
            "waiting": result.waiting,
            "stopped": outcome.stopped,
        }
        print(json_module.dumps(figures))
        return
    state = "stopped" if outcome.stopped else "played"
    typer.echo(
        f"{state}: {outcome.readings:,} readings, {times:,.0f} times real time, in"
        f" {result.seconds:.1f} s; {result.waiting:,} wait for the workers"
    )
    if outcome.stopped:
        typer.echo("run the same command again to continue")
