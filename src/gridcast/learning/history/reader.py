"""Read a history file with its mapping into a :class:`History`, with all checks."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from gridcast.learning.history import examine
from gridcast.learning.history.figures import report_on
from gridcast.learning.history.findings import Findings
from gridcast.learning.history.mapping import Mapping
from gridcast.learning.history.report import FindingKind, Report
from gridcast.learning.history.rows import Names, Rows, in_order, once, read_rows, to_instants
from gridcast.learning.history.steps import examine_steps
from gridcast.learning.history.table import FileTable, read_table
from gridcast.learning.history.units import kilowatts_per
from gridcast.learning.history.weather import read_weather
from gridcast.learning.history.zones import Clock
from gridcast.models.history import History, OperatorForecasts
from gridcast.schemas.fields import Id
from gridcast.stream.errors import UserError
from gridcast.units import DAY_MS, MINUTE_MS

_NO_TIME = -1


def read_history(path: Path, mapping: Mapping) -> History:
    """Read a file. Raise a :class:`UserError` of one line for findings that the mapping refuses."""
    history, report = check_history(path, mapping)
    if report.refusal is not None:
        raise UserError(report.refusal)
    return history


def check_history(path: Path, mapping: Mapping) -> tuple[History, Report]:
    """Read a file and return all findings. Raise only if it cannot be read at all."""
    table = read_table(path, _wanted(mapping), mapping.csv, mapping.load.missing)
    as_read, names, instants = read_rows(table, mapping)
    _check_ids(table, mapping, names)
    findings = Findings(table, names, _accepted(mapping))
    findings.tally("rows", as_read.series)
    examine.find_absent(mapping, findings)
    timed = to_instants(as_read, mapping, instants=instants)
    examine.find_unclear(timed, as_read, findings)
    kept = timed.rows.take(~(timed.unclear | timed.nonexistent))
    examine.find_unordered(kept, findings)

    rows = in_order(kept)
    declared = tuple(mapping.declare(series) for series in names.ids)
    examine.find_bad_values(rows, declared, mapping, findings)
    finite = rows.take(np.isfinite(rows.value))
    single = once(finite, mapping.load.on_duplicates)
    examine.find_repeated(finite, single, findings)
    steps = examine_steps(rows, single.rows, mapping, findings)

    beside = _Beside(table, mapping, rows)
    history = History(
        title=mapping.title,
        step_ms=mapping.step_ms,
        series=declared,
        row=single.rows.series,
        time_ms=single.rows.time_ms,
        value=single.rows.value,
        label=single.rows.label if mapping.load.label_column else None,
        weather=read_weather(table, mapping, beside.stamp_ms, beside.series, findings),
        operator_forecasts=beside.operator_forecasts(),
    )
    return history, report_on(history, rows, steps, mapping, findings)


def _wanted(mapping: Mapping) -> list[str]:
    load = mapping.load
    columns = [*mapping.time.columns]
    if mapping.long_form:
        columns += filter(None, [load.series_column, load.value_column, load.label_column])
    else:
        columns += [facts.found_as or series for series, facts in mapping.series.items()]
    for weather in mapping.weather.values():
        columns += [column.column for column in weather.columns.values()]
    if mapping.operator_forecast is not None:
        columns.append(mapping.operator_forecast.column)
    return columns


def _accepted(mapping: Mapping) -> frozenset[FindingKind]:
    chosen = mapping.load.on_duplicates != "refuse"
    return frozenset(mapping.load.accept | ({FindingKind.CONFLICT} if chosen else set()))


def _check_ids(table: FileTable, mapping: Mapping, names: Names) -> None:
    adapter = TypeAdapter[str](Id)
    for name in names.ids:
        try:
            adapter.validate_python(name)
        except ValidationError as error:
            raise UserError(
                f"{table.file}, column {mapping.load.series_column}: {error.errors()[0]['msg']};"
                f" give it one in the mapping: [series.ID] found_as = {name!r}"
            ) from None


class _Beside:
    """The columns beside the load, one row per row of the file."""

    def __init__(self, table: FileTable, mapping: Mapping, rows: Rows) -> None:
        self._table, self._mapping = table, mapping
        count = table.data.num_rows
        self.begin_ms: NDArray[np.int64] = np.full(count, _NO_TIME, np.int64)
        self.begin_ms[rows.place] = rows.time_ms
        self.series: NDArray[np.int32] = np.zeros(count, np.int32)
        if mapping.long_form:
            self.series[rows.place] = rows.series
        # Weather keeps the file's own time, without the shift to the beginning of a load slot.
        late = mapping.step_ms if mapping.time.marks == "end" and mapping.step_ms else 0
        self.stamp_ms = np.where(self.begin_ms == _NO_TIME, _NO_TIME, self.begin_ms + late)

    def operator_forecasts(self) -> OperatorForecasts | None:
        """Return the operator's forecasts and their times of publication."""
        how = self._mapping.operator_forecast
        if how is None:
            return None
        value, _ = self._table.numbers(how.column)
        usable = np.flatnonzero((self.begin_ms != _NO_TIME) & np.isfinite(value))
        usable = usable[np.lexsort((self.begin_ms[usable], self.series[usable]))]
        time_ms = self.begin_ms[usable]
        factor = kilowatts_per(self._mapping.load.unit, self._mapping.step_minutes)
        if len(time_ms) == 0:
            published = time_ms
        else:
            clock = Clock.of(how.zone, int(time_ms[0]) - 15 * DAY_MS, int(time_ms.max()))
            local_day = clock.wall(time_ms) // DAY_MS - how.days_before
            published, _, _ = clock.utc(local_day * DAY_MS + how.minute_of_day * MINUTE_MS)
        return OperatorForecasts(self.series[usable], time_ms, published, value[usable] * factor)
