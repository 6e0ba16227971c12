"""`gridcast backtest` as a user runs it: report, exit codes, past evaluations."""

import json
import re
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from support.backtests import Ran, gridcast
from support.browser import is_too_wide, running_browser

from gridcast.cli.main import app
from gridcast.learning.backtest.fail_condition import FailCondition
from gridcast.stream.errors import UserError


def test_a_condition_that_holds_fails_the_run_and_says_which(ran: Ran) -> None:
    assert ran.code == 1
    (failed,) = ran.told["failed"]
    assert re.fullmatch(r"mape_24h > 0.01: it is [\d.]+", failed)
    assert f"gridcast: failed: {failed}" in ran.said


def test_all_forecasters_are_judged_on_the_same_loads(ran: Ran) -> None:
    scores = ran.told["scores"]
    assert list(scores) == ["box", "none", "seasonal_naive_day", "ridge"]
    assert len({of["count"] for of in scores.values()}) == 1
    assert ran.told["learned"] == ["2026-01-24T00:00:00Z", "2026-01-26T00:00:00Z"]
    assert set(ran.told["versus"]) == {"none", "seasonal_naive_day", "ridge"}


def test_the_operator_is_judged_where_it_had_published_by_the_tick(ran: Ran) -> None:
    beside = ran.told["beside_operator"]
    assert list(beside) == [*ran.told["scores"], "operator"]
    (count,) = {of["count"] for of in beside.values()}
    # Of a day ahead only as much is known as was published by ten o'clock of the day before.
    assert 0 < count < ran.told["scores"]["box"]["count"]
    assert beside["operator"]["mape"] == pytest.approx(2.5, abs=1.5)
    # One tick a day is that of ten o'clock in Berlin; from it the next day has ten hours in reach,
    # and of the last of the five days one hour came.
    fresh = ran.told["when_published"]
    assert list(fresh) == list(beside)
    assert {of["count"] for of in fresh.values()} == {3 * (4 * 10 + 1)}


def test_the_page_carries_all_it_shows(ran: Ran) -> None:
    page = (ran.report / "report.html").read_text("utf-8")
    assert not re.findall(r'(?:src|href)="(?!data:)', page)
    for heading in ("By horizon", "By rung", "By series", "Peaks", "The best and the worst day"):
        assert f">{heading}<" in page
    assert page.count("<img") >= 8


def test_the_page_opens_in_a_browser_and_shows_every_picture(ran: Ran) -> None:
    with running_browser() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        wrong: list[str] = []
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("requestfailed", lambda request: wrong.append(request.url))
        page.goto((ran.report / "report.html").as_uri())
        assert page.title() == "Backtest: Sines"
        widths = page.eval_on_selector_all("img", "every => every.map(one => one.naturalWidth)")
        assert len(widths) >= 8
        assert min(widths) > 100
        assert not is_too_wide(page)
        row = page.locator("table").first.locator("tbody tr").first
        assert row.locator("td").first.inner_text() == "model in the box"
        mae = row.locator("td").nth(2).inner_text()
        assert float(mae) == pytest.approx(ran.told["scores"]["box"]["mae"], abs=0.01)
        page.locator("summary").first.click()  # long tables are folded up
        assert page.get_by_role("cell", name="24 h", exact=True).first.is_visible()
        assert not wrong


def test_every_forecast_that_was_made_is_kept(ran: Ran) -> None:
    table = pq.read_table(ran.report / "forecasts")
    assert table.num_rows == ran.told["forecasts"]
    keys = set(
        zip(*(table[name].to_pylist() for name in ("forecaster", "series", "tick")), strict=True)
    )
    assert len(keys) == table.num_rows


def test_past_evaluations_are_listed_and_compared(ran: Ran) -> None:
    shown = gridcast(ran.folder, "backtest", "list", "--json")
    (past,) = json.loads(shown.stdout)
    assert past["id"] == ran.told["id"]
    assert past["scores"] == ran.told["scores"]
    compared = gridcast(ran.folder, "backtest", "compare", "last", ran.told["id"][:6], "--json")
    changes = json.loads(compared.stdout)
    assert changes
    assert all(one["before"] == one["now"] for one in changes)
    assert gridcast(ran.folder, "backtest", "compare", "last", "nobody").returncode == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["load.csv"], "--mapping"),
        (["nothing.csv", "--mapping", "load.toml"], "there is no file or folder"),
        (["load.csv", "--mapping", "load.toml", "--report", "report"], "not an empty folder"),
        (["load.csv", "--mapping", "load.toml", "--model", "none.onnx"], "there is no file"),
        (["load.csv", "--mapping", "load.toml", "--from", "2030-01-01"], "no tick from"),
        (["load.csv", "--mapping", "load.toml", "--from", "2026-01-10"], "too little of it"),
        (["load.csv", "--mapping", "load.toml", "--baselines", "guess"], "not 'guess'"),
        (["load.csv", "--fail-if", "bad"], "--fail-if"),
        (["report"], "simulate"),
    ],
)
def test_what_the_user_can_mend_is_one_line(
    ran: Ran, words: list[str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ran.folder)
    folder = [] if "--report" in words else ["--report", "other"]
    with pytest.raises(UserError, match=said) as told:
        app(["backtest", *words, *folder], standalone_mode=False)
    assert len(str(told.value).splitlines()) == 1
    assert not Path("other").exists()


@pytest.mark.parametrize(
    ("text", "gate"),
    [
        ("mape_24h > 5", FailCondition(None, "mape_24h", ">", 5)),
        (" ridge:mae<=0.5 ", FailCondition("ridge", "mae", "<=", 0.5)),
    ],
)
def test_conditions_are_read(text: str, gate: FailCondition) -> None:
    assert FailCondition.read(text) == gate


@pytest.mark.parametrize("text", ["mape", "mape > x", "> 3", "mape = 3"])
def test_what_is_no_condition_is_refused(text: str) -> None:
    with pytest.raises(UserError, match="--fail-if"):
        FailCondition.read(text)
