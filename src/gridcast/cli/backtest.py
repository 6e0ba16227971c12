"""`gridcast backtest`: evaluate any model on years of history with the worker's own tick."""

import json as json_module
import os
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from typer.core import TyperGroup

from gridcast.cli.options import Broker, settings
from gridcast.cli.train import require_extra
from gridcast.stream.errors import UserError

EXTRA = ("duckdb", "jinja2", "matplotlib")
FAILED, INTERRUPTED = 1, 130
JUDGED = 100_000


class RunByDefault(TyperGroup):
    """A command group that runs `run` by default: `backtest SOURCE` is `backtest run SOURCE`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Prepend `run` unless the first argument names a command."""
        if args and args[0] not in {*self.commands, "--help", "-h"}:
            args = ["run", *args]
        parsed: list[str] = super().parse_args(ctx, args)
        return parsed


backtest = typer.Typer(
    name="backtest",
    cls=RunByDefault,
    add_completion=False,
    no_args_is_help=True,
    help="Evaluate models on history with the worker's own tick, without a broker.",
)

Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


@backtest.command()
def run(  # noqa: PLR0917 - Typer reads the flags from here
    context: typer.Context,
    source: Annotated[
        str, typer.Argument(help="CSV, Parquet, a folder of simulate --out; or: topics (live).")
    ],
    mapping: Annotated[
        Path | None, typer.Option(help="TOML file that describes the file's columns.")
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option(metavar="box|none|train|FILE", help="Model to evaluate; can be repeated."),
    ] = None,
    start: Annotated[
        str | None,
        typer.Option("--from", metavar="TIME", help="First tick (default: 1 window in)."),
    ] = None,
    end: Annotated[
        str | None, typer.Option("--to", metavar="TIME", help="End of the ticks, exclusive.")
    ] = None,
    every: Annotated[
        int | None, typer.Option(min=1, help="Minutes between ticks (default: one step).")
    ] = None,
    report: Annotated[Path, typer.Option(help="New folder for report and forecasts.")] = Path(
        "backtest"
    ),
    baselines: Annotated[
        str, typer.Option(help="all (those installed), none, or comma-separated names.")
    ] = "all",
    retrain: Annotated[
        str | None,
        typer.Option(
            metavar="WHEN", help="Retrain: daily, weekly, monthly, 30d, or comma-separated dates."
        ),
    ] = None,
    train_config: Annotated[
        Path | None, typer.Option(help="TOML for --model train (gridcast train --show-config).")
    ] = None,
    fail_if: Annotated[
        list[str] | None,
        typer.Option(metavar="CONDITION", help='Exit with 1 if true: "mape_24h > 5".'),
    ] = None,
    versus: Annotated[
        str | None, typer.Option(metavar="ID", help="Past evaluation to compare with, or `last`.")
    ] = None,
    processes: Annotated[
        int | None, typer.Option(min=1, max=64, help="Parallel processes (default: one per core).")
    ] = None,
    most_judged: Annotated[
        int, typer.Option(min=100, help="Maximum number of forecasts to score per forecaster.")
    ] = JUDGED,
    step_minutes: Annotated[
        int | None, typer.Option(help="Width of a slot, minutes.", rich_help_panel="Settings")
    ] = None,
    keep: Annotated[bool, typer.Option(help="Keep all forecasts as Parquet.")] = True,
    broker: Broker = None,
    json: Json = False,
) -> None:
    """Forecast at every tick as the worker would have, and score it beside the baselines."""
    _need_extra()
    from gridcast.learning.backtest.arguments import ask  # noqa: PLC0415 - numpy and pyarrow take a while
    from gridcast.learning.backtest.evaluation_log import EvaluationLog  # noqa: PLC0415
    from gridcast.learning.backtest.fail_condition import FailCondition, failures  # noqa: PLC0415
    from gridcast.learning.backtest.progress import shown  # noqa: PLC0415
    from gridcast.learning.backtest.report import write_report  # noqa: PLC0415
    from gridcast.learning.backtest.run import evaluate  # noqa: PLC0415

    if "train" in (model or []):
        require_extra()
    elif train_config is not None:
        raise UserError("--train-config is for --model train")
    gates = [FailCondition.read(text) for text in fail_if or []]
    chosen = settings(context, broker=broker)
    past = EvaluationLog(chosen.evaluations_file)
    former = None if versus is None else past.find(versus)
    asked = ask(
        source,
        mapping,
        chosen,
        models=model or ["box"],
        start=start,
        end=end,
        every=every,
        report=report,
        baselines=baselines,
        retrain=retrain,
        training=train_config,
        processes=processes or os.cpu_count() or 1,
        most_judged=most_judged,
        step_minutes=step_minutes,
        keep=keep,
        tell=lambda line: typer.echo(line, err=True),
    )
    try:
        with shown(asked.plan) as progress:
            evaluation, judge = evaluate(asked, progress)
            progress.stage("writing the report")
            write_report(report, evaluation, former, judge)
    except KeyboardInterrupt:
        typer.echo("gridcast: stopped; no report was written", err=True)
        raise typer.Exit(INTERRUPTED) from None
    past.keep(evaluation, report)
    failed = failures(gates, evaluation)
    if json:
        print(json_module.dumps(_summary(evaluation, report, failed)))
    else:
        _print(evaluation, report)
    for condition in failed:
        typer.echo(f"gridcast: failed: {condition}", err=True)
    raise typer.Exit(FAILED if failed else 0)


@backtest.command("list")
def list_(context: typer.Context, json: Json = False) -> None:
    """List past evaluations, newest first."""
    _need_extra()
    from gridcast.learning.backtest.evaluation_log import EvaluationLog  # noqa: PLC0415
    from gridcast.learning.training.report.sections import number  # noqa: PLC0415

    path = settings(context).evaluations_file
    every = EvaluationLog(path).every()
    if json:
        print(json_module.dumps([_summary(evaluation, None, []) for evaluation in every]))
        return
    if not every:
        typer.echo(f"no evaluations yet in {path}: `gridcast backtest SOURCE` makes one")
        return
    table = Table("id", "made", "of", "from", "to", "model", box=None, pad_edge=False)
    for heading in ("judged", "MAPE 24 h, %", "MAE, kW", "pinball, kW"):
        table.add_column(heading, justify="right")
    for evaluation in every:
        scores = evaluation.scores[evaluation.model]
        table.add_row(
            *(evaluation.id, f"{evaluation.at:%Y-%m-%d %H:%M}", evaluation.title),
            *(
                f"{evaluation.first:%Y-%m-%d}",
                f"{evaluation.end:%Y-%m-%d}",
                evaluation.model,
                f"{evaluation.judged:,}",
            ),
            *(number(scores.get(name)) for name in ("mape_24h", "mae", "pinball")),
        )
    _console().print(table)


@backtest.command()
def compare(context: typer.Context, first: str, second: str, json: Json = False) -> None:
    """Compare two past evaluations by id, a prefix of an id, or `last`, `last-1` …"""
    _need_extra()
    from gridcast.learning.backtest.compare import changes  # noqa: PLC0415
    from gridcast.learning.backtest.evaluation_log import EvaluationLog  # noqa: PLC0415
    from gridcast.learning.training.report.sections import number  # noqa: PLC0415

    past = EvaluationLog(settings(context).evaluations_file)
    before, now = past.find(first), past.find(second)
    differences = changes(before, now)
    if json:
        print(json_module.dumps([difference.__dict__ for difference in differences]))
        return
    table = Table("forecaster", "score", box=None, pad_edge=False)
    for heading in (before.id, now.id, "change", "%"):
        table.add_column(heading, justify="right")
    for difference in differences:
        numbers = (difference.before, difference.now, difference.change, difference.percent)
        table.add_row(difference.forecaster, difference.score, *map(number, numbers))
    _console().print(table)


def _need_extra() -> None:
    missing = [name for name in EXTRA if not find_spec(name)]
    if missing:
        raise UserError(f"backtest needs {', '.join(missing)}: pip install 'gridcast[backtest]'")


def _summary(evaluation: Any, report: Path | None, failed: list[str]) -> dict[str, Any]:
    figures: dict[str, Any] = evaluation.model_dump(mode="json", exclude={"by", "reliability"})
    return figures | ({} if report is None else {"report": str(report), "failed": failed})


def _print(evaluation: Any, report: Path) -> None:
    from gridcast.learning.training.report.sections import number  # noqa: PLC0415

    table = Table("forecaster", box=None, pad_edge=False)
    columns = {"mape_1h": "MAPE 1 h, %", "mape_24h": "24 h", "nmae": "nMAE, %", "mae": "MAE, kW"}
    columns |= {"rmse": "RMSE, kW", "mase": "MASE", "pinball": "pinball, kW", "crps": "CRPS, kW"}
    for heading in columns.values():
        table.add_column(heading, justify="right")
    for name, scores in evaluation.scores.items():
        table.add_row(name, *(number(scores.get(score)) for score in columns))
    console = _console()
    console.print(table)
    console.print(
        f"{evaluation.forecasts:,} forecasts of {evaluation.series:,} series in"
        f" {evaluation.seconds:g} s, {evaluation.judged:,} scored per forecaster;"
        f" evaluation {evaluation.id}"
    )
    console.print(f"report: {report / 'report.html'}", highlight=False)


def _console() -> Console:
    console = Console(soft_wrap=True)
    if not console.is_terminal:  # a file or a pipe has room
        console.width = max(console.width, 200)
    return console
