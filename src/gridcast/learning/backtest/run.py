"""Run a backtest: the partitions in processes of their own, then the evaluation."""

import multiprocessing
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from shutil import rmtree
from typing import Any, Protocol
from uuid import uuid4

import numpy as np

from gridcast.learning.backtest.baselines import check_enough, walk_baselines
from gridcast.learning.backtest.evaluation import BacktestEvaluation
from gridcast.learning.backtest.judge import BacktestJudge, peaks, shares_below
from gridcast.learning.backtest.plan import BacktestPlan
from gridcast.learning.backtest.walk import PartitionForecasts, PartitionTask, SuccessorModel, walk
from gridcast.learning.training.provenance import Provenance
from gridcast.stream.recording import Recording
from gridcast.units import DAY_MS, utc_time

LOOK_S = 0.2
TRAIN = "train"
"""The name of a network that is trained during the backtest."""
Shown = Callable[[int, int], None]
"""A callback with the progress of all processes together in milliseconds of event time, and the
total."""
_clock: Any = None
"""The progress of each task in this process, shared with the parent process."""


@dataclass(frozen=True)
class NamedForecaster:
    """A model under its name in the report."""

    name: str
    model: str
    """box, none, train, or a model file."""
    later: tuple[SuccessorModel, ...] = ()
    """The models that replace it, in order."""


def partition_tasks(
    recording: Recording,
    plan: BacktestPlan,
    forecasters: Sequence[NamedForecaster],
    folder: Path | None,
) -> list[PartitionTask]:
    """Divide the work: one task for each partition with series, and each forecaster."""
    from_ms = plan.from_ms - plan.settings.window_days * DAY_MS
    part = recording.arriving(from_ms, recording.end_ms)
    share = plan.share_judged(len(recording.series))
    of = part.partitions(plan.settings.partitions)
    parts = {place: part.only(of == place) for place in np.unique(of).tolist()}
    return [
        PartitionTask(
            forecaster=forecaster.name,
            model=forecaster.model,
            later=forecaster.later,
            number=place,
            plan=plan,
            series=recording.series,
            arrivals=readings.arrivals,
            offset=np.arange(len(readings.arrivals))
            if readings.places is None
            else readings.places.offset,
            weather=part.weather,
            share=share,
            folder=folder,
        )
        for forecaster in forecasters
        for place, readings in parts.items()
    ]


def run_tasks(
    every: Sequence[PartitionTask], processes: int, shown: Shown
) -> list[PartitionForecasts]:
    """Run all tasks, some in parallel. Raise the first error of any."""
    if processes == 1:
        return [_alone(every, place, shown) for place in range(len(every))]
    context = multiprocessing.get_context("spawn")
    clock = context.Array("q", len(every), lock=False)
    with ProcessPoolExecutor(
        processes, mp_context=context, initializer=_begin, initargs=(clock,)
    ) as pool:
        try:
            running = [pool.submit(_walk, place, task) for place, task in enumerate(every)]
            _look(running, clock, every, shown)
            return [future.result() for future in running]
        except BaseException:
            for process in list((getattr(pool, "_processes", None) or {}).values()):
                process.terminate()
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _look(
    running: list[Future[PartitionForecasts]],
    clock: Any,
    every: Sequence[PartitionTask],
    shown: Shown,
) -> None:
    total = sum(_length(task) for task in every)
    left: set[Future[PartitionForecasts]] = set(running)
    while left:
        done, left = wait(left, LOOK_S, return_when=FIRST_EXCEPTION)
        for future in done:
            future.result()
        shown(sum(clock), total)


def _alone(every: Sequence[PartitionTask], place: int, shown: Shown) -> PartitionForecasts:
    total, before = sum(map(_length, every)), sum(map(_length, every[:place]))
    task = every[place]
    return walk(task, lambda tick_ms: shown(before + _passed(task, tick_ms), total))


def _begin(clock: Any) -> None:
    global _clock  # noqa: PLW0603 - a process has no other way to be told
    _clock = clock
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent


def _walk(place: int, task: PartitionTask) -> PartitionForecasts:
    def on_progress(tick_ms: int) -> None:
        _clock[place] = _passed(task, tick_ms)

    forecasts = walk(task, on_progress)
    _clock[place] = _length(task)
    return forecasts


def _length(task: PartitionTask) -> int:
    return task.plan.to_ms - task.plan.from_ms


def _passed(task: PartitionTask, tick_ms: int) -> int:
    return min(max(0, tick_ms - task.plan.from_ms), _length(task))


@dataclass(frozen=True)
class BacktestRequest:
    """The models to evaluate, the data, and the destination."""

    source: str
    recording: Recording
    plan: BacktestPlan
    forecasters: Sequence[NamedForecaster]
    baselines: Sequence[str]
    moments: tuple[int, ...]
    """Times at which baselines, and networks that are trained here, retrain."""
    training: Path | None
    """The config of such a training."""
    processes: int
    folder: Path
    keep: bool
    """True if all forecasts are stored."""


@contextmanager
def _whole_or_nothing(folder: Path) -> Iterator[None]:
    """Create a folder for the results, and remove its contents if an error occurs."""
    before = folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield
    except BaseException:
        for entry in folder.iterdir():  # it was empty
            rmtree(entry)
        if not before:
            folder.rmdir()
        raise


class BacktestObserver(Protocol):
    """An observer of a backtest."""

    def stage(self, what: str) -> None:
        """Show the current stage."""

    def tell(self, passed_ms: int, total_ms: int) -> None:
        """Show the event time that all tasks together have covered."""

    def step(self, done: int, total: int) -> None:
        """Show the progress of a training."""


def evaluate(
    asked: BacktestRequest, show: BacktestObserver
) -> tuple[BacktestEvaluation, BacktestJudge]:
    """Make all forecasts and score them. An error leaves nothing behind."""
    with _whole_or_nothing(asked.folder):
        return _evaluate(asked, show)


def _evaluate(
    asked: BacktestRequest, show: BacktestObserver
) -> tuple[BacktestEvaluation, BacktestJudge]:
    began_s = time.monotonic()
    plan, recording = asked.plan, asked.recording
    show.stage("laying out the measured load")
    judge = BacktestJudge(recording, plan)
    if asked.baselines:
        check_enough(judge)
    forecasters = [_trained(asked, one, show) for one in asked.forecasters]
    show.stage("forecasting")
    kept = asked.folder / "forecasts" if asked.keep else None
    if kept is not None:
        kept.mkdir()
    walks = run_tasks(
        partition_tasks(recording, plan, forecasters, kept), asked.processes, show.tell
    )
    made = sum(one.forecasts for one in walks)
    if asked.baselines:
        show.stage(f"baselines: {', '.join(asked.baselines)}")
        first = [one for one in walks if one.forecaster == asked.forecasters[0].name]
        walks += walk_baselines(judge, recording, asked.baselines, first, asked.moments)
    show.stage("judging")
    verified = judge.same(walks)
    model = asked.forecasters[0].name
    judge.note(verified[model])
    beside_operator, when_published = judge.beside_operator(verified)
    made_by = Provenance.of_here()
    by = {name: judge.by(name, one) for name, one in verified.items()}
    found = BacktestEvaluation(
        id=uuid4().hex[:12],
        at=datetime.now(UTC).replace(microsecond=0),
        title=recording.title,
        source=asked.source,
        commit=made_by.commit,
        dirty=made_by.dirty,
        first=utc_time(plan.from_ms),
        end=utc_time(plan.to_ms),
        every_minutes=plan.every_ms // 60_000,
        step_minutes=plan.settings.step_minutes,
        horizon_hours=plan.settings.horizon_hours,
        series=len(recording.series),
        levels=plan.settings.levels,
        leads_minutes=tuple(verified[model].ends_minutes.tolist()),
        forecasts=made,
        judged=len(verified[model]),
        seconds=round(time.monotonic() - began_s, 2),
        forecasters=tuple(verified),
        scores=judge.table(verified),
        by={what: {name: of[what] for name, of in by.items() if what in of} for what in by[model]},
        reliability={name: shares_below(one) for name, one in verified.items()},
        peaks={name: peaks(one) for name, one in verified.items()},
        versus=judge.versus(verified, model),
        beside_operator=beside_operator,
        when_published=when_published,
        learned=tuple(map(utc_time, asked.moments)),
    )
    return found, judge


def _trained(
    asked: BacktestRequest, forecaster: NamedForecaster, show: BacktestObserver
) -> NamedForecaster:
    """Train a network if requested, and the ones that replace it.

    The first of them learns from what was known one window before the first tick: calibration
    begins there and must see the errors of a network that doesn't know the answers.
    """
    if forecaster.model != TRAIN:
        return forecaster
    from gridcast.learning.backtest.train import train_before  # noqa: PLC0415 - it needs torch
    from gridcast.learning.training.config import load_config  # noqa: PLC0415

    plan, config = asked.plan, load_config(asked.training)
    folder = asked.folder / "models"
    folder.mkdir()
    first_ms = plan.from_ms - plan.settings.window_days * DAY_MS
    files = []
    for number, moment_ms in enumerate(moments := (first_ms, *asked.moments), 1):
        before = f"{utc_time(moment_ms):%Y-%m-%d %H:%M}"
        show.stage(f"training on data before {before} ({number} of {len(moments)})")
        name = f"{forecaster.name}-{utc_time(moment_ms):%Y%m%dT%H%M}"
        made = train_before(moment_ms, asked.recording, plan, config, name=name, step=show.step)
        path = folder / f"{name}.onnx"
        path.write_bytes(made)
        files.append(str(path))
    later = tuple(map(SuccessorModel, asked.moments, files[1:]))
    return NamedForecaster(forecaster.name, files[0], later)
