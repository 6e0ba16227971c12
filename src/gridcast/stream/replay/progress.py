"""The progress bar of a replay: event time, speed, and how far the workers are behind."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

from gridcast.stream.replay.backlog import Backlog
from gridcast.stream.replay.player import PauseControl
from gridcast.stream.time_text import show_time

LOOK_S = 1.0


class ReplayProgress:
    """The bar and its counters."""

    def __init__(self, progress: Progress, held: PauseControl, begin_ms: int, end_ms: int) -> None:
        self._progress, self._held = progress, held
        self._begin_ms, self._began_s = begin_ms, time.monotonic()
        self.readings, self.until_ms, self.waiting = 0, begin_ms, 0
        self._task = progress.add_task("replay", total=end_ms - begin_ms, text="")

    def tell(self, readings: int, until_ms: int) -> None:
        """Count sent readings."""
        self.readings += readings
        self.until_ms = max(self.until_ms, until_ms)
        self.show()

    def show(self, what: str = "") -> None:
        """Draw the bar."""
        seconds = max(time.monotonic() - self._began_s, 1e-3)
        speed = (self.until_ms - self._begin_ms) / 1000 / seconds
        held = "held: space goes on" if self._held.paused else what
        text = (
            f"{show_time(self.until_ms)} UTC  {speed:,.0f} times real time, {self.readings:,}"
            f" readings sent, {self.waiting:,} wait  {held}"
        )
        self._progress.update(self._task, completed=self.until_ms - self._begin_ms, text=text)


@contextmanager
def shown(
    backlog: Backlog, held: PauseControl, begin_ms: int, end_ms: int
) -> Iterator[ReplayProgress]:
    """Yield a bar on standard error; a thread asks how far the workers are behind."""
    console = Console(stderr=True)
    columns = (SpinnerColumn(), BarColumn(), TextColumn("{task.fields[text]}"))
    ended = threading.Event()
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        bar = ReplayProgress(progress, held, begin_ms, end_ms)

        def ask() -> None:
            while not ended.wait(LOOK_S):
                bar.waiting = backlog.waiting()
                bar.show()

        asking = threading.Thread(target=ask, name="backlog", daemon=True)
        asking.start()
        try:
            yield bar
        finally:
            ended.set()
            asking.join()
