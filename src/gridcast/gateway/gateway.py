"""The gateway process: connects Kafka, the latest state and the clients."""

import asyncio
import logging
import resource
import signal
import time
from collections.abc import Awaitable, Callable, Iterable
from importlib.metadata import version
from typing import Any

from gridcast.gateway.access.gate import AccessGate
from gridcast.gateway.access.limits import AccountLimits
from gridcast.gateway.commands import CommandSender
from gridcast.gateway.conversations import Conversations
from gridcast.gateway.entries import Entry
from gridcast.gateway.fanout import Fanout
from gridcast.gateway.feeds import Feeds
from gridcast.gateway.http import HttpEndpoints
from gridcast.gateway.latest_state import LatestState
from gridcast.gateway.metrics import GatewayMetrics
from gridcast.gateway.readings import ReadingFeed
from gridcast.gateway.screen import ScreenFiles
from gridcast.gateway.server import GatewayServer
from gridcast.gateway.shared_state import SharedState
from gridcast.gateway.snapshot_at import SnapshotReader
from gridcast.gateway.status import GatewayStatus
from gridcast.gateway.weather import WeatherFeed
from gridcast.schemas.gateway import What
from gridcast.stream.errors import UserError
from gridcast.stream.kafka.access import as_user_error
from gridcast.stream.observability.metrics_server import metrics_served
from gridcast.stream.settings import Settings

LOG = logging.getLogger("gridcast.gateway")
WATCH_EVERY_S, WATCH_EACH_S = 0.01, 5e-6
"""Interval between two checks of the clients that are behind, and what each client adds to it, so
that the checks take a small part of the time."""
CHECK_EVERY_S = 5.0
FORGET_EVERY_S = 60.0
SPARE_FILES = 200


class Gateway:
    """One gateway, in this process.

    Parameters
    ----------
    settings
        The deployment's settings.
    run
        The id of this run, for its logs and metrics.
    """

    def __init__(self, settings: Settings, run: str) -> None:
        self._settings = settings
        self.metrics = GatewayMetrics(version("gridcast"), run)
        self.gate = AccessGate(settings)
        self.state = LatestState()
        self.accounts = AccountLimits()
        self.shared = SharedState(settings, self.metrics)
        self.feeds = Feeds(settings, self.state, self.take, self.metrics)
        self.readings = ReadingFeed(settings, self.state, self.take, self.metrics)
        self.weather = WeatherFeed(settings, self.state.grid, self.metrics)
        self._commands = CommandSender(settings)
        self._wake = asyncio.Event()
        self._sent_ms: int | None = None
        self._turn = 0
        status = GatewayStatus(
            state=self.state,
            is_open=self.gate.is_open,
            heartbeat_s=settings.gateway_heartbeat_s,
            stale_s=lambda: self.feeds.stale_s,
            missing=self.feeds.why_not_ready,
            degraded=lambda: self.shared.degraded,
        )
        self.fanout = Fanout(
            self.state, self.metrics, status.current, settings.gateway_stall_s, self._wake.set
        )
        self.conversations = Conversations(
            gate=self.gate,
            accounts=self.accounts,
            shared=self.shared,
            state=self.state,
            fanout=self.fanout,
            commands=self._commands,
            status=status,
            metrics=self.metrics,
        )
        endpoints = HttpEndpoints(
            state=self.state,
            past_loads=self.readings.past_loads,
            forecast_history=self.feeds.forecast_history,
            weather=self.weather.curves,
            snapshots=SnapshotReader(settings, self.state),
            step_minutes=settings.step_minutes,
            silent_minutes=settings.gateway_silent_minutes,
            gate=self.gate,
            screen=ScreenFiles(settings.gateway_screen_dir),
            registry=self.metrics.registry,
            why_not_ready=self.feeds.why_not_ready,
            allow_request=self.conversations.allow_request,
        )
        self.server = GatewayServer(settings, self.conversations, endpoints, self.metrics)

    def take(self, entries: Iterable[Entry]) -> None:
        """Pass new entries on to the clients and to Redis."""
        new = list(entries)
        self.fanout.take(new)
        self.shared.publish(new)
        if new and self._sent_ms is None and not self.feeds.why_not_ready():
            self._sent_ms = new[0].sent_ms

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until `stop` is set. Errors that a retry cannot fix are raised."""
        await self.server.open()
        LOG.info("gateway at %s%s", self.server.address, self._open_to())
        tasks = [
            asyncio.create_task(job)
            for job in (
                self.feeds.run(),
                self.readings.run(),
                self.weather.run(),
                self.shared.run(),
                self._commands.start(),
                self._pump(),
                self._watch(),
                _every(1.0, self._beat),
                _every(CHECK_EVERY_S, self.conversations.recheck_credentials),
                _every(FORGET_EVERY_S, self._forget),
            )
        ]
        stopping = asyncio.create_task(stop.wait())
        work = asyncio.gather(*tasks)
        try:
            ends: set[asyncio.Future[Any]] = {stopping, work}
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                work.result()
        finally:
            await self.server.close()
            unfinished: list[asyncio.Future[Any]] = [stopping, work, *tasks]
            for task in unfinished:
                task.cancel()
            await asyncio.gather(*unfinished, return_exceptions=True)
            await self._commands.stop()

    async def _pump(self) -> None:
        """Flush whenever there is something to send."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self.fanout.flush():  # noqa: ASYNC110 - other tasks have their turn
                await asyncio.sleep(0)
            if self._sent_ms is not None:
                self.metrics.delivered(time.time() - self._sent_ms / 1000)
                self._sent_ms = None

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(WATCH_EVERY_S + WATCH_EACH_S * self.fanout.behind)
            self.fanout.watch(time.monotonic())

    async def _beat(self) -> None:
        turns = max(round(self._settings.gateway_heartbeat_s), 1)
        self._turn = (self._turn + 1) % turns
        self.fanout.heartbeat(self._turn, turns)
        self.metrics.stale(self.feeds.stale_s)
        self.metrics.entries({what: len(self.state.newest[what]) for what in What})

    async def _forget(self) -> None:
        self.state.forget(round(time.time() * 1000))
        if self.feeds.forecast_history.tick_ms is not None:
            await self.weather.forget(self.feeds.forecast_history.tick_ms)
        self.accounts.forget(time.monotonic())

    def _open_to(self) -> str:
        return ", OPEN TO EVERYBODY on this machine: a demonstration" if self.gate.is_open else ""


async def _every(seconds: float, act: Callable[[], Awaitable[None]]) -> None:
    """Call `act` repeatedly, with a pause of `seconds` before each call."""
    while True:
        await asyncio.sleep(seconds)
        await act()


def _allow_files(wanted: int) -> None:
    """Raise the limit of open files for `wanted` connections, as far as the system allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    enough = wanted + SPARE_FILES
    if hard != resource.RLIM_INFINITY and hard < enough:
        LOG.warning(
            "the system allows %d open files, too few for %d connections: raise the limit "
            "(ulimit -n) or lower gateway_connections",
            hard,
            wanted,
        )
        enough = hard
    if soft < enough:
        resource.setrlimit(resource.RLIMIT_NOFILE, (enough, hard))


async def serve(settings: Settings, run: str) -> None:
    """Run a gateway until SIGINT or SIGTERM."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    _allow_files(settings.gateway_connections)
    gateway = Gateway(settings, run)
    try:
        with metrics_served(settings, gateway.metrics.registry, loop, gateway.feeds.why_not_ready):
            await gateway.run(stop)
    except Exception as error:
        user_error = as_user_error(error)
        if isinstance(user_error, UserError):
            raise user_error from None
        raise
    finally:
        LOG.info("stopped")
