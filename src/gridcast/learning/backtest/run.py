"""A backtest from beginning to end: the partitions in processes of their own, then the judging."""

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
from gridcast.learning.backtest.walk import Later, Walked, Way, walk
from gridcast.learning.training.provenance import Provenance
from gridcast.stream.recording import Recording
from gridcast.units import DAY_MS, utc_time

LOOK_S = 0.2
TRAIN = "train"
"""Stands for a network that is trained on the way."""
Shown = Callable[[int, int], None]
"""Is told how far the processes have come together, in milliseconds of event time, and of how
much."""
_clock: Any = None
"""Of a process: how far each way has come; shared with who started it."""


@dataclass(frozen=True)
class NamedForecaster:
    """A model under the name that it has in the report."""

    name: str
    model: str
    """box, none, train, or a model file."""
    later: tuple[Later, ...] = ()
    """Who takes over from it, one after the other."""


def ways(
    recording: Recording,
    plan: BacktestPlan,
    forecasters: Sequence[NamedForecaster],
    folder: Path | None,
) -> list[Way]:
    """Divide the work: a way for each partition that has series, and each forecaster."""
    from_ms = plan.from_ms - plan.settings.window_days * DAY_MS
    part = recording.arriving(from_ms, recording.end_ms)
    share = plan.share_judged(len(recording.series))
    of = part.partitions(plan.settings.partitions)
    parts = {place: part.only(of == place) for place in np.unique(of).tolist()}
    return [
        Way(
            forecaster=one.name,
            model=one.model,
            later=one.later,
            number=place,
            plan=plan,
            series=recording.series,
            arrivals=came.arrivals,
            offset=np.arange(len(came.arrivals)) if came.places is None else came.places.offset,
            weather=part.weather,
            share=share,
            folder=folder,
        )
        for one in forecasters
        for place, came in parts.items()
    ]


def walk_all(every: Sequence[Way], processes: int, shown: Shown) -> list[Walked]:
    """Walk all ways, so many at once; what one raises is raised here."""
    if processes == 1:
        return [_alone(every, place, shown) for place in range(len(every))]
    context = multiprocessing.get_context("spawn")
    clock = context.Array("q", len(every), lock=False)
    with ProcessPoolExecutor(
        processes, mp_context=context, initializer=_begin, initargs=(clock,)
    ) as pool:
        try:
            running = [pool.submit(_walk, place, way) for place, way in enumerate(every)]
            _look(running, clock, every, shown)
            return [one.result() for one in running]
        except BaseException:
            for process in list((getattr(pool, "_processes", None) or {}).values()):
                process.terminate()
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _look(running: list[Future[Walked]], clock: Any, every: Sequence[Way], shown: Shown) -> None:
    total = sum(_length(way) for way in every)
    left: set[Future[Walked]] = set(running)
    while left:
        done, left = wait(left, LOOK_S, return_when=FIRST_EXCEPTION)
        for one in done:
            one.result()
        shown(sum(clock), total)


def _alone(every: Sequence[Way], place: int, shown: Shown) -> Walked:
    total, before = sum(map(_length, every)), sum(map(_length, every[:place]))
    way = every[place]
    return walk(way, lambda tick_ms: shown(before + _passed(way, tick_ms), total))


def _begin(clock: Any) -> None:
    global _clock  # noqa: PLW0603 - a process has no other way to be told
    _clock = clock
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for who started us


def _walk(place: int, way: Way) -> Walked:
    def told(tick_ms: int) -> None:
        _clock[place] = _passed(way, tick_ms)

    found = walk(way, told)
    _clock[place] = _length(way)
    return found


def _length(way: Way) -> int:
    return way.plan.to_ms - way.plan.from_ms


def _passed(way: Way, tick_ms: int) -> int:
    return min(max(0, tick_ms - way.plan.from_ms), _length(way))


@dataclass(frozen=True)
class BacktestRequest:
    """What is to be evaluated, and where it goes."""

    source: str
    recording: Recording
    plan: BacktestPlan
    forecasters: Sequence[NamedForecaster]
    baselines: Sequence[str]
    moments: tuple[int, ...]
    """When baselines, and networks that are trained here, learn anew."""
    training: Path | None
    """The config of such a training."""
    processes: int
    folder: Path
    keep: bool
    """Whether all forecasts are kept."""


@contextmanager
def _whole_or_nothing(folder: Path) -> Iterator[None]:
    """Make a folder for what comes of it, and leave none of what is not whole."""
    before = folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield
    except BaseException:
        for one in folder.iterdir():  # it was empty
            rmtree(one)
        if not before:
            folder.rmdir()
        raise


class BacktestObserver(Protocol):
    """Whom a backtest tells how it goes."""

    def stage(self, what: str) -> None:
        """Say what is done now."""

    def tell(self, passed_ms: int, total_ms: int) -> None:
        """Say how much of event time was passed, by all ways together."""

    def step(self, done: int, total: int) -> None:
        """Say how far a training is."""


def evaluate(
    asked: BacktestRequest, show: BacktestObserver
) -> tuple[BacktestEvaluation, BacktestJudge]:
    """Make all forecasts, and judge them; what fails leaves nothing behind."""
    with _whole_or_nothing(asked.folder):
        return _evaluate(asked, show)


def _evaluate(
    asked: BacktestRequest, show: BacktestObserver
) -> tuple[BacktestEvaluation, BacktestJudge]:
    began_s = time.monotonic()
    plan, recording = asked.plan, asked.recording
    show.stage("laying out what came")
    judge = BacktestJudge(recording, plan)
    if asked.baselines:
        check_enough(judge)
    forecasters = [_trained(asked, one, show) for one in asked.forecasters]
    show.stage("forecasting")
    kept = asked.folder / "forecasts" if asked.keep else None
    if kept is not None:
        kept.mkdir()
    walks = walk_all(ways(recording, plan, forecasters, kept), asked.processes, show.tell)
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
    asked: BacktestRequest, one: NamedForecaster, show: BacktestObserver
) -> NamedForecaster:
    """Train a network if one is to be trained, and who takes over from it.

    The first of them learns from what was known a window before the first tick: the calibration
    begins there, and is to see the errors of one that does not know the answers.
    """
    if one.model != TRAIN:
        return one
    from gridcast.learning.backtest.train import train_before  # noqa: PLC0415 - it needs torch
    from gridcast.learning.training.config import load_config  # noqa: PLC0415

    plan, config = asked.plan, load_config(asked.training)
    folder = asked.folder / "models"
    folder.mkdir()
    first_ms = plan.from_ms - plan.settings.window_days * DAY_MS
    files = []
    for number, moment_ms in enumerate(moments := (first_ms, *asked.moments), 1):
        told = f"{utc_time(moment_ms):%Y-%m-%d %H:%M}"
        show.stage(f"training on what came before {told} ({number} of {len(moments)})")
        name = f"{one.name}-{utc_time(moment_ms):%Y%m%dT%H%M}"
        made = train_before(moment_ms, asked.recording, plan, config, name=name, step=show.step)
        path = folder / f"{name}.onnx"
        path.write_bytes(made)
        files.append(str(path))
    later = tuple(map(Later, asked.moments, files[1:]))
    return NamedForecaster(one.name, files[0], later)
