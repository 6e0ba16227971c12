"""How far a backtest has come: event time, share, and how much faster than time it goes."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from gridcast.learning.backtest.plan import BacktestPlan


class BacktestProgress:
    """A bar in a terminal; lines of stages elsewhere."""

    def __init__(self, progress: Progress, console: Console, plan: BacktestPlan) -> None:
        self._progress, self._console = progress, console
        self._began_s = time.monotonic()
        self._length_ms = plan.to_ms - plan.from_ms
        self._task = progress.add_task("forecasting", total=None, speed="")

    def tell(self, passed_ms: int, total_ms: int) -> None:
        """Move the bar. All partitions and models together cover `total_ms`."""
        share = passed_ms / max(total_ms, 1)
        speed = share * self._length_ms / 1000 / max(time.monotonic() - self._began_s, 1e-3)
        self._progress.update(
            self._task, completed=passed_ms, total=total_ms, speed=f"{speed:,.0f} times real time"
        )

    def step(self, done: int, total: int) -> None:
        """Show the progress of a training."""
        self._progress.update(self._task, completed=done, total=total, speed="")

    def stage(self, what: str) -> None:
        """Show the current stage."""
        self._progress.update(self._task, description=what)
        if not self._console.is_terminal:
            self._console.print(what, highlight=False)


@contextmanager
def shown(plan: BacktestPlan) -> Iterator[BacktestProgress]:
    """Return the display on standard error."""
    console = Console(stderr=True)
    columns = (
        TextColumn("[bold]{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %  {task.fields[speed]}"),
        TimeElapsedColumn(),
        TextColumn("to go"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        yield BacktestProgress(progress, console, plan)
