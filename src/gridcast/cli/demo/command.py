"""`gridcast demo`: a whole grid on this machine, its readings and its forecasts."""

import json as json_module
import math
import signal
import time
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
from rich.console import Console
from rich.live import Live

from gridcast.cli.demo.browser import show
from gridcast.cli.demo.dashboard import Dashboard, line
from gridcast.cli.demo.history import write_past
from gridcast.cli.demo.processes import Parts, running
from gridcast.cli.demo.topic_monitor import Picture, TopicMonitor
from gridcast.cli.options import Broker, loaded
from gridcast.stream.errors import UserError

LOOK_S = 1.0
# Enough for dead letters to be seen within a minute.
BROKEN_PER_MILLION = 500
LINE_EVERY_S = 5.0
# Far enough back that readings at 60 times real time stay in the past for two hours.
BACK = timedelta(days=5)


def demo(
    context: typer.Context,
    *,
    broker: Broker = None,
    series: Annotated[
        int, typer.Option(min=10, help="Number of meters, feeders and zones.")
    ] = 1000,
    speed: Annotated[float, typer.Option(min=1, help="Multiple of real time.")] = 60,
    workers: Annotated[int, typer.Option(min=1, max=8, help="Number of workers.")] = 1,
    seed: Annotated[int, typer.Option(help="Seed of the simulated grid.")] = 1,
    for_s: Annotated[
        float | None, typer.Option("--for", metavar="SECONDS", help="Stop after this time.")
    ] = None,
    browser: Annotated[
        bool, typer.Option(help="Open the control-room screen if there is a desktop.")
    ] = True,
    json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object as the last line.")
    ] = False,
) -> None:
    """Start a real Kafka, a simulated grid, a worker and a gateway, and open the screen.

    Nothing has to be installed, and nothing is left behind. --broker uses your own Kafka.
    """
    effective = loaded(context, broker=broker)
    own_broker = effective.origins["broker"].kind == "default"
    step = timedelta(minutes=effective.settings.step_minutes)
    start = datetime.now(UTC) - BACK
    start -= (start - datetime.min.replace(tzinfo=UTC)) % step
    simulate = [
        *("--to-topics", "--series", str(series), "--seed", str(seed)),
        *("--from", f"{start:%Y-%m-%dT%H:%M:00Z}", "--speed", f"{speed:g}"),
        *("--broken", str(BROKEN_PER_MILLION)),
    ]
    console = Console(highlight=False, soft_wrap=True)
    screen = DemoDisplay(
        console,
        f"gridcast demo: {series:,} series at {speed:g} times real time",
        end_after_s=for_s,
        browser=browser,
    )
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C
    with suppress(KeyboardInterrupt), console.status("starting") as status:
        report = status.update if console.is_terminal else console.print
        with running(
            effective.settings,
            own_broker=own_broker,
            workers=workers,
            simulate=simulate,
            past=lambda settings: write_past(
                settings, series=series, seed=seed, end_ms=round(start.timestamp() * 1000)
            ),
            port=effective.settings.gateway_port,
            report=report,
        ) as parts:
            status.stop()
            screen.show(parts)
    console.print(line(screen.picture))
    if json:
        print(json_module.dumps(_summary(screen.picture)))
    if for_s is not None and not screen.picture.forecasts:
        raise UserError("no forecast came")


class DemoDisplay:
    """The demo's display: renewed every second in a terminal, occasional lines in a log."""

    def __init__(
        self, console: Console, title: str, *, end_after_s: float | None, browser: bool
    ) -> None:
        self.picture = Picture()
        self._console = console
        self._view = Dashboard(title)
        self._began = time.monotonic()
        self._end_after_s = end_after_s
        self._browser = browser
        self._alive = False
        self._said = 0.0

    def show(self, parts: Parts) -> None:
        """Show the state until the time is over, a process has ended, or Ctrl-C."""
        watch = TopicMonitor(parts.settings, partitions=parts.settings.partitions)
        self.picture = watch.picture
        end = math.inf if self._end_after_s is None else time.monotonic() + self._end_after_s
        try:
            with Live(console=self._console, auto_refresh=False) as live:
                while time.monotonic() < end:
                    watch.look(LOOK_S)
                    parts.check()
                    self._tell_of_screen(parts)
                    self._draw(live)
        finally:
            watch.close()

    def _tell_of_screen(self, parts: Parts) -> None:
        if self._view.screen is not None or parts.screen is None:
            return
        self._view.screen = parts.screen
        self._console.print(f"the control-room screen: {parts.screen}")
        if self._browser and self._console.is_terminal:
            show(parts.screen)

    def _draw(self, live: Live) -> None:
        if not self._alive and self.picture.forecasts:
            self._alive = True
            self._console.print(f"first forecasts after {time.monotonic() - self._began:.1f} s")
        if self._console.is_terminal:
            live.update(self._view.draw(self.picture), refresh=True)
        elif time.monotonic() - self._said >= LINE_EVERY_S:
            self._said = time.monotonic()
            self._console.print(line(self.picture))


def _summary(picture: Picture) -> dict[str, object]:
    return {
        "sent": picture.sent,
        "worked": picture.worked,
        "forecasts": picture.forecasts,
        "zones_answered_by": Counter(forecast.rung for forecast in picture.forecast.values()),
        "lag": picture.lag,
        "series": picture.series,
        "dead_letters": dict(picture.letters),
    }
