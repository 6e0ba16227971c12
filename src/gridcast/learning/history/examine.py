"""Check rows and file the findings by kind and by series."""

import numpy as np

from gridcast.learning.history.findings import Findings
from gridcast.learning.history.mapping import Mapping
from gridcast.learning.history.report import FindingKind
from gridcast.learning.history.rows import Once, Rows, Timed
from gridcast.learning.history.units import kilowatts_per
from gridcast.schemas.fields import write_time
from gridcast.schemas.series import GridSeries
from gridcast.units import utc_time


def find_absent(mapping: Mapping, findings: Findings) -> None:
    """Find series that the mapping declares and the file lacks: probably a misspelt name."""
    absent = [series for series in mapping.series if series not in findings.names.ids]
    if absent:
        name = mapping.series[absent[0]].found_as or absent[0]
        column = mapping.load.series_column
        findings.add(
            FindingKind.ABSENT_SERIES, len(absent), f"column {column}: no row says {name!r}"
        )


def find_unclear(timed: Timed, walls: Rows, findings: Findings) -> None:
    """Find rows whose local time is ambiguous or doesn't exist. `walls` are wall-clock times."""
    for kind, mask in (
        (FindingKind.NONEXISTENT_TIME, timed.nonexistent),
        (FindingKind.UNCLEAR_FOLD, timed.unclear),
    ):
        if mask.any():
            first = int(np.argmax(mask))
            wall = write_time(utc_time(int(walls.time_ms[first]))).removesuffix("Z")
            findings.add_row(kind, int(mask.sum()), walls, first, wall)
    findings.tally("folds", walls.series[timed.folded])


def find_unordered(rows: Rows, findings: Findings) -> None:
    """Find rows that are earlier than the series' row before them in the file."""
    earlier = (np.diff(rows.series) == 0) & (np.diff(rows.time_ms) < 0)
    if earlier.any():
        index = int(np.argmax(earlier)) + 1
        time = write_time(utc_time(int(rows.time_ms[index])))
        detail = f"{time} comes after {write_time(utc_time(int(rows.time_ms[index - 1])))}"
        findings.add_row(FindingKind.UNORDERED, int(earlier.sum()), rows, index, detail)


def find_bad_values(
    rows: Rows, declared: tuple[GridSeries, ...], mapping: Mapping, findings: Findings
) -> None:
    """Find impossible values."""
    least, most = -np.inf, np.inf
    if mapping.load.range is not None:
        factor = kilowatts_per(mapping.load.unit, mapping.step_minutes)
        least, most = (bound * factor for bound in mapping.load.range)
    capacity = np.array([series.capacity_kw or np.inf for series in declared])[rows.series]
    can_be_negative = np.array([series.can_be_negative for series in declared])[rows.series]
    finite = np.isfinite(rows.value)
    outside = (rows.value < least) | (rows.value > most) | (np.abs(rows.value) > capacity)
    for kind, mask in (
        (FindingKind.NOT_FINITE, ~finite & ~rows.missing),
        (FindingKind.NEGATIVE, finite & (rows.value < 0) & ~can_be_negative),
        (FindingKind.OUT_OF_RANGE, finite & outside),
    ):
        findings.tally(kind.value, rows.series[mask])
        if mask.any():
            findings.add_value(kind, int(mask.sum()), rows, int(np.argmax(mask)))


def find_repeated(before: Rows, single: Once, findings: Findings) -> None:
    """Find times that the file has more than once."""
    findings.tally("duplicates", before.series[single.duplicate])
    findings.tally("conflicts", before.series[single.conflict])
    for kind, repeated in (
        (FindingKind.DUPLICATE, single.duplicate),
        (FindingKind.CONFLICT, single.conflict),
    ):
        if len(repeated) == 0:
            continue
        differ = before.value[repeated] != before.value[repeated - 1]
        index = int(repeated[np.argmax(differ)])
        beside = f"; before it {before.value[index - 1]:g} kW in row {before.place[index - 1] + 1}"
        time = write_time(utc_time(int(before.time_ms[index])))
        detail = f"{before.value[index]:g} kW at {time}{beside}"
        findings.add_row(kind, len(repeated), before, index, detail)
