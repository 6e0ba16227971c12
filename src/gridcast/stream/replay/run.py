"""Runs a whole replay: creates topics, starts workers, plays the feed, waits for the workers."""

import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from gridcast.stream.errors import UserError
from gridcast.stream.process.child_process import Process, end_of
from gridcast.stream.recording import Recording
from gridcast.stream.recording.taps import cut_window
from gridcast.stream.replay.backlog import Backlog
from gridcast.stream.replay.feed import RecordedFeed, ReplayFeed
from gridcast.stream.replay.keys import held_by_hand
from gridcast.stream.replay.player import PauseControl, ReplayOutcome, play
from gridcast.stream.replay.progress import ReplayProgress, shown
from gridcast.stream.replay.sender import Sender, make_topics
from gridcast.stream.replay.tapped import TappedFeed
from gridcast.stream.settings import Settings
from gridcast.units import DAY_MS

GRIDCAST = (sys.executable, "-m", "gridcast")
STOP_WITHIN_S = 30.0
LOOK_S = 0.2


@dataclass(frozen=True)
class ReplayRequest:
    """Settings of a replay: the data, and the target deployment."""

    settings: Settings
    """Settings of the deployment that is played into."""
    live: Settings
    """Settings of the deployment whose topics are read, if they are the source."""
    recording: Recording | None
    """None: the live topics."""
    from_ms: int
    to_ms: int
    speed: float | None
    workers: int
    config: Path | None
    """The settings file that the workers read as well."""


@dataclass(frozen=True)
class Replayed:
    """Result of a replay, with the workers' part."""

    outcome: ReplayOutcome
    begin_ms: int
    resumed: int
    """Number of messages that an earlier run had sent."""
    seconds: float
    """Time until the workers were done."""
    waiting: int
    """Number of readings that no worker has processed."""


def replay(asked: ReplayRequest, report: Callable[[str], None]) -> Replayed:
    """Play a request, and wait for the workers. A worker that ends by itself is a UserError."""
    begin_ms = asked.from_ms - asked.settings.window_days * DAY_MS
    with ExitStack() as stack:
        feed, settings = _feed(asked, begin_ms, stack, report)
        make_topics(settings)
        sender = Sender(settings)
        if sender.resumes:
            report(f"continuing after {sender.resumes:,} messages of an earlier run")
        held = stack.enter_context(held_by_hand())
        workers = stack.enter_context(_workers(asked, settings))
        backlog = Backlog(settings, settings.partitions)
        stack.callback(backlog.close)
        began_s = time.monotonic()
        first_ms = feed.next_ms() or begin_ms
        with shown(backlog, held, first_ms, asked.to_ms) as bar:
            outcome = play(
                feed,
                sender,
                from_ms=asked.from_ms,
                speed=asked.speed,
                held=held,
                tell=_watched(bar.tell, workers),
            )
            waiting = _work_off(backlog, workers, held, bar)
        seconds = time.monotonic() - began_s
        return Replayed(outcome, first_ms, sender.resumes, seconds, waiting)


def _feed(
    asked: ReplayRequest, begin_ms: int, stack: ExitStack, report: Callable[[str], None]
) -> tuple[ReplayFeed, Settings]:
    if asked.recording is not None:
        part = asked.recording.arriving(begin_ms, asked.to_ms)
        if not len(part.arrivals):
            raise UserError(f"{part.title} has no readings from --from to --to")
        return RecordedFeed(part, asked.settings.partitions), asked.settings
    tapped = TappedFeed(asked.live, begin_ms, asked.from_ms, asked.to_ms)
    stack.callback(tapped.close)
    if tapped.whole_from_ms > begin_ms:
        report(cut_window(tapped.whole_from_ms))
    # The same number of partitions, so that each gets the same readings.
    return tapped, asked.settings.model_copy(update={"partitions": tapped.partitions})


@contextmanager
def _workers(asked: ReplayRequest, settings: Settings) -> Iterator[Sequence[Process]]:
    """Start workers in the replay's own group."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gridcast-replay-")))
        config = [] if asked.config is None else ["--config", str(asked.config.resolve())]
        flags = ["--broker", settings.broker, "--topic-prefix", settings.topic_prefix]
        flags += ["--clock", "replay", "--every", str(settings.every_minutes)]
        workers = []
        for number in range(1, asked.workers + 1):
            command = [*GRIDCAST, *config, "worker", *flags]
            worker = Process(command, folder / f"worker-{number}.log", removed_after=folder)
            stack.callback(worker.stop, STOP_WITHIN_S)
            workers.append(worker)
        yield workers


def _watched(
    tell: Callable[[int, int], None], workers: Sequence[Process]
) -> Callable[[int, int], None]:
    def told(readings: int, until_ms: int) -> None:
        tell(readings, until_ms)
        _check(workers)

    return told


def _work_off(
    backlog: Backlog, workers: Sequence[Process], held: PauseControl, bar: ReplayProgress
) -> int:
    """Wait until no reading waits; without workers of its own a replay does not wait."""
    waiting = backlog.waiting()
    while workers and waiting and not held.stop.is_set():
        _check(workers)
        bar.waiting = waiting
        bar.show("all is sent")
        held.stop.wait(LOOK_S)
        waiting = backlog.waiting()
    return waiting


def _check(workers: Sequence[Process]) -> None:
    for number, worker in enumerate(workers, 1):
        if not worker.is_alive():
            last_lines = end_of(worker.log.read_text("utf-8", "replace"))
            raise UserError(f"worker {number} of the replay has ended by itself:\n{last_lines}")
