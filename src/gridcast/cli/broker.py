"""`gridcast broker`: run a real Kafka on this machine until the command ends."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from gridcast.cli.options import settings
from gridcast.stream.errors import UserError
from gridcast.stream.kafka.broker import KAFKA_VERSION, Broker
from gridcast.stream.kafka.broker.jars import Report, fetch
from gridcast.stream.settings import Settings

LOOK_EVERY_S = 0.5


def broker(
    context: typer.Context,
    *,
    nodes: Annotated[
        int, typer.Option(help="1, or 3: three replicas of every message, one node may fail.")
    ] = 1,
    port: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=65535,
            show_default="the port in the setting broker, 9092",
            help="Port for clients. Further nodes take the next ports.",
        ),
    ] = None,
    host: Annotated[
        str, typer.Option(help="Address of this machine that clients use.")
    ] = "127.0.0.1",
    directory: Annotated[
        Path | None,
        typer.Option(
            "--dir",
            show_default="the setting broker_dir; with three nodes that path plus -3",
            help="Folder that keeps the data between runs.",
        ),
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Delete existing data first.")] = False,
    temporary: Annotated[
        bool, typer.Option("--temporary", help="Delete the data at the end.")
    ] = False,
    jars: Annotated[
        Path | None,
        typer.Option(
            show_default="downloaded once from Maven Central",
            help="Folder with Kafka's jars, for a site without a network.",
        ),
    ] = None,
    fetch_only: Annotated[
        bool,
        typer.Option("--fetch-only", help="Download Kafka's jars, print their folder, and exit."),
    ] = False,
) -> None:
    """Run a real Apache Kafka until Ctrl-C or SIGTERM. It needs neither Docker nor Java."""
    if temporary and (fresh or directory is not None):
        raise UserError("--temporary keeps no data: --dir and --fresh make no sense with it")
    chosen = settings(context, jars_dir=jars)
    console = Console(highlight=False, soft_wrap=True)
    if fetch_only:
        with _progress(console) as report:
            folder = fetch(chosen.cache_dir, report)
        console.print(f"Kafka {KAFKA_VERSION}'s jars are in {folder}", markup=False)
        return
    _run(
        console,
        Broker(
            chosen,
            nodes=nodes,
            directory=None if temporary else directory or _usual_directory(chosen, nodes),
            host=host,
            port=port or int(chosen.broker.split(",")[0].rpartition(":")[2]),
            fresh=fresh,
        ),
        kept=not temporary,
    )


def _usual_directory(chosen: Settings, nodes: int) -> Path:
    """Return the data folder. One node and three nodes have a folder each, so both can be used."""
    usual = chosen.broker_dir
    return usual if nodes == 1 else usual.with_name(f"{usual.name}-{nodes}")


def _run(console: Console, kafka: Broker, *, kept: bool) -> None:
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C
    try:
        with _progress(console) as kafka.report:
            kafka.start()
        _say_ready(console, kafka, kept=kept)
        _watch(console, kafka)
    except KeyboardInterrupt:
        console.print("stopping")
    finally:
        try:
            kafka.stop()
        except KeyboardInterrupt:  # a second Ctrl-C
            kafka.stop(at_once=True)


def _say_ready(console: Console, kafka: Broker, *, kept: bool) -> None:
    console.print(f"[bold]Kafka {KAFKA_VERSION} is ready at {kafka.address}[/]")
    for node in kafka.nodes:
        console.print(f"  node {node.number}  {node.place.address}, process {node.pid}")
    after = "kept between runs" if kept else "gone after the end"
    console.print(f"  data    {kafka.directory} ({after})", markup=False)
    console.print(f"  stop    Ctrl-C, or kill {os.getpid()}")


def _watch(console: Console, kafka: Broker) -> None:
    """Monitor the nodes until Ctrl-C. Raise if half of them have ended."""
    gone: set[int] = set()
    while True:
        time.sleep(LOOK_EVERY_S)
        for node in kafka.nodes:
            if node.is_alive() or node.number in gone:
                continue
            gone.add(node.number)
            if 2 * len(gone) >= len(kafka.nodes):
                raise kafka.failure(f"Kafka has ended, with node {node.number}", node)
            console.print(f"node {node.number} has ended; the others go on", markup=False)


@contextmanager
def _progress(console: Console) -> Iterator[Report]:
    """Show progress: one changing line in a terminal, a few lines elsewhere."""
    if console.is_terminal:
        with console.status("") as status:
            yield status.update
        return
    shown = ""

    def in_lines(doing: str) -> None:
        nonlocal shown
        if doing.partition(":")[0] != shown:
            shown = doing.partition(":")[0]
            console.print(doing, markup=False)

    yield in_lines
