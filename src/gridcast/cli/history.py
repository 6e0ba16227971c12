"""`gridcast history`: check history files."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from gridcast.learning.history import check_history, load_mapping
from gridcast.learning.history.report import MEANINGS, Finding, Report, SeriesFigures

history = typer.Typer(
    name="history",
    add_completion=False,
    no_args_is_help=True,
    help="Real history in CSV and Parquet files.",
)

_MOST_LINES = 60
_ALWAYS = {"missing", "gaps", "least kW", "median kW", "most kW"}


@history.callback()
def _group() -> None:
    """Check history in CSV and Parquet files."""


@history.command()
def check(
    file: Annotated[Path, typer.Argument(help="The history: CSV (also .gz) or Parquet.")],
    mapping: Annotated[
        Path, typer.Option(help="TOML file that describes its columns (docs/howto/history.md).")
    ],
    json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Print the findings in a history file: span, step, gaps, duplicates, units and more.

    Exits with 0 if training and replay accept the file, with 1 if they refuse it, with 2 if it
    cannot be read with this mapping.
    """
    _, report = check_history(file, load_mapping(mapping))
    if json:
        print(report.model_dump_json(indent=2))
    else:
        console = Console()
        if not console.is_terminal:  # a file or a pipe has room
            console.width = max(console.width, 200)
        _print(report, console)
    raise typer.Exit(1 if report.strict else 0)


def _print(report: Report, console: Console) -> None:
    console.print(f"[bold]{escape(report.title)}[/] ({escape(report.file)})")
    for name, text in (("source", report.source), ("licence", report.licence)):
        if text:
            console.print(f"{name}: {text}", markup=False)
    if report.step_minutes_stated is not None:
        console.print(f"step stated: {report.step_minutes_stated:g} min")
    console.print(_series_table(report))
    hidden = len(report.series) - _MOST_LINES
    if hidden > 0:
        console.print(f"… and {hidden} more series: --json has them all")
    if report.weather:
        console.print(_weather_table(report))
    if report.operator_forecasts is not None:
        console.print(f"operator's forecast: {report.operator_forecasts:,} values")
    if report.labelled_anomalous is not None:
        console.print(f"labelled anomalous: {report.labelled_anomalous:,} readings")
    if report.unused_columns:
        console.print("columns not used: " + ", ".join(report.unused_columns), markup=False)
    for finding in report.findings:
        console.print(_finding_line(finding), soft_wrap=True)
    refused = "[red]refused[/]: see above" if report.strict else "[green]accepted[/]"
    console.print(f"This file is {refused}")


def _series_table(report: Report) -> Table:
    shown = report.series[:_MOST_LINES] + ([report.total] if len(report.series) > 1 else [])
    # Columns without findings are omitted to leave room for the others.
    columns = {
        name: cell
        for name, cell in _COLUMNS.items()
        if name in _ALWAYS or cell(report.total) != "0"
    }
    table = Table("series", box=None, pad_edge=False)
    for name in columns:
        table.add_column(name, justify="right", overflow="fold")
    for figures in shown:
        style = "bold" if figures is report.total else ""
        cells = [cell(figures) for cell in columns.values()]
        table.add_row(escape(figures.series), *cells, style=style)
    return table


def _time(time: datetime | None) -> str:
    return "-" if time is None else f"{time:%Y-%m-%d %H:%M}"


def _kilowatts(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


_COLUMNS: dict[str, Callable[[SeriesFigures], str]] = {
    "rows": lambda series: f"{series.rows:,}",
    "from (UTC)": lambda series: _time(series.first),
    "to": lambda series: _time(series.last),
    "step min": lambda series: (
        "varies" if series.step_minutes is None else f"{series.step_minutes:g}"
    ),
    "missing": lambda series: "-" if series.missing_rate is None else f"{series.missing_rate:.2%}",
    "gaps": lambda series: f"{series.gaps:,}",
    "longest h": lambda series: f"{series.longest_gap_minutes / 60:.4g}",
    "doubled": lambda series: f"{series.duplicates:,}",
    "in conflict": lambda series: f"{series.conflicts:,}",
    "folds": lambda series: f"{series.folds:,}",
    "negative": lambda series: f"{series.negative:,}",
    "out of range": lambda series: f"{series.out_of_range:,}",
    "not finite": lambda series: f"{series.not_finite:,}",
    "least kW": lambda series: _kilowatts(series.least_kw),
    "median kW": lambda series: _kilowatts(series.median_kw),
    "most kW": lambda series: _kilowatts(series.most_kw),
}


def _weather_table(report: Report) -> Table:
    names = [
        name
        for name in report.weather[0].missing_rate
        if any(station.missing_rate[name] < 1 for station in report.weather)
    ]
    table = Table("station", box=None, pad_edge=False)
    for name in ("observations", "from (UTC)", "to", *(f"{name} missing" for name in names)):
        table.add_column(name, justify="right", overflow="fold")
    for station in report.weather[:_MOST_LINES]:
        table.add_row(
            escape(station.station),
            f"{station.observations:,}",
            _time(station.first),
            _time(station.last),
            *(f"{station.missing_rate[name]:.2%}" for name in names),
        )
    return table


def _finding_line(finding: Finding) -> str:
    mark = "[red]refused[/]" if finding.strict else "[yellow]noted[/]"
    accepted = MEANINGS[finding.kind].strict and not finding.strict
    return f"{mark} {finding.kind}{' (accepted)' if accepted else ''}: {escape(finding.line)}"
