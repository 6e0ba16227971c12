"""What is known of the series: defaults, the tree, and circles in it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridcast.models.grid import Grid
from gridcast.schemas import GridSeries, SeriesKind


def series(own: str, parent: str | None = None, **more: Any) -> GridSeries:
    return GridSeries(series=own, parent=parent, **more)


def grid_of(*declared: GridSeries) -> Grid:
    grid = Grid()
    for one in declared:
        grid.declare(one)
    return grid


def test_a_series_nobody_declared_has_the_defaults() -> None:
    grid = Grid()
    assert grid["m-1"] == GridSeries(series="m-1")
    assert "m-1" not in grid
    assert (grid.parent("m-1"), grid.children("m-1"), len(grid)) == (None, [], 0)


def test_what_was_declared_is_known_whole() -> None:
    declared = series("f-1", "z-1", kind=SeriesKind.FEEDER, name="북구", capacity_kw=8000)
    grid = grid_of(declared)
    assert grid["f-1"] == declared
    assert grid["f-1"].to_bytes() == declared.to_bytes()


def test_a_newer_declaration_replaces_the_whole_of_the_older() -> None:
    grid = grid_of(series("m-1", "f-1", station="s"), series("m-1", "f-2"))
    assert grid["m-1"].station is None
    assert (grid.children("f-1"), grid.children("f-2")) == ([], ["m-1"])


def test_a_deleted_series_has_the_defaults_again() -> None:
    grid = grid_of(series("m-1", "f-1", capacity_kw=5), series("m-2", "m-1"))
    grid.remove("m-1")
    grid.remove("never declared")
    assert grid["m-1"] == GridSeries(series="m-1")
    assert (grid.children("f-1"), grid.children("m-1")) == ([], ["m-2"])


def test_every_change_is_another_version_and_nothing_else_is() -> None:
    grid = Grid()
    versions = [grid.version]
    grid.remove("m-1")
    versions.append(grid.version)
    grid.declare(series("m-1"))
    versions.append(grid.version)
    grid.remove("m-1")
    versions.append(grid.version)
    assert versions == [0, 0, 1, 2]


def test_a_circle_is_told_to_who_closes_it_and_nobody_on_it_has_a_parent() -> None:
    grid = grid_of(series("a", "b"), series("b", "c"), series("below", "a"))
    assert grid.declare(series("c", "a")) == ("c", "a", "b", "c")
    assert [grid.parent(one) for one in ("a", "b", "c", "below")] == [None, None, None, "a"]
    assert [grid.children(one) for one in ("a", "b", "c")] == [["below"], [], []]
    assert grid.declare(series("c")) == ()
    assert [grid.parent(one) for one in ("a", "b", "c", "below")] == ["b", "c", None, "a"]


names = st.sampled_from("abcde")
changes = st.lists(st.tuples(names, st.one_of(st.none(), names), st.booleans()), max_size=30)


@given(changes)
def test_the_newest_of_each_tells_all(changes: list[tuple[str, str | None, bool]]) -> None:
    """After compaction only those are left, in their order; who starts then knows the same."""
    grid = Grid()
    newest: dict[str, GridSeries] = {}
    for name, parent, deleted in changes:
        newest.pop(name, None)
        if deleted or name == parent:
            grid.remove(name)
        else:
            newest[name] = series(name, parent)
            grid.declare(newest[name])
    compacted = grid_of(*newest.values())
    for name in "abcde":
        assert grid[name] == compacted[name]
        assert grid.parent(name) == compacted.parent(name)
        assert grid.children(name) == compacted.children(name)
        for child in grid.children(name):
            assert grid.parent(child) == name
        above, steps = grid.parent(name), 0
        while above is not None:
            above, steps = grid.parent(above), steps + 1
            assert steps < 6, "the way up ends"


def test_a_long_chain_is_walked_without_recursion() -> None:
    grid = grid_of(*(series(f"m-{n}", f"m-{n + 1}") for n in range(5000)))
    assert grid.parent("m-0") == "m-1"
    with pytest.raises(ValueError, match="its own parent"):
        series("m-0", "m-0")
