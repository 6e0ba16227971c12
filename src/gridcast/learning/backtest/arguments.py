"""Parse the arguments of `gridcast backtest`. Errors are one line each, before any work is done."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from gridcast.learning.backtest.baselines import LEARNERS, choose
from gridcast.learning.backtest.plan import BacktestPlan, make_plan, step_of
from gridcast.learning.backtest.retraining import read_moments
from gridcast.learning.backtest.run import TRAIN, BacktestRequest, NamedForecaster
from gridcast.learning.history.recording_source import LIVE, open_source
from gridcast.stream.errors import UserError
from gridcast.stream.recording import Recording
from gridcast.stream.recording.taps import cut_window
from gridcast.stream.recording.topics import read_topics
from gridcast.stream.settings import Settings
from gridcast.stream.time_text import read_time
from gridcast.units import DAY_MS, HOUR_MS

LATE_MS = DAY_MS
"""Live readings up to this late still count as truth."""


def ask(
    source: str,
    mapping: Path | None,
    settings: Settings,
    *,
    models: Sequence[str],
    start: str | None,
    end: str | None,
    every: int | None,
    report: Path,
    baselines: str,
    retrain: str | None,
    training: Path | None,
    processes: int,
    most_judged: int,
    step_minutes: int | None,
    keep: bool,
    tell: Callable[[str], None],
) -> BacktestRequest:
    """Open the source, and return the request."""
    if report.exists() and (not report.is_dir() or any(report.iterdir())):
        raise UserError(f"--report: {report} is there already and is not an empty folder")
    forecasters = name_models(models)
    names = choose(baselines)
    from_ms = None if start is None else read_time(start, "--from")
    to_ms = None if end is None else read_time(end, "--to")
    if source == LIVE:
        recording = _live(settings, mapping, from_ms, to_ms, tell)
    else:
        recording = open_source(Path(source), mapping)
    plan = make_plan(
        recording,
        step_of(recording, settings, step_minutes),
        from_ms=from_ms,
        to_ms=to_ms,
        every_minutes=every,
        most_judged=most_judged,
    )
    return BacktestRequest(
        source=source,
        recording=recording,
        plan=plan,
        forecasters=forecasters,
        baselines=names,
        moments=_moments(retrain, forecasters, names, plan),
        training=training,
        processes=processes,
        folder=report,
        keep=keep,
    )


def _moments(
    retrain: str | None,
    forecasters: Sequence[NamedForecaster],
    baselines: Sequence[str],
    plan: BacktestPlan,
) -> tuple[int, ...]:
    """Return the times of retraining."""
    learns = {forecaster.model for forecaster in forecasters} & {TRAIN} or set(baselines) & LEARNERS
    if retrain is not None and not learns:
        raise UserError("--retrain: nobody learns; --model train does, and ridge and lightgbm do")
    return read_moments(retrain, plan.from_ms, plan.to_ms)


def _live(
    settings: Settings,
    mapping: Path | None,
    from_ms: int | None,
    to_ms: int | None,
    tell: Callable[[str], None],
) -> Recording:
    """Read the live topics to beyond the last tick, for the truth about its forecasts."""
    if mapping is not None:
        raise UserError("--mapping is for a file; the live topics need none")
    if from_ms is not None and to_ms is not None and to_ms <= from_ms:
        raise UserError("--to is not after --from")
    now_ms = round(time.time() * 1000)
    horizon_ms = round(settings.horizon_hours * HOUR_MS)
    end_ms = now_ms if to_ms is None else to_ms + horizon_ms + LATE_MS
    tell(f"reading the live topics at {settings.broker}")
    recording, whole_ms = read_topics(settings, from_ms, end_ms)
    if from_ms is not None and whole_ms > from_ms - settings.window_days * DAY_MS:
        tell(cut_window(whole_ms))
    return recording


def name_models(models: Sequence[str]) -> list[NamedForecaster]:
    """Name each model as in the report: box, none, trained, or the file's name."""
    named: dict[str, NamedForecaster] = {}
    for model in models:
        if model in {"box", "none", TRAIN}:
            name = "trained" if model == TRAIN else model
        else:
            path = Path(model)
            if not path.is_file():
                raise UserError(
                    f"--model: box, none, {TRAIN} or a model file; there is no file {model}"
                )
            name = path.stem if path.stem not in named else f"{path.parent.name}-{path.stem}"
        if name in named:
            raise UserError(f"--model: {model} is named twice")
        named[name] = NamedForecaster(name, model)
    return list(named.values())
