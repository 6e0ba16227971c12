"""The report's figures, by series and in all."""

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
    """Put together what was found; `rows` are those with a time, in order."""
    series = [_of_series(history, rows, row, found, findings) for row, found in enumerate(steps)]
    forecasts = history.operator_forecasts
    return Report(
        file=findings.table.file,
        title=mapping.title,
        source=mapping.source,
        licence=mapping.licence,
        step_minutes_stated=mapping.step_minutes,
        total=_total(history, series, findings),
        series=series,
        weather=[_of_station(name, found) for name, found in history.weather.items()],
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
    longest = max(series, key=lambda one: one.longest_gap_minutes)
    steps = {one.step_minutes for one in series}
    value = history.value
    return SeriesFigures(
        series="all",
        readings=len(history),
        first=min((one.first for one in series if one.first is not None), default=None),
        last=max((one.last for one in series if one.last is not None), default=None),
        step_minutes=steps.pop() if len(steps) == 1 else None,
        longest_gap_minutes=longest.longest_gap_minutes,
        longest_gap_after=longest.longest_gap_after,
        least_kw=float(value.min()) if len(value) else None,
        median_kw=float(np.median(value)) if len(value) else None,
        most_kw=float(value.max()) if len(value) else None,
        rows=sum(one.rows for one in series),
        slots=sum(one.slots for one in series),
        missing=sum(one.missing for one in series),
        gaps=sum(one.gaps for one in series),
        **{name: int(findings.tallies[name].sum()) for name in TALLIES},
    )


def _of_station(name: str, found: StationHistory) -> WeatherFigures:
    known = len(found) > 0
    rates = np.isnan(found.value).mean(axis=0) if known else np.ones(len(VARIABLES))
    return WeatherFigures(
        station=name,
        observations=len(found),
        first=utc_time(int(found.time_ms[0])) if known else None,
        last=utc_time(int(found.time_ms[-1])) if known else None,
        missing_rate=dict(zip(VARIABLES, map(float, rates), strict=True)),
    )
