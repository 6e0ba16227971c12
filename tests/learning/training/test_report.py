"""The report of a run that never was: figures are made up, their form is not."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("matplotlib", reason="needs gridcast[train]")
pytest.importorskip("jinja2", reason="needs gridcast[train]")

from gridcast.learning.training.folder import RunFolder
from gridcast.learning.training.judge import Judged
from gridcast.learning.training.report.pictures import Day, Window
from gridcast.learning.training.report.write import write_report
from gridcast.learning.training.results import (
    MODEL,
    BaselineComparison,
    DataScores,
    Edge,
    EdgeForm,
    FitProblem,
    Lambda,
    LambdaEffect,
    Reliability,
    Results,
    SeriesScores,
    TimeSpan,
)
from gridcast.schemas import GridSeries

LEVELS = (0.05, 0.5, 0.95)
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
NOON_MS = round(NOON.timestamp() * 1000)
LOSSES = [
    {"step": 50.0, "member": 0.0, "train": 0.4, "validation": 0.5, "best": 0.5, "seconds": 1.0},
    {"step": 100.0, "member": 0.0, "train": 0.3, "validation": 0.45, "best": 0.45, "seconds": 2.0},
    {"step": 150.0, "member": 1.0, "train": 0.4, "validation": 0.5, "best": 0.5, "seconds": 3.0},
]


def _scores(error: float, mape: float | None = None) -> dict[str, float | None]:
    names = ("mae", "rmse", "smape", "nmae", "mase", "r2", "pinball", "crps", "width_90")
    found: dict[str, float | None] = dict.fromkeys(names, error)
    leads = dict.fromkeys(("mape", "mape_1h", "mape_6h", "mape_24h"), mape)
    return {"count": 10.0, **found, **leads, "coverage_90": 89.5}


def _data(**changes: Any) -> DataScores:
    table = {MODEL: _scores(1.0, 2.0), "ridge": _scores(1.5, 3.0)}
    span = TimeSpan(first=NOON, end=NOON, first_slot=0, end_slot=10)
    by_lead = {name: {"mape": (1.0, None), "nmae": (1.0, 2.0)} for name in table}
    hours = {name: {"00:00": one, "01:00": one} for name, one in table.items()}
    given: dict[str, Any] = {
        "title": "Town & <Country> | 1",
        "source": "made up",
        "licence": "none",
        "digest": "0" * 64,
        "series": 5,
        "step_minutes": 60,
        "split": {"train": span, "validation": span, "test": span},
        "samples": 100,
        "leads_minutes": (60, 120),
        "levels": LEVELS,
        "error": "mape",
        "test": table,
        "by_lead": by_lead,
        "by": {
            "hour": hours,
            "weekday": {name: {"Monday": one} for name, one in table.items()},
            "month": {name: {"May": one} for name, one in table.items()},
        },
        "by_series": tuple(
            SeriesScores(series=f"s-{row}", size_kw=10.0**row, scores=_scores(row + 1.0))
            for row in range(5)
        ),
        "reliability": Reliability(levels=LEVELS, before=(0.1, 0.5, 0.9), after=(0.05, 0.5, 0.95)),
        "versus": {"ridge": BaselineComparison(difference=-0.5, p_value=0.001, verdict="better")},
        "faults": (FitProblem(fault="overfitted", reason="the error grew"),),
        "uncalibrated": _scores(1.0, 2.0) | {"coverage_90": 80.0},
    }
    return DataScores(**(given | changes))


def _write(runs: Path, data: DataScores) -> RunFolder:
    folder = RunFolder.create(runs, "town", NOON)
    series = GridSeries(series="s-0", time_zone="Europe/Berlin")
    hours = np.arange(24.0)
    day = Day(
        series=series,
        origin_ms=NOON_MS,
        step_ms=3_600_000,
        levels=LEVELS,
        quantiles=np.stack([hours - 1, hours, hours + 1]),
        truth=hours,
        error=1.0,
    )
    window = Window(
        series=series,
        end_ms=NOON_MS,
        step_ms=3_600_000,
        mean=np.where(hours == 3, np.nan, hours),
        smoothed={"off": hours, "1": hours + 0.1},
        filled=hours == 3,
    )
    results = Results(
        network="lstm",
        parameters=1234,
        members=((100, 0.45), (50, 0.5)),
        weights_digest="0" * 64,
        data=(data,),
        smoothing=LambdaEffect(
            proxy="ridge", data="Town", found=(Lambda(name="off", lam=0, scores=_scores(1, 2)),)
        ),
    )
    form = EdgeForm(name="int8", size_bytes=120_000, one_ms=0.5, many_ms=90, scores=_scores(1, 2))
    edge = Edge(machine="a machine", samples=1000, forms=(form,))
    write_report(folder, results, [(Judged(data, day, day), window)], LOSSES, edge)
    return folder


def test_the_report_names_all_forecasters_and_its_pictures_are_there(tmp_path: Path) -> None:
    folder = _write(tmp_path, _data())
    text = folder.read("report.md").decode()
    assert "| gridcast | 2.00 |" in text
    assert "| ridge regression | 3.00 |" in text
    assert "better (p = 0.001)" in text
    assert "Overfitted: the error grew." in text
    assert "before calibration: 80.0 %" in text
    assert "int8 | 120 |" in text
    shown = re.findall(r"\]\((plots/[^)]+)\)", text)
    assert len(shown) == 8
    for name in shown:
        assert folder.read(name).startswith(b"<?xml")


def test_the_page_needs_nothing_beside_itself(tmp_path: Path) -> None:
    page = _write(tmp_path, _data()).read("report.html").decode()
    assert page.count("<img") == 8
    assert set(re.findall(r'(?:src|href)="(\w+):', page)) == {"data"}
    assert "Town &amp; &lt;Country&gt; | 1" in page
    assert "<Country>" not in page


def test_a_bar_in_a_name_breaks_no_table(tmp_path: Path) -> None:
    series = tuple(SeriesScores(series="a|b", size_kw=1.0, scores=_scores(1.0)) for _ in range(2))
    text = _write(tmp_path, _data(by_series=series)).read("report.md").decode()
    assert r"| a\|b |" in text


def test_loads_near_zero_are_told_of_by_another_error(tmp_path: Path) -> None:
    near_zero = {MODEL: _scores(1.0), "ridge": _scores(1.5)}
    text = _write(tmp_path, _data(error="nmae", test=near_zero)).read("report.md").decode()
    assert "mean absolute error 1.00 %" in text
    dash = "\N{EN DASH}"
    assert f"| gridcast | {dash} | {dash} |" in text


def test_the_same_figures_give_the_same_bytes(tmp_path: Path) -> None:
    first, second = _write(tmp_path / "a", _data()), _write(tmp_path / "b", _data())
    for name in ("report.md", "report.html", "plots/losses.svg"):
        assert first.read(name) == second.read(name)
