"""One backtest through the command, for all tests of its report."""

import json

import pytest
from support.backtests import Ran, gridcast, write_history
from support.recordings import make_recording


@pytest.fixture(scope="session")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    folder = tmp_path_factory.mktemp("backtest")
    write_history(make_recording(series=3, days=26), folder)
    report = folder / "report"
    done = gridcast(
        folder,
        *("backtest", "load.csv", "--mapping", "load.toml", "--model", "box", "--model", "none"),
        *("--from", "2026-01-22", "--report", "report", "--json", "--processes", "2"),
        *("--baselines", "seasonal_naive_day,ridge", "--retrain", "2d"),
        *("--fail-if", "mape_24h > 0.01", "--fail-if", "none:mae > 1e9"),
    )
    assert done.returncode in {0, 1}, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    return Ran(folder, report, told, done.returncode, done.stderr)
