"""A collection of findings: a count and the first example of each kind."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from gridcast.learning.history.report import MEANINGS, Finding, FindingKind
from gridcast.learning.history.rows import Names, Rows
from gridcast.learning.history.table import FileTable
from gridcast.schemas.fields import write_time
from gridcast.units import utc_time


@dataclass
class Findings:
    """The findings so far."""

    table: FileTable
    names: Names
    accepted: frozenset[FindingKind]
    found: dict[FindingKind, Finding] = field(default_factory=dict)
    tallies: dict[str, NDArray[np.intp]] = field(default_factory=dict)
    """Counts per series, under their names in the report."""

    def add(self, kind: FindingKind, count: int, example: str) -> None:
        """Add to the count of a kind. The first example is kept."""
        if count == 0:
            return
        if earlier := self.found.get(kind):
            count, example = count + earlier.count, earlier.example
        strict = MEANINGS[kind].strict and kind not in self.accepted
        self.found[kind] = Finding(kind=kind, strict=strict, count=count, example=example)

    def add_row(self, kind: FindingKind, count: int, rows: Rows, index: int, detail: str) -> None:
        """Add findings whose example is a row."""
        series = int(rows.series[index])
        place = self.table.place(self.names.columns[series], int(rows.place[index]))
        self.add(kind, count, f"{place}, series {self.names.ids[series]}: {detail}")

    def add_value(self, kind: FindingKind, count: int, rows: Rows, index: int) -> None:
        """Add findings about values. The example has its time."""
        time = write_time(utc_time(int(rows.time_ms[index])))
        self.add_row(kind, count, rows, index, f"{rows.value[index]:g} kW at {time}")

    def tally(self, name: str, series: NDArray[np.int32]) -> None:
        """Count per series for the report: one count for each entry of `series`."""
        self.tallies[name] = np.bincount(series, minlength=len(self.names.ids))

    def listed(self) -> list[Finding]:
        """Return the findings: refused ones first, then in the order of :class:`FindingKind`."""
        kinds = list(FindingKind)
        return sorted(self.found.values(), key=lambda f: (not f.strict, kinds.index(f.kind)))
