"""A simulation let run into its sinks, with a progress bar, until its end or until told to stop."""

import signal
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Event

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

from gridcast.models.simulator import Chunk
from gridcast.stream.simulate.sink import Sink


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a run."""

    readings: int
    start_ms: int
    until_ms: int
    seconds: float
    stopped: bool
    places: tuple[str, ...]

    def __str__(self) -> str:
        rate = self.readings / max(self.seconds, 1e-9)
        span = f"{show_time(self.start_ms)} to {show_time(self.until_ms)} UTC"
        line = f"{self.readings:,} readings, {span}, in {self.seconds:.1f} s ({rate:,.0f}/s)"
        return "\n".join((line, *self.places))


def run(
    chunks: Iterable[Chunk], sinks: list[Sink], start_ms: int, end_ms: int | None, stop: Event
) -> Outcome:
    """Write all chunks to all sinks. Whatever happens, the sinks are closed."""
    begun_s = time.monotonic()
    places: list[str] = []
    with _progress(start_ms, end_ms) as shown:
        try:
            for chunk in _ahead(chunks):
                for number, sink in enumerate(sinks):
                    # the readings are the same in every sink: counted in the last, the slowest
                    sink.write(chunk, shown.tell if number == len(sinks) - 1 else _quiet)
                if stop.is_set():
                    break
        finally:
            for sink in sinks:
                places.append(sink.close())  # noqa: PERF401 - what is closed must be known
    seconds = time.monotonic() - begun_s
    return Outcome(shown.readings, start_ms, shown.until_ms, seconds, stop.is_set(), tuple(places))


@contextmanager
def stop_on_signals() -> Iterator[Event]:
    """Give an event that Ctrl-C and SIGTERM set; a second Ctrl-C ends at once."""
    stop = Event()

    def ask(number: int, _frame: object) -> None:
        if stop.is_set():
            signal.default_int_handler(number, None)
        stop.set()

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def show_time(time_ms: int) -> str:
    """Write a time for people."""
    return f"{datetime.fromtimestamp(time_ms // 1000, UTC):%Y-%m-%d %H:%M}"


def write_time(time_ms: int) -> str:
    """Write a time so that it can be read again."""
    return datetime.fromtimestamp(time_ms / 1000, UTC).isoformat(timespec="milliseconds")


def _ahead(chunks: Iterable[Chunk]) -> Iterator[Chunk]:
    """Make the next chunk while this one is written."""
    source = iter(chunks)
    with ThreadPoolExecutor(1, thread_name_prefix="simulate") as maker:
        coming = maker.submit(next, source, None)
        while (chunk := coming.result()) is not None:
            coming = maker.submit(next, source, None)
            yield chunk


def _quiet(_readings: int, _until_ms: int) -> None:
    """Count nothing."""


class _Shown:
    """The progress bar and what it counts."""

    def __init__(self, progress: Progress, start_ms: int, end_ms: int | None) -> None:
        self.readings = 0
        self.until_ms = start_ms
        self._start_ms = start_ms
        self._begun_s = time.monotonic()
        self._progress = progress
        total = None if end_ms is None else end_ms - start_ms
        self._task = progress.add_task("simulate", total=total, time=show_time(start_ms), rate="")

    def tell(self, readings: int, until_ms: int) -> None:
        self.readings += readings
        self.until_ms = max(self.until_ms, until_ms)
        rate = self.readings / max(time.monotonic() - self._begun_s, 1e-9)
        self._progress.update(
            self._task,
            completed=self.until_ms - self._start_ms,
            time=show_time(self.until_ms),
            rate=f"{self.readings:,} readings, {rate:,.0f}/s",
        )


@contextmanager
def _progress(start_ms: int, end_ms: int | None) -> Iterator[_Shown]:
    columns = (
        SpinnerColumn(),
        TextColumn("{task.fields[time]} UTC"),
        BarColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        yield _Shown(progress, start_ms, end_ms)
