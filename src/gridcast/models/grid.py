"""What is known of each series beside its readings; a series nobody declared has the defaults.

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
"""What many series have in common is kept once."""
_NONE_SET: set[str] = set()


class Grid:
    """The declarations of all series, the newest of each.

    All that it answers follows from those alone, not from what they replaced: a worker that reads
    a compacted topic from the beginning knows what one knows that has seen all of it.
    """

    def __init__(self) -> None:
        self.version = 0
        """Another number, another grid: for those who derive something from it and keep that."""
        self._declared: dict[str, GridSeries] = {}
        self._below: dict[str, set[str]] = {}

    def __len__(self) -> int:
        return len(self._declared)

    def __contains__(self, series: str) -> bool:
        return series in self._declared

    def __getitem__(self, series: str) -> GridSeries:
        return self._declared.get(series) or GridSeries(series=series)

    def declare(self, declared: GridSeries) -> tuple[str, ...]:
        """Take what is declared of a series, instead of all that was.

        Gives the circle of parents that it closes, if it does: from the series up to itself. None
        of those on a circle has a parent until it is mended; all else of them counts.
        """
        self._unlink(declared.series)
        self._declared[declared.series] = _slim(declared)
        if declared.parent is not None:
            self._below.setdefault(declared.parent, set()).add(declared.series)
        self.version += 1
        return self._circle(declared.series)

    def remove(self, series: str) -> None:
        """Forget what was declared of a series: it has the defaults again."""
        self._unlink(series)
        if self._declared.pop(series, None) is not None:
            self.version += 1

    def parent(self, series: str) -> str | None:
        """Give the series that this one is a part of."""
        above = self._above(series)
        return None if above is None or self._circle(series) else above

    def children(self, series: str) -> list[str]:
        """Give the series that are parts of this one, by name."""
        return sorted(one for one in list(self._below.get(series, ())) if not self._circle(one))

    def _above(self, series: str) -> str | None:
        known = self._declared.get(series)
        return None if known is None else known.parent

    def _circle(self, series: str) -> tuple[str, ...]:
        """Walk up from a series: if that leads back to it, give the way."""
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
    """Give the same at half the size: pydantic keeps a set of names in every message it reads."""
    values = dict(declared.__dict__)
    for name in _NAMES:
        if values[name] is not None:
            values[name] = intern(values[name])
    return GridSeries.model_construct(_fields_set=_NONE_SET, **values)
