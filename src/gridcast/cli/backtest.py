"""`gridcast backtest`: any model judged on years of history, by the worker's own tick."""

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
    """`backtest SOURCE` is `backtest run SOURCE`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put `run` before what is no command of the group."""
        if args and args[0] not in {*self.commands, "--help", "-h"}:
            args = ["run", *args]
        parsed: list[str] = super().parse_args(ctx, args)
        return parsed


backtest = typer.Typer(
    name="backtest",
    cls=RunByDefault,
    add_completion=False,
    no_args_is_help=True,
    help="Judge models on history, with the worker's own tick and no broker.",
)

Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


@backtest.command()
def run(  # noqa: PLR0917 - Typer reads the flags from here
    context: typer.Context,
    source: Annotated[
        str, typer.Argument(help="CSV, Parquet, a folder of simulate --out; or: topics (live).")
    ],
    mapping: Annotated[
        Path | None, typer.Option(help="TOML that says what a file's columns mean.")
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option(metavar="box|none|train|FILE", help="Whom to judge; several: say it again."),
    ] = None,
    start: Annotated[
        str | None, typer.Option("--from", metavar="TIME", help="First tick (else: 1 window in).")
    ] = None,
    end: Annotated[
        str | None, typer.Option("--to", metavar="TIME", help="End of the ticks, not included.")
    ] = None,
    every: Annotated[
        int | None, typer.Option(min=1, help="Minutes from one tick to the next (else: a step).")
    ] = None,
    report: Annotated[Path, typer.Option(help="New folder for report and forecasts.")] = Path(
        "backtest"
    ),
    baselines: Annotated[
        str, typer.Option(help="all (that are installed), none, or names with commas.")
    ] = "all",
    retrain: Annotated[
        str | None,
        typer.Option(
            metavar="WHEN", help="Learn anew: daily, weekly, monthly, 30d, or dates with commas."
        ),
    ] = None,
    train_config: Annotated[
        Path | None, typer.Option(help="TOML for --model train (gridcast train --show-config).")
    ] = None,
    fail_if: Annotated[
        list[str] | None,
        typer.Option(metavar="CONDITION", help='Exit with 1 if it holds: "mape_24h > 5".'),
    ] = None,
    versus: Annotated[
        str | None, typer.Option(metavar="ID", help="Former evaluation to compare with, or `last`.")
    ] = None,
    processes: Annotated[
        int | None, typer.Option(min=1, max=64, help="At once (else: one a core).")
    ] = None,
    most_judged: Annotated[
        int, typer.Option(min=100, help="Forecasts of each forecaster that are judged, at most.")
    ] = JUDGED,
    step_minutes: Annotated[
        int | None, typer.Option(help="Width of a slot, minutes.", rich_help_panel="Settings")
    ] = None,
    keep: Annotated[bool, typer.Option(help="Keep all forecasts as Parquet.")] = True,
    broker: Broker = None,
    json: Json = False,
) -> None:
    """Forecast at every tick as the worker would have, and judge it beside the baselines."""
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
        tell=lambda told: typer.echo(told, err=True),
    )
    try:
        with shown(asked.plan) as progress:
            found, judge = evaluate(asked, progress)
            progress.stage("writing the report")
            write_report(report, found, former, judge)
    except KeyboardInterrupt:
        typer.echo("gridcast: stopped; no report was written", err=True)
        raise typer.Exit(INTERRUPTED) from None
    past.keep(found, report)
    failed = failures(gates, found)
    if json:
        print(json_module.dumps(_summary(found, report, failed)))
    else:
        _print(found, report)
    for told in failed:
        typer.echo(f"gridcast: failed: {told}", err=True)
    raise typer.Exit(FAILED if failed else 0)


@backtest.command("list")
def list_(context: typer.Context, json: Json = False) -> None:
    """List past evaluations, the newest first."""
    _need_extra()
    from gridcast.learning.backtest.evaluation_log import EvaluationLog  # noqa: PLC0415
    from gridcast.learning.training.report.sections import number  # noqa: PLC0415

    path = settings(context).evaluations_file
    every = EvaluationLog(path).every()
    if json:
        print(json_module.dumps([_summary(one, None, []) for one in every]))
        return
    if not every:
        typer.echo(f"no evaluations yet in {path}: `gridcast backtest SOURCE` makes one")
        return
    table = Table("id", "made", "of", "from", "to", "model", box=None, pad_edge=False)
    for heading in ("judged", "MAPE 24 h, %", "MAE, kW", "pinball, kW"):
        table.add_column(heading, justify="right")
    for one in every:
        scores = one.scores[one.model]
        table.add_row(
            *(one.id, f"{one.at:%Y-%m-%d %H:%M}", one.title),
            *(f"{one.first:%Y-%m-%d}", f"{one.end:%Y-%m-%d}", one.model, f"{one.judged:,}"),
            *(number(scores.get(name)) for name in ("mape_24h", "mae", "pinball")),
        )
    _console().print(table)


@backtest.command()
def compare(context: typer.Context, first: str, second: str, json: Json = False) -> None:
    """Compare two past evaluations by id, the beginning of it, or `last`, `last-1` …"""
    _need_extra()
    from gridcast.learning.backtest.compare import changes  # noqa: PLC0415
    from gridcast.learning.backtest.evaluation_log import EvaluationLog  # noqa: PLC0415
    from gridcast.learning.training.report.sections import number  # noqa: PLC0415

    past = EvaluationLog(settings(context).evaluations_file)
    before, now = past.find(first), past.find(second)
    found = changes(before, now)
    if json:
        print(json_module.dumps([one.__dict__ for one in found]))
        return
    table = Table("forecaster", "score", box=None, pad_edge=False)
    for heading in (before.id, now.id, "change", "%"):
        table.add_column(heading, justify="right")
    for one in found:
        numbers = (one.before, one.now, one.change, one.percent)
        table.add_row(one.forecaster, one.score, *map(number, numbers))
    _console().print(table)


def _need_extra() -> None:
    missing = [name for name in EXTRA if not find_spec(name)]
    if missing:
        raise UserError(f"backtest needs {', '.join(missing)}: pip install 'gridcast[backtest]'")


def _summary(found: Any, report: Path | None, failed: list[str]) -> dict[str, Any]:
    told: dict[str, Any] = found.model_dump(mode="json", exclude={"by", "reliability"})
    return told | ({} if report is None else {"report": str(report), "failed": failed})


def _print(found: Any, report: Path) -> None:
    from gridcast.learning.training.report.sections import number  # noqa: PLC0415

    table = Table("forecaster", box=None, pad_edge=False)
    columns = {"mape_1h": "MAPE 1 h, %", "mape_24h": "24 h", "nmae": "nMAE, %", "mae": "MAE, kW"}
    columns |= {"rmse": "RMSE, kW", "mase": "MASE", "pinball": "pinball, kW", "crps": "CRPS, kW"}
    for heading in columns.values():
        table.add_column(heading, justify="right")
    for name, scores in found.scores.items():
        table.add_row(name, *(number(scores.get(score)) for score in columns))
    console = _console()
    console.print(table)
    console.print(
        f"{found.forecasts:,} forecasts of {found.series:,} series in {found.seconds:g} s,"
        f" {found.judged:,} judged of each forecaster; evaluation {found.id}"
    )
    console.print(f"report: {report / 'report.html'}", highlight=False)


def _console() -> Console:
    console = Console(soft_wrap=True)
    if not console.is_terminal:  # a file or a pipe has room
        console.width = max(console.width, 200)
    return console
