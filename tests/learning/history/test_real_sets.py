"""The public sets of docs/reference/public-data.md, if GRIDCAST_DATA names their folder."""

import os
import time
from pathlib import Path

import numpy as np
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest

from gridcast.learning.history import Mapping, check_history, load_mapping, read_history

ROOT = Path(__file__).parents[3]
DATA = Path(os.environ.get("GRIDCAST_DATA", ROOT.parent / "shared" / "data"))


def real(name: str) -> tuple[Path, Mapping]:
    path = DATA / f"{name}.parquet"
    if not path.exists():
        pytest.skip(f"{path.name} is not at hand (GRIDCAST_DATA names the folder of real sets)")
    return path, load_mapping(ROOT / "docs" / "howto" / "history" / f"{name}.toml")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("germany", (184_128, 1, 15, 12, 3)),
        ("spain", (35_064, 1, 60, 36, 22)),
        ("victoria", (52_608, 1, 30, 0, 0)),
        ("tetouan", (157_248, 3, 10, 0, 0)),
        ("households", (1_033_030, 40, 30, 16_890, 311)),
        ("substations", (88_320, 10, 15, 0, 0)),
    ],
)
def test_a_real_set_is_accepted_and_its_report_is_what_the_docs_say(
    name: str, expected: tuple[int, int, float, int, int]
) -> None:
    path, mapping = real(name)
    history, report = check_history(path, mapping)
    assert report.strict == []
    total = report.total
    step = total.step_minutes
    assert step is not None
    assert (total.rows, len(report.series), step, total.missing, total.gaps) == expected
    assert np.isfinite(history.grid(step).value).sum() == total.readings


@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_a_million_rows_are_read_in_seconds(tmp_path: Path, form: str) -> None:
    path, mapping = real("households")
    if form == "csv":
        source, path = path, tmp_path / "households.csv"
        pa_csv.write_csv(pq.read_table(source), path)
    began = time.process_time()
    history = read_history(path, mapping)
    spent = time.process_time() - began
    assert len(history) == 1_033_030
    # Half a second of CPU was measured; the rest is room for a slow or busy machine.
    assert spent < 5
