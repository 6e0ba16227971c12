"""`gridcast simulate`: simulate a grid into files or onto the topics."""

import time
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from gridcast.cli.options import Broker, Prefix, settings
from gridcast.models.simulator import FAULTS, Faults, Simulation, build_grid
from gridcast.sources.simulator.arguments import (
    check_places,
    read_country,
    read_span,
    read_tree,
)
from gridcast.sources.simulator.folder import Folder
from gridcast.sources.simulator.run import run
from gridcast.sources.simulator.sink import Sink
from gridcast.sources.simulator.topics import Topics
from gridcast.stream.errors import UserError
from gridcast.stream.process.signals import stop_on_signals
from gridcast.stream.replay.pace import AsFastAsPossible, ByTheClock, Pace, read_speed
from gridcast.stream.time_text import read_time, write_time

Option = typer.Option


def simulate(  # noqa: PLR0917 - Typer reads the flags from here
    context: typer.Context,
    series: Annotated[
        int | None, Option(help="Number of series in total, divided into zones, feeders, meters.")
    ] = None,
    zones: Annotated[int | None, Option(help="Number of zones (instead of --series).")] = None,
    feeders: Annotated[int | None, Option(help="Number of feeders in each zone.")] = None,
    meters: Annotated[int | None, Option(help="Number of meters on each feeder.")] = None,
    country: Annotated[
        str, Option(help="Climate, habits, time zone, holidays: KR, DE, DE-BY, US-TX …")
    ] = "DE",
    seed: Annotated[int, Option(min=0, help="The same seed gives the same bytes.")] = 1,
    start: Annotated[
        str | None, Option("--from", metavar="TIME", help="First time, RFC 3339 (UTC) or a date.")
    ] = None,
    end: Annotated[
        str | None, Option("--to", metavar="TIME", help="End, exclusive; or use --days.")
    ] = None,
    days: Annotated[float | None, Option(help="Number of days.")] = None,
    step_s: Annotated[int, Option(help="Seconds between readings.")] = 60,
    faults: Annotated[Literal["none", "mild", "storm"], Option(help="Rate of faults.")] = "mild",
    faults_per_series_day: Annotated[
        float | None, Option(min=0, help="Rate of faults, in lasting faults per series and day.")
    ] = None,
    out: Annotated[Path | None, Option(help="Write files into this new folder.")] = None,
    form: Annotated[Literal["parquet", "csv"], Option("--format", help="File format.")] = "parquet",
    truth: Annotated[bool, Option("--truth", help="Write the true load as well.")] = False,
    to_topics: Annotated[bool, Option("--to-topics", help="Send to Kafka.")] = False,
    speed: Annotated[
        str | None,
        Option(
            help="To the topics: multiple of real time (default: 1), or max.", metavar="TIMES|max"
        ),
    ] = None,
    frames: Annotated[
        bool, Option("--frames", help="To the topics: a feeder's readings in one message.")
    ] = False,
    broken: Annotated[
        int,
        Option(
            min=0,
            max=1_000_000,
            metavar="PER_MILLION",
            help="To the topics: unreadable messages per million.",
        ),
    ] = 0,
    arriving_from: Annotated[
        str | None,
        Option(metavar="TIME", help="Continue a stopped run that had the same --from."),
    ] = None,
    broker: Broker = None,
    topic_prefix: Prefix = None,
) -> None:
    """Simulate a grid: readings and weather as from real feeds, with labelled faults.

    Into files: gridcast simulate --series 1000 --days 7 --out DIR

    To Kafka, at sixty times real time, until stopped: gridcast simulate --series 1000
    --to-topics --speed 60
    """
    for_topics = {"--speed": speed is not None, "--frames": frames, "--broken": broken > 0}
    check_places(out, to_topics=to_topics, for_topics=for_topics, for_files={"--truth": truth})
    times = read_speed(speed or "1")
    now_ms = int(time.time() * 1000)
    start_ms, end_ms = read_span(
        start, end, days, now_ms, live=to_topics and times is not None and out is None
    )
    again_ms = 0 if arriving_from is None else read_time(arriving_from, "--arriving-from")
    wrong = FAULTS[faults]
    if faults_per_series_day is not None:
        wrong = Faults.a_series_day(faults_per_series_day)
    tree = read_tree(series, zones, feeders, meters)
    grid = build_grid(seed, read_country(country), tree)
    try:
        simulation = Simulation(grid, seed, step_s, wrong)
    except ValueError as error:
        raise UserError(f"--step-s: {error}") from None

    chunks = simulation.chunks(start_ms, end_ms, arriving_from_ms=again_ms)
    with stop_on_signals() as stop:
        sinks: list[Sink] = []
        if out is not None:
            about = _about(simulation, country, tree, write_time(start_ms))
            sinks.append(Folder(simulation, out, form, truth=truth, about=about))
        kafka = None
        if to_topics:
            begin_ms = max(start_ms, again_ms)
            pace: Pace = AsFastAsPossible(simulation.step_ms)
            if times is not None:
                pace = ByTheClock(begin_ms, times, stop)
            chosen = settings(context, broker=broker, topic_prefix=topic_prefix)
            kafka = Topics(
                simulation,
                chosen,
                pace,
                stop,
                start_ms=begin_ms,
                frames=frames,
                broken_per_million=broken,
            )
            sinks.append(kafka)
        outcome = run(chunks, sinks, start_ms, end_ms, stop)
    typer.echo(f"{'stopped: ' if outcome.stopped else ''}{outcome}")
    if outcome.stopped and kafka is not None:
        left = f"--from {write_time(start_ms)} --arriving-from {write_time(kafka.sent_ms)}"
        typer.echo(f"to continue, use the same flags and {left}")


def _about(
    simulation: Simulation, country: str, tree: list[list[int]], start: str
) -> dict[str, Any]:
    """Return everything needed to simulate the same grid again."""
    return {
        "gridcast": version("gridcast"),
        "numpy": version("numpy"),
        "seed": simulation.seed,
        "country": country,
        "from": start,
        "step_s": simulation.step_ms // 1000,
        "faults_factor": simulation.faults.factor,
        "meters_by_zone_and_feeder": tree,
    }
