"""Write the report of a backtest: an HTML page, the figures as JSON, and the truth as Parquet."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from gridcast.learning.backtest.evaluation import BacktestEvaluation
from gridcast.learning.backtest.forecast_file import level_name
from gridcast.learning.backtest.judge import BacktestJudge
from gridcast.learning.backtest.sections import sections
from gridcast.learning.training.report.pictures import Day, draw_days
from gridcast.learning.training.report.render import render
from gridcast.learning.training.report.sections import Figure, Section
from gridcast.models.evaluation.verified_forecasts import VerifiedForecasts

TEMPLATE = "report.html.j2"


def write_report(
    folder: Path,
    evaluation: BacktestEvaluation,
    former: BacktestEvaluation | None,
    judge: BacktestJudge,
) -> None:
    """Write `report.html`, `evaluation.json` and `truth.parquet`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "evaluation.json").write_text(evaluation.model_dump_json(indent=2) + "\n", "utf-8")
    _write_truth(folder / "truth.parquet", judge)
    every = list(sections(evaluation, former))
    days = _days(folder / "forecasts", evaluation, judge)
    if days is not None:
        text = "The forecasts with the least and the greatest mean error, in % of the load."
        drawn = Figure("days.svg", "the best and the worst forecast", draw_days(*days))
        every.append(Section("The best and the worst day", text=(text,), figures=(drawn,)))
    one = evaluation
    changed = " (changed since)" if one.dirty else ""
    made = f"Evaluation {one.id}, {one.at:%Y-%m-%d %H:%M} UTC, code {one.commit[:12]}{changed}."
    of = (
        f"{one.series:,} series of {one.source}; ticks from {one.first:%Y-%m-%d %H:%M} to"
        f" {one.end:%Y-%m-%d %H:%M} UTC, one every {one.every_minutes} min; steps of"
        f" {one.step_minutes} min, {one.horizon_hours:g} h ahead."
    )
    judged = (
        f"{one.forecasts:,} forecasts were made. Of each forecaster {one.judged:,} are judged, of"
        f" those made where a slot begins, at {len(one.leads_minutes)} slots each."
    )
    anew = ", ".join(f"{moment:%Y-%m-%d %H:%M}" for moment in one.learned)
    learned = f"Who learns, learned anew at {anew} UTC, from what had come by then."
    lines = [made, of, judged, *([learned] if anew else [])]
    page = render(TEMPLATE, f"Backtest: {one.title}", lines, every)
    (folder / "report.html").write_text(page, "utf-8")


def _write_truth(path: Path, judge: BacktestJudge) -> None:
    """Write the truth by slot. With the forecasts, it is the source of all figures."""
    archive = judge.archive
    first = max(0, (judge.plan.from_ms - archive.start_ms) // archive.step_ms)
    slot = np.arange(first, len(archive))
    tables = []
    for row, series in enumerate(archive.series):
        value = archive.truth(slot, row, 1)[:, 0]
        measured = np.isfinite(value)
        begin = pa.array(archive.begin_ms(slot[measured])).cast(pa.timestamp("ms", tz="UTC"))
        name = pa.array([series.series] * int(measured.sum()), pa.string())
        tables.append(pa.table({"series": name, "time": begin, "value": pa.array(value[measured])}))
    pq.write_table(pa.concat_tables(tables), path, compression="zstd")


def _days(
    kept: Path, evaluation: BacktestEvaluation, judge: BacktestJudge
) -> tuple[Day, Day] | None:
    """Return the forecasts with the least and greatest error, as stored, with every slot."""
    best_and_worst = judge.best_and_worst
    if best_and_worst is None or not kept.is_dir():
        return None
    best, worst = (_day(kept, evaluation, judge, which) for which in best_and_worst)
    return None if best is None or worst is None else (best, worst)


def _day(
    kept: Path, evaluation: BacktestEvaluation, judge: BacktestJudge, which: int
) -> Day | None:
    own: VerifiedForecasts = judge.own
    archive, series = judge.archive, own.series[int(own.row[which])]
    origin_ms = int(own.origin_ms[which])
    instant = pa.scalar(origin_ms, pa.timestamp("ms", tz="UTC"))
    for path in sorted(kept.glob(f"{evaluation.model}-*.parquet")):
        chosen = (pc.field("series") == series.series) & (pc.field("tick") == instant)
        table = pq.read_table(path, filters=chosen)
        if table.num_rows:
            row = table.to_pylist()[0]
            quantiles = np.array([row[level_name(level)] for level in evaluation.levels])
            slot = (origin_ms - archive.start_ms) // archive.step_ms
            truth = archive.truth(slot, int(own.row[which]), judge.plan.horizon)[0]
            off = np.abs(own.truth[which] - own.median[which]).mean()
            error = float(100 * off / np.abs(own.truth[which]).mean())
            return Day(
                series, origin_ms, archive.step_ms, evaluation.levels, quantiles, truth, error
            )
    return None
