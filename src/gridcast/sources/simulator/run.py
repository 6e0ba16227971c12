"""Run a simulation into its sinks, with a progress bar, until its end or a signal."""

import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

from gridcast.models.simulator import SimulationChunk
from gridcast.sources.simulator.sink import Sink
from gridcast.stream.time_text import show_time


@dataclass(frozen=True, slots=True)
class SimulationOutcome:
    """The result of a run."""

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
    chunks: Iterable[SimulationChunk],
    sinks: list[Sink],
    start_ms: int,
    end_ms: int | None,
    stop: Event,
) -> SimulationOutcome:
    """Write all chunks to all sinks. The sinks are closed in any case."""
    begun_s = time.monotonic()
    places: list[str] = []
    with _progress(start_ms, end_ms) as shown:
        try:
            for chunk in _ahead(chunks):
                for number, sink in enumerate(sinks):
                    # every sink gets the same readings: count those of the last, the slowest
                    sink.write(chunk, shown.tell if number == len(sinks) - 1 else _quiet)
                if stop.is_set():
                    break
        finally:
            for sink in sinks:
                places.append(sink.close())  # noqa: PERF401 - what is closed must be known
    seconds = time.monotonic() - begun_s
    return SimulationOutcome(
        shown.readings, start_ms, shown.until_ms, seconds, stop.is_set(), tuple(places)
    )


def _ahead(chunks: Iterable[SimulationChunk]) -> Iterator[SimulationChunk]:
    """Yield chunks. The next chunk is computed while the current one is written."""
    source = iter(chunks)
    with ThreadPoolExecutor(1, thread_name_prefix="simulate") as maker:
        coming = maker.submit(next, source, None)
        while (chunk := coming.result()) is not None:
            coming = maker.submit(next, source, None)
            yield chunk


def _quiet(_readings: int, _until_ms: int) -> None:
    """Ignore the progress."""


class _Shown:
    """The progress bar and its counters."""

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
