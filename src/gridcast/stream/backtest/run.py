"""A backtest from beginning to end: the partitions in processes of their own, then the judging."""

import multiprocessing
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from shutil import rmtree
from typing import Any
from uuid import uuid4

import numpy as np

from gridcast.stream.backtest.baselines import check_enough, walk_baselines
from gridcast.stream.backtest.evaluation import Evaluation
from gridcast.stream.backtest.judge import Judge, peaks, shares_below
from gridcast.stream.backtest.plan import Plan
from gridcast.stream.backtest.walk import Walked, Way, walk
from gridcast.stream.history.times import DAY_MS, instant
from gridcast.stream.recording import Recording
from gridcast.stream.training.provenance import Provenance

LOOK_S = 0.2
Shown = Callable[[int, int], None]
"""Is told how far the processes have come together, in milliseconds of event time, and of how
much."""
_clock: Any = None
"""Of a process: how far each way has come; shared with who started it."""


@dataclass(frozen=True)
class Forecaster:
    """A model under the name that it has in the report."""

    name: str
    model: str
    """box, none, or a model file."""


def ways(
    recording: Recording, plan: Plan, forecasters: Sequence[Forecaster], folder: Path | None
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
class Asked:
    """What is to be evaluated, and where it goes."""

    source: str
    recording: Recording
    plan: Plan
    forecasters: Sequence[Forecaster]
    baselines: Sequence[str]
    refit_days: int | None
    processes: int
    folder: Path
    keep: bool
    """Whether all forecasts are kept."""


@contextmanager
def _whole_or_nothing(kept: Path | None) -> Iterator[None]:
    """Make a folder for all forecasts, and leave none of a few of them."""
    if kept is None:
        yield
        return
    kept.mkdir(parents=True)
    try:
        yield
    except BaseException:
        rmtree(kept)
        with suppress(OSError):  # it was there before, with something in it
            kept.parent.rmdir()
        raise


def evaluate(asked: Asked, shown: Shown, stage: Callable[[str], None]) -> tuple[Evaluation, Judge]:
    """Make all forecasts, and judge them."""
    began_s = time.monotonic()
    plan, recording = asked.plan, asked.recording
    stage("laying out what came")
    judge = Judge(recording, plan)
    if asked.baselines:
        check_enough(judge)
    stage("forecasting")
    kept = asked.folder / "forecasts" if asked.keep else None
    with _whole_or_nothing(kept):
        walks = walk_all(ways(recording, plan, asked.forecasters, kept), asked.processes, shown)
    made = sum(one.forecasts for one in walks)
    refits = 0
    if asked.baselines:
        stage(f"baselines: {', '.join(asked.baselines)}")
        first = [one for one in walks if one.forecaster == asked.forecasters[0].name]
        for like in first:
            answers, refits = walk_baselines(judge, asked.baselines, like, asked.refit_days)
            walks += answers
    stage("judging")
    verified = judge.same(walks)
    model = asked.forecasters[0].name
    judge.note(verified[model])
    made_by = Provenance.of_here()
    by = {name: judge.by(name, one) for name, one in verified.items()}
    found = Evaluation(
        id=uuid4().hex[:12],
        at=datetime.now(UTC).replace(microsecond=0),
        title=recording.title,
        source=asked.source,
        commit=made_by.commit,
        dirty=made_by.dirty,
        first=instant(plan.from_ms),
        end=instant(plan.to_ms),
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
        beside_operator=judge.beside_operator(verified),
        refits=refits,
    )
    return found, judge
