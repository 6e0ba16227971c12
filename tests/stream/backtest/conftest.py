"""One backtest through the command, for all tests of its report."""

import json

import pytest
from support.backtests import MAPPING, Ran, gridcast
from support.recordings import instant, make_recording


@pytest.fixture(scope="session")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    folder = tmp_path_factory.mktemp("backtest")
    arrivals = make_recording(series=3, days=26).arrivals
    rows = [
        f"{instant(time)},s-{series},{value!r},{value * 1.02 + 0.1!r}"
        for time, series, value in zip(
            arrivals.time_ms.tolist(),
            arrivals.series.tolist(),
            arrivals.value.tolist(),
            strict=True,
        )
    ]
    (folder / "load.csv").write_text("\n".join(["time,series,value,planned", *rows]), "utf-8")
    (folder / "load.toml").write_text(MAPPING, "utf-8")
    report = folder / "report"
    done = gridcast(
        folder,
        *("backtest", "load.csv", "--mapping", "load.toml", "--model", "box", "--model", "none"),
        *("--from", "2026-01-22", "--report", "report", "--json", "--processes", "2"),
        *("--baselines", "seasonal_naive_day,ridge", "--refit-days", "2"),
        *("--fail-if", "mape_24h > 0.01", "--fail-if", "none:mae > 1e9"),
    )
    assert done.returncode in {0, 1}, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    return Ran(folder, report, told, done.returncode, done.stderr)
