"""`gridcast models`, and the networks that came with the package."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from gridcast.cli.main import app
from gridcast.models.features import FeatureBuilder
from gridcast.models.network import Network
from gridcast.models.windows.marks import PLAIN
from gridcast.schemas import GridSeries
from gridcast.stream.errors import UserError
from gridcast.stream.releases.box import boxed, boxed_steps

SIZE_LIMIT = 2_000_000
"""Of all files in the box together."""
A_SUNDAY_MS = 3 * 86_400_000
"""4 January 1970."""


def asked(*words: str) -> str:
    result = CliRunner().invoke(app, ["models", *words], env={"COLUMNS": "200"})
    if result.exception is not None:
        raise result.exception
    return result.output


def test_the_box_is_small_and_has_a_network_for_the_default_step() -> None:
    assert 15 in boxed_steps()
    assert sum(len(boxed(step)) for step in boxed_steps()) < SIZE_LIMIT


@pytest.mark.parametrize("step", boxed_steps())
def test_a_network_in_the_box_knows_a_series_it_has_never_seen(step: int) -> None:
    """A made-up week, of series of three sizes: on a Monday it is nearer than Sunday's load."""
    network = Network.load(boxed(step), step_minutes=step)
    spec = network.contract.features
    at = np.arange(spec.window + spec.horizon) / spec.hour
    shape = 1 + 0.3 * np.sin(2 * np.pi * at / 24) + 0.1 * np.sin(2 * np.pi * at / 12)
    weekend = np.where(np.isin(at // 24 % 7, (0, 6)), 0.8, 1.0)
    load = (shape * weekend)[:, None] * np.array([0.4, 900.0, 5e7])
    window = load[: spec.window].astype(np.float32)
    mark = np.full(window.shape, PLAIN, np.uint8)
    series = [GridSeries(series=f"s-{size}") for size in range(3)]
    origin_ms = A_SUNDAY_MS + spec.window * spec.step_ms
    inputs, usable = FeatureBuilder(spec).build((window, mark), origin_ms, series)
    assert usable.all()
    median = network.forecast(inputs)[:, network.contract.levels.index(0.5)]
    truth = load[spec.window :].T
    yesterday = load[spec.window - spec.horizon : spec.window].T
    error, naive = (np.abs(one - truth).mean(axis=1) for one in (median, yesterday))
    assert (error < naive).all()


def test_what_is_in_the_box_is_listed_and_shown() -> None:
    listed = asked("box")
    assert all(f"box:{step}" in listed for step in boxed_steps())
    shown = asked("show", "box:15")
    assert "trained on" in shown
    assert "15 min" in shown
    contract = json.loads(asked("show", "box:15", "--json"))
    assert contract["features"]["step_minutes"] == 15
    assert all(one["licence"] for one in contract["trained_on"])


def test_a_file_that_cannot_be_used_says_why(tmp_path: Path) -> None:
    file = tmp_path / "cut.onnx"
    file.write_bytes(boxed(15)[:-1000])
    with pytest.raises(UserError, match=r"cut\.onnx cannot be used: "):
        asked("show", str(file))
    altered = bytearray(boxed(15))
    place = bytes(altered).index(b'"lookback_hours":168')
    altered[place + 17 : place + 20] = b"144"
    file.write_bytes(altered)
    with pytest.raises(UserError, match=r"cannot be used: .*(digest|altered)"):
        asked("show", str(file))
    with pytest.raises(UserError, match="no such file"):
        asked("show", str(tmp_path / "none.onnx"))
    for wrong in ("box:7", "box:hour"):
        with pytest.raises(UserError, match="step"):
            asked("show", wrong)
