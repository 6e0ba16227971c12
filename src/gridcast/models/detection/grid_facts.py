"""The declared properties of a partition's series, as arrays in the order of its rows."""

from collections.abc import Sequence

import numpy as np

from gridcast.models.detection.observations import NO_GROUP, NOTHING_DECLARED, DeclaredSeries
from gridcast.models.grid import Grid


def declared_series(names: Sequence[str], grid: Grid) -> DeclaredSeries:
    """Return what the grid declares of these series.

    >>> from gridcast.schemas import GridSeries
    >>> grid = Grid()
    >>> for declared in (GridSeries(series="m-1", parent="f-1"), GridSeries(series="f-1")):
    ...     _ = grid.declare(declared)
    >>> series = declared_series(["f-1", "m-1"], grid)
    >>> series.group, series.parents, series.parent
    (array([-1,  0]), ['f-1'], array([0]))
    """
    row_of = {name: row for row, name in enumerate(names)}
    capacity = np.full(len(names), np.nan, np.float32)
    least = np.zeros(len(names), np.float32)
    group = np.full(len(names), NO_GROUP, np.intp)
    calendar = np.zeros(len(names), np.intp)
    number: dict[str, int] = {}
    calendars: dict[tuple[str, str], int] = {("UTC", ""): 0}
    for row, name in enumerate(names):
        if name not in grid:
            continue
        declared, parent = grid[name], grid.parent(name)
        place = (declared.time_zone, declared.holidays or "")
        calendar[row] = calendars.setdefault(place, len(calendars))
        if declared.capacity_kw is not None:
            capacity[row] = declared.capacity_kw
        if declared.can_be_negative:
            least[row] = -np.inf
        if parent is not None:
            group[row] = number.setdefault(parent, len(number))
    parents = list(number)
    # A parent can only be compared with the sum of all of its children.
    sums = [
        row_of.get(parent, -1) if row_of.keys() >= set(grid.children(parent)) else -1
        for parent in parents
    ]
    return DeclaredSeries(
        capacity,
        least,
        group,
        np.array(sums, np.intp),
        parents,
        [_above(parent, grid) for parent in parents],
        calendar,
        list(calendars),
    )


class GridFacts:
    """A cache of the declared properties; recomputed only if the grid or the names have changed."""

    def __init__(self) -> None:
        self._seen: tuple[Grid, int] | None = None
        self._names: list[str] = []
        self._known = NOTHING_DECLARED

    def current(self, names: Sequence[str], grid: Grid) -> DeclaredSeries:
        """Return what the grid declares of these series now."""
        version = (grid, grid.version)
        if version != self._seen or self._names != names:
            self._seen, self._names = version, list(names)
            self._known = declared_series(names, grid)
        return self._known


def _above(series: str, grid: Grid) -> tuple[str, ...]:
    ancestors: list[str] = []
    parent = grid.parent(series)
    while parent is not None and parent not in ancestors:
        ancestors.append(parent)
        parent = grid.parent(parent)
    return tuple(ancestors)
