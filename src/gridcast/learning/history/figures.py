"""The figures of the report, per series and in total."""

import numpy as np

from gridcast.learning.history.checks import Gaps
from gridcast.learning.history.findings import Findings
from gridcast.learning.history.mapping import Mapping
from gridcast.learning.history.report import Report, SeriesFigures, WeatherFigures
from gridcast.learning.history.rows import Rows
from gridcast.learning.history.steps import Steps
from gridcast.models.history import History, StationHistory
from gridcast.schemas.weather import VARIABLES
from gridcast.units import MINUTE_MS, utc_time


def report_on(
    history: History, rows: Rows, steps: list[Steps], mapping: Mapping, findings: Findings
) -> Report:
    """Return the report. `rows` are those with a time, sorted."""
    series = [_of_series(history, rows, row, own, findings) for row, own in enumerate(steps)]
    forecasts = history.operator_forecasts
    return Report(
        file=findings.table.file,
        title=mapping.title,
        source=mapping.source,
        licence=mapping.licence,
        step_minutes_stated=mapping.step_minutes,
        total=_total(history, series, findings),
        series=series,
        weather=[_of_station(name, station) for name, station in history.weather.items()],
        operator_forecasts=None if forecasts is None else len(forecasts.value),
        labelled_anomalous=None if history.label is None else int(history.label.sum()),
        unused_columns=[
            name for name in findings.table.names if name not in findings.table.data.column_names
        ],
        findings=findings.listed(),
    )


def _of_series(
    history: History, rows: Rows, row: int, steps: Steps, findings: Findings
) -> SeriesFigures:
    begin, end = np.searchsorted(rows.series, [row, row + 1])
    value = history.value[history.readings_of(row)]
    gaps = steps.gaps or Gaps(0, 0, 0)
    return SeriesFigures(
        series=history.series[row].series,
        rows=int(findings.tallies["rows"][row]),
        readings=len(value),
        first=utc_time(int(rows.time_ms[begin])) if end > begin else None,
        last=utc_time(int(rows.time_ms[end - 1])) if end > begin else None,
        step_minutes=None if steps.found_ms is None else steps.found_ms / MINUTE_MS,
        slots=steps.slots,
        missing=steps.missing,
        gaps=gaps.count,
        longest_gap_minutes=gaps.longest_ms / MINUTE_MS,
        longest_gap_after=utc_time(gaps.after_ms) if gaps.count else None,
        least_kw=float(value.min()) if len(value) else None,
        median_kw=float(np.median(value)) if len(value) else None,
        most_kw=float(value.max()) if len(value) else None,
        **{name: int(findings.tallies[name][row]) for name in TALLIES},
    )


TALLIES = ("duplicates", "conflicts", "folds", "negative", "out_of_range", "not_finite")


def _total(history: History, series: list[SeriesFigures], findings: Findings) -> SeriesFigures:
    longest = max(series, key=lambda figures: figures.longest_gap_minutes)
    steps = {figures.step_minutes for figures in series}
    value = history.value
    return SeriesFigures(
        series="all",
        readings=len(history),
        first=min((figures.first for figures in series if figures.first is not None), default=None),
        last=max((figures.last for figures in series if figures.last is not None), default=None),
        step_minutes=steps.pop() if len(steps) == 1 else None,
        longest_gap_minutes=longest.longest_gap_minutes,
        longest_gap_after=longest.longest_gap_after,
        least_kw=float(value.min()) if len(value) else None,
        median_kw=float(np.median(value)) if len(value) else None,
        most_kw=float(value.max()) if len(value) else None,
        rows=sum(figures.rows for figures in series),
        slots=sum(figures.slots for figures in series),
        missing=sum(figures.missing for figures in series),
        gaps=sum(figures.gaps for figures in series),
        **{name: int(findings.tallies[name].sum()) for name in TALLIES},
    )


def _of_station(name: str, station: StationHistory) -> WeatherFigures:
    has_any = len(station) > 0
    rates = np.isnan(station.value).mean(axis=0) if has_any else np.ones(len(VARIABLES))
    return WeatherFigures(
        station=name,
        observations=len(station),
        first=utc_time(int(station.time_ms[0])) if has_any else None,
        last=utc_time(int(station.time_ms[-1])) if has_any else None,
        missing_rate=dict(zip(VARIABLES, map(float, rates), strict=True)),
    )
