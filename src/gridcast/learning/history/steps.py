"""Check the sequence of each series' readings: step, gaps, wrong units."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from gridcast.learning.history import checks
from gridcast.learning.history.findings import Findings
from gridcast.learning.history.mapping import Mapping
from gridcast.learning.history.report import FindingKind
from gridcast.learning.history.rows import Rows
from gridcast.schemas.fields import write_time
from gridcast.units import HOUR_MS, MINUTE_MS, utc_time


@dataclass(frozen=True)
class Steps:
    """The sequence of one series' readings."""

    found_ms: int | None
    """The commonest step; None if irregular."""
    slots: int
    """Number of slots from the first row to the last; 0 if irregular."""
    missing: int
    """Number of slots without a reading."""
    gaps: checks.Gaps | None


def examine_steps(rows: Rows, readings: Rows, mapping: Mapping, findings: Findings) -> list[Steps]:
    """Check the times of each series: of all rows for the step, of readings for gaps."""
    stated = mapping.step_ms
    shift = 0
    if stated is not None and len(rows):
        shift = checks.common_shift(rows.time_ms, stated)
    if shift:
        findings.add_row(
            FindingKind.SHIFTED_STEP, len(rows), rows, 0, f"{shift / MINUTE_MS:g} min after"
        )
    ids = findings.names.ids
    result = [
        _examine_series(of_rows, of_readings, mapping, findings, shift_ms=shift)
        for of_rows, of_readings in zip(
            _by_series(rows, len(ids)), _by_series(readings, len(ids)), strict=True
        )
    ]
    _find_missing(ids, result, mapping, findings)
    _find_gaps(ids, result, findings)
    return result


def _by_series(rows: Rows, count: int) -> list[Rows]:
    bounds = np.searchsorted(rows.series, np.arange(count + 1))
    return [rows.take(slice(*pair)) for pair in pairwise(bounds.tolist())]


def _examine_series(
    rows: Rows, readings: Rows, mapping: Mapping, findings: Findings, *, shift_ms: int
) -> Steps:
    common = checks.common_step(rows.time_ms)
    step = mapping.step_ms or common
    gaps = None if step is None else checks.gaps(readings.time_ms, step)
    slots = _slots(rows.time_ms, step)
    filled = 0 if step is None else len(np.unique(readings.time_ms // step))
    steps = Steps(common, slots, max(0, slots - filled), gaps)
    if mapping.step_ms is not None:
        _find_other_steps(rows, common, mapping.step_ms, shift_ms, findings)
    if len(jumps := checks.unit_jumps(readings.time_ms, readings.value)):
        findings.add_value(FindingKind.UNIT_JUMP, len(jumps), readings, int(jumps[0]))
    return steps


def _find_missing(ids: list[str], steps: list[Steps], mapping: Mapping, findings: Findings) -> None:
    rates = [series.missing / series.slots if series.slots else 0 for series in steps]
    worst = int(np.argmax(rates))
    count = sum(rate > mapping.load.most_missing for rate in rates)
    findings.add(FindingKind.MISSING, count, f"series {ids[worst]}: {rates[worst]:.1%} is missing")


def _find_gaps(ids: list[str], steps: list[Steps], findings: Findings) -> None:
    with_gaps = [
        (series.gaps, name) for series, name in zip(steps, ids, strict=True) if series.gaps
    ]
    if with_gaps:
        gaps, name = max(with_gaps, key=lambda pair: pair[0].longest_ms)
        hours, after = gaps.longest_ms / HOUR_MS, write_time(utc_time(gaps.after_ms))
        example = f"series {name}: the longest is {hours:.4g} h, after {after}"
        findings.add(
            FindingKind.GAP, sum(series_gaps.count for series_gaps, _ in with_gaps), example
        )


def _slots(time_ms: NDArray[np.int64], step_ms: int | None) -> int:
    if step_ms is None or len(time_ms) == 0:
        return 0
    return (int(time_ms[-1]) - int(time_ms[0])) // step_ms + 1


def _find_other_steps(
    rows: Rows, found_ms: int | None, stated_ms: int, shift_ms: int, findings: Findings
) -> None:
    if found_ms is not None and found_ms != stated_ms:
        detail = f"{found_ms / MINUTE_MS:g} min found, {stated_ms / MINUTE_MS:g} min stated"
        findings.add_row(FindingKind.WRONG_STEP, 1, rows, 0, detail)
        return
    between = checks.off_step(rows.time_ms, stated_ms, shift_ms)
    if len(between):
        first = int(between[0])
        time = write_time(utc_time(int(rows.time_ms[first])))
        findings.add_row(FindingKind.OFF_STEP, len(between), rows, first, time)
    stretches = checks.mixed_step(rows.time_ms, stated_ms)
    if len(stretches):
        first = int(stretches[0])
        every = (rows.time_ms[first + 1] - rows.time_ms[first]) / MINUTE_MS
        time = write_time(utc_time(int(rows.time_ms[first])))
        findings.add_row(
            FindingKind.MIXED_STEP, len(stretches), rows, first, f"{every:g} min from {time}"
        )
