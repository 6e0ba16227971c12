"""A challenger answers in the shadow of the champion, for its share, and is scored."""

from typing import Any

import pytest

pytest.importorskip("onnx", reason="needs gridcast[train]")

from support.answering import HOUR, NOW, ONE, OTHER, daily, fed, forecaster, row
from support.plain_windows import columns

from gridcast.models import challengers
from gridcast.models.grid import Grid
from gridcast.models.partition import Tick
from gridcast.models.serving import Challenger, ServingModels, TickContext
from gridcast.models.serving.partition_serving import ReleaseAtTick
from gridcast.models.serving.series_facts import SeriesFacts
from gridcast.models.tick import TickSetup, run_tick
from gridcast.models.windows.minute import Rows
from gridcast.schemas import Score


def test_a_challenger_answers_for_its_share_is_not_published_and_is_scored() -> None:
    grid, names = Grid(), [f"s{n}" for n in range(40)]
    context = TickContext(grid, ServingModels({None: ONE}, {None: Challenger(OTHER, 0.5)}))
    partition = fed([reading for name in names for reading in daily(name)])
    setup = TickSetup(forecaster())
    scores = []
    for hour in range(6):
        answer = run_tick(partition, Tick(NOW + hour * HOUR), context, setup)
        assert answer.forecasts is not None
        assert {one.release for one in answer.forecasts.makers if one.model} == {"one"}
        scores += [Score.from_bytes(value) for one in answer.scores for _, value in one.messages()]
        readings = [row(NOW + hour * HOUR, name, 10.0) for name in names]
        partition.windows.fold(columns(readings))
        partition.windows.advance(NOW + (hour + 1) * HOUR)
    judged = {
        is_one: {one.series for one in scores for band in one.bands if band.challenger is is_one}
        for is_one in (False, True)
    }
    assert judged[False] == set(names)
    assert 10 < len(judged[True]) < 30
    releases = {band.release for one in scores for band in one.bands if band.challenger}
    assert releases == {"other"}


def test_no_part_is_looked_at_of_which_a_challenger_has_no_rows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = [f"s{n}" for n in range(40)]
    partition = fed([reading for name in names for reading in daily(name)])
    asked, ask = [], ReleaseAtTick.ask

    def counted(self: ReleaseAtTick, rows: Rows, *more: Any) -> Any:
        if self.answers.in_use is OTHER:
            asked.append(len(rows))
        return ask(self, rows, *more)

    monkeypatch.setattr(challengers, "AT_ONCE", 5)
    monkeypatch.setattr(ReleaseAtTick, "ask", counted)
    for share in (0.1, 1e-9):
        context = TickContext(Grid(), ServingModels({None: ONE}, {None: Challenger(OTHER, share)}))
        run_tick(partition, Tick(NOW), context, TickSetup(forecaster()))
    facts = SeriesFacts(Grid())
    facts.look(names)
    assert sum(asked) == (facts.lot < 0.1).sum() > 0
    assert 0 < len(asked) < len(names) / 5
    assert min(asked) > 0


def test_whose_series_a_challenger_answers_for_follows_from_their_names() -> None:
    """So that every worker, and a replay, chooses the same."""
    facts = SeriesFacts(Grid())
    facts.look(["a", "b"])
    first = facts.lot.copy()
    facts.look(["b", "c", "a"])
    assert (facts.lot[[2, 0]] == first).all()
    assert ((facts.lot >= 0) & (facts.lot < 1)).all()
