"""What a user asked for, understood or refused in one clear line, before any work is done."""

from collections.abc import Sequence
from pathlib import Path

from gridcast.stream.backtest.baselines import choose
from gridcast.stream.backtest.plan import make_plan, step_of
from gridcast.stream.backtest.run import Asked, Forecaster
from gridcast.stream.errors import UserError
from gridcast.stream.recording import open_source
from gridcast.stream.settings import Settings
from gridcast.stream.simulate.arguments import read_time


def ask(
    source: Path,
    mapping: Path | None,
    settings: Settings,
    *,
    models: Sequence[str],
    start: str | None,
    end: str | None,
    every: int | None,
    report: Path,
    baselines: str,
    refit_days: int | None,
    processes: int,
    most_judged: int,
    step_minutes: int | None,
    keep: bool,
) -> Asked:
    """Read the source, and make the plan."""
    if report.exists() and (not report.is_dir() or any(report.iterdir())):
        raise UserError(f"--report: {report} is there already and is not an empty folder")
    forecasters = name_models(models)
    names = choose(baselines)
    recording = open_source(source, mapping)
    plan = make_plan(
        recording,
        step_of(recording, settings, step_minutes),
        from_ms=None if start is None else read_time(start, "--from"),
        to_ms=None if end is None else read_time(end, "--to"),
        every_minutes=every,
        most_judged=most_judged,
    )
    return Asked(
        source=str(source),
        recording=recording,
        plan=plan,
        forecasters=forecasters,
        baselines=names,
        refit_days=refit_days,
        processes=processes,
        folder=report,
        keep=keep,
    )


def name_models(models: Sequence[str]) -> list[Forecaster]:
    """Name each model as the report will: box, none, or the file's name."""
    found: dict[str, Forecaster] = {}
    for model in models:
        if model in {"box", "none"}:
            name = model
        else:
            path = Path(model)
            if not path.is_file():
                raise UserError(f"--model: box, none or a model file; there is no file {model}")
            name = path.stem if path.stem not in found else f"{path.parent.name}-{path.stem}"
        if name in found:
            raise UserError(f"--model: {model} is named twice")
        found[name] = Forecaster(name, model)
    return list(found.values())
