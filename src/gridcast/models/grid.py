"""Declarations of series (metadata); undeclared series have the defaults.

>>> grid = Grid()
>>> grid.declare(GridSeries(series="f-1", kind="feeder", station="st-1"))
()
>>> grid.declare(GridSeries(series="m-1", parent="f-1"))
()
>>> grid.parent("m-1"), grid.children("f-1"), grid["m-2"].time_zone
('f-1', ['m-1'], 'UTC')
"""

from sys import intern

from gridcast.schemas import GridSeries

_NAMES = ("parent", "station", "time_zone", "holidays")
"""Interned strings that many series share."""
_NONE_SET: set[str] = set()


class Grid:
    """The newest declaration of every series.

    Everything is derived from the newest declarations alone. So a worker that reads a compacted
    topic from the beginning has the same state as one that has seen every message.
    """

    def __init__(self) -> None:
        self.version = 0
        """Increases with every change, so that derived data can be cached."""
        self._declared: dict[str, GridSeries] = {}
        self._below: dict[str, set[str]] = {}

    def __len__(self) -> int:
        return len(self._declared)

    def __contains__(self, series: str) -> bool:
        return series in self._declared

    def __getitem__(self, series: str) -> GridSeries:
        return self._declared.get(series) or GridSeries(series=series)

    def declare(self, declared: GridSeries) -> tuple[str, ...]:
        """Replace the declaration of a series.

        Return the cycle of parents that it closes, if any, from the series up to itself. Series on
        a cycle have no parent until it is fixed; their other fields apply.
        """
        self._unlink(declared.series)
        self._declared[declared.series] = _slim(declared)
        if declared.parent is not None:
            self._below.setdefault(declared.parent, set()).add(declared.series)
        self.version += 1
        return self._circle(declared.series)

    def remove(self, series: str) -> None:
        """Remove the declaration of a series: it has the defaults again."""
        self._unlink(series)
        if self._declared.pop(series, None) is not None:
            self.version += 1

    def parent(self, series: str) -> str | None:
        """Return the parent of a series."""
        above = self._above(series)
        return None if above is None or self._circle(series) else above

    def children(self, series: str) -> list[str]:
        """Return the children of a series, sorted by name."""
        return sorted(
            child for child in list(self._below.get(series, ())) if not self._circle(child)
        )

    def _above(self, series: str) -> str | None:
        declaration = self._declared.get(series)
        return None if declaration is None else declaration.parent

    def _circle(self, series: str) -> tuple[str, ...]:
        """Return the cycle of parents that leads from a series back to itself, if there is one."""
        way = {series: None}  # a dict keeps the order
        above = self._above(series)
        while above is not None and above not in way:
            way[above] = None
            above = self._above(above)
        return (*way, series) if above == series else ()

    def _unlink(self, series: str) -> None:
        above = self._above(series)
        if above is not None:
            self._below[above].discard(series)
            if not self._below[above]:
                del self._below[above]


def _slim(declared: GridSeries) -> GridSeries:
    """Return the message at half the memory: pydantic keeps a set of names in each it parses."""
    values = dict(declared.__dict__)
    for name in _NAMES:
        if values[name] is not None:
            values[name] = intern(values[name])
    return GridSeries.model_construct(_fields_set=_NONE_SET, **values)
