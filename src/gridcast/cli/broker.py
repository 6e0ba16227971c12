"""`gridcast broker`: a real Kafka on this machine, for as long as the command runs."""

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
        int, typer.Option(help="1, or 3: every message three times, one node may fail.")
    ] = 1,
    port: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=65535,
            show_default="that of the setting broker, 9092",
            help="Port for clients; further nodes take the next ones.",
        ),
    ] = None,
    host: Annotated[
        str, typer.Option(help="Address of this machine that clients shall use.")
    ] = "127.0.0.1",
    directory: Annotated[
        Path | None,
        typer.Option(
            "--dir",
            show_default="the setting broker_dir; with three nodes the same with -3 behind",
            help="Where the data are kept between runs.",
        ),
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Begin with no data.")] = False,
    temporary: Annotated[
        bool, typer.Option("--temporary", help="Keep no data after the end.")
    ] = False,
    jars: Annotated[
        Path | None,
        typer.Option(
            show_default="fetched from Maven Central, once",
            help="A folder with Kafka's jars, for a site without a network.",
        ),
    ] = None,
    fetch_only: Annotated[
        bool, typer.Option("--fetch-only", help="Fetch Kafka's jars, say where they are, and end.")
    ] = False,
) -> None:
    """Run a real Apache Kafka, with no Docker and no Java installed, until Ctrl-C or SIGTERM."""
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
    """Give one node and three nodes a place each, so that one can go from one to the other."""
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
        except KeyboardInterrupt:  # somebody is in a hurry
            kafka.stop(at_once=True)


def _say_ready(console: Console, kafka: Broker, *, kept: bool) -> None:
    console.print(f"[bold]Kafka {KAFKA_VERSION} is ready at {kafka.address}[/]")
    for node in kafka.nodes:
        console.print(f"  node {node.number}  {node.place.address}, process {node.pid}")
    after = "kept between runs" if kept else "gone after the end"
    console.print(f"  data    {kafka.directory} ({after})", markup=False)
    console.print(f"  stop    Ctrl-C, or kill {os.getpid()}")


def _watch(console: Console, kafka: Broker) -> None:
    """Look after the nodes until Ctrl-C: one of three may fail, and more is the end."""
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
    """Show what is being done: in one changing line, or where that cannot be, in a few lines."""
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
