"""The declared properties of series, as the detectors use them."""

from gridcast.models.detection.grid_facts import declared_series
from gridcast.models.grid import Grid
from gridcast.schemas import GridSeries


def test_a_parent_is_held_against_its_parts_only_where_all_that_are_declared_are_there() -> None:
    grid = Grid()
    for number in range(4):
        grid.declare(GridSeries(series=f"m-{number}", parent="f-1"))
    all_of_them = ["m-0", "f-1", "m-1", "m-2", "m-3"]
    assert declared_series(all_of_them, grid).parent.tolist() == [1]
    some, none = declared_series(all_of_them[:-1], grid), declared_series(all_of_them[2:], grid)
    assert some.parent.tolist() == none.parent.tolist() == [-1]
    assert some.group.tolist() == [0, -1, 0, 0], "which are neighbours all the same"
