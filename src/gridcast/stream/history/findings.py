"""The findings while they are collected: counted by kind, the first of each kept."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from gridcast.schemas.fields import write_time
from gridcast.stream.history.report import MEANINGS, Finding, Kind
from gridcast.stream.history.rows import Names, Rows
from gridcast.stream.history.table import Table
from gridcast.stream.history.times import instant


@dataclass
class Findings:
    """What was found so far."""

    table: Table
    names: Names
    accepted: frozenset[Kind]
    found: dict[Kind, Finding] = field(default_factory=dict)
    tallies: dict[str, NDArray[np.intp]] = field(default_factory=dict)
    """Counts by series, under the names that they have in the report."""

    def add(self, kind: Kind, count: int, example: str) -> None:
        """Count something; the first example stands."""
        if count == 0:
            return
        if earlier := self.found.get(kind):
            count, example = count + earlier.count, earlier.example
        strict = MEANINGS[kind].strict and kind not in self.accepted
        self.found[kind] = Finding(kind=kind, strict=strict, count=count, example=example)

    def add_row(self, kind: Kind, count: int, rows: Rows, index: int, detail: str) -> None:
        """Count something that has a row as its first example."""
        series = int(rows.series[index])
        place = self.table.place(self.names.columns[series], int(rows.place[index]))
        self.add(kind, count, f"{place}, series {self.names.ids[series]}: {detail}")

    def add_value(self, kind: Kind, count: int, rows: Rows, index: int) -> None:
        """Count values, the first with its time."""
        time = write_time(instant(int(rows.time_ms[index])))
        self.add_row(kind, count, rows, index, f"{rows.value[index]:g} kW at {time}")

    def tally(self, name: str, series: NDArray[np.int32]) -> None:
        """Count by series, for the report: one count for each entry of `series`."""
        self.tallies[name] = np.bincount(series, minlength=len(self.names.ids))

    def listed(self) -> list[Finding]:
        """Give the findings, what is refused first, else in the order of :class:`Kind`."""
        kinds = list(Kind)
        return sorted(self.found.values(), key=lambda f: (not f.strict, kinds.index(f.kind)))
