import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from gridcast.cli.main import main
from gridcast.cli.window.png import save
from gridcast.cli.window.recorded_series import read_feed
from gridcast.cli.window.terminal import draw
from gridcast.cli.window.window_view import MEANS, WindowView, look_back
from gridcast.models.splines import SlotOrigin
from gridcast.models.windows import WindowSpec
from gridcast.schemas.columns import ReadingColumns
from gridcast.schemas.quality import Quality
from gridcast.stream.errors import UserError

STEP = 900_000
START = 20_000 * 96 * STEP
MAPPING = """
title = "one meter"
step_minutes = 15
[time]
column = "time"
zone = "carried"
marks = "begin"
[load]
unit = "kW"
series_column = "meter"
value_column = "kw"
"""


def readings() -> ReadingColumns:
    """Nine days with a short gap, a long one, an estimate and a rejected spike."""
    slots = np.array([i for i in range(9 * 96) if i not in {780, *range(700, 720)}])
    value = 3 + 2 * np.sin(slots / 96 * 2 * np.pi)
    quality = np.zeros(len(slots), np.uint8)
    quality[slots == 800] = Quality.QUESTIONABLE
    value[slots == 800] = 40.0
    quality[slots == 810] = Quality.ESTIMATED_LINEAR
    time = START + slots * STEP
    return ReadingColumns(["m1"] * len(slots), time, value, quality, np.zeros(len(slots), "i4"))


def past() -> WindowView:
    return look_back(readings(), WindowSpec(), START + 9 * 96 * STEP, 192)


def plain(picture: WindowView, width: int = 100) -> str:
    console = Console(width=width, no_color=True)
    with console.capture() as capture:
        console.print(draw(picture, width), soft_wrap=True)
    return capture.get()


def test_a_past_tells_measured_estimated_filled_and_rejected_apart() -> None:
    found = past()
    assert found.count(SlotOrigin.FROM_OTHER_DAYS) == 20
    assert found.count(SlotOrigin.ESTIMATED) == 1
    assert found.count(SlotOrigin.FILLED) == 2  # the single gap, and the rejected slot
    assert (found.trust == 0).sum() == 1
    assert (
        abs(found.smoothed - (3 + 2 * np.sin((np.arange(672, 864) / 96) * 2 * np.pi))).max() < 0.1
    )


def test_readings_at_the_tick_and_after_it_are_not_seen() -> None:
    tick = START + 8 * 96 * STEP
    seen = look_back(readings(), WindowSpec(), tick, 96)
    alone = readings()
    alone = alone.take(np.flatnonzero(alone.time_ms < tick))
    assert look_back(alone, WindowSpec(), tick, 96).smoothed.tobytes() == seen.smoothed.tobytes()


def test_the_terminal_picture_has_axes_a_legend_and_all_kinds() -> None:
    text = plain(past())
    lines = text.splitlines()
    assert lines[0] == "m1, kW, step 15 min, UTC"
    assert lines[1].lstrip().startswith("40│")
    assert lines[1].count("✗") == 1
    for name in ("readings", "smoothed", "filled by the spline", "filled from other days"):
        assert f"● {name}" in text
    assert "● rejected, not used" in text
    assert "1 reading rejected" in text
    assert max(map(len, lines[:-2])) <= 100


def test_a_window_of_one_level_can_be_drawn() -> None:
    level = readings()
    level.value[:] = 1.0
    assert "smoothed" in plain(look_back(level, WindowSpec(), START + 9 * 96 * STEP, 192, lam=1.0))


def test_what_is_left_of_slots_without_their_readings_is_drawn(tmp_path: Path) -> None:
    found = past()
    bare = replace(found, mean=found.smoothed)
    assert f"● {MEANS}" in plain(bare)
    assert MEANS not in plain(replace(found, mean=np.full(192, np.nan)))
    save(bare, tmp_path / "bare.png")
    save(found, tmp_path / "found.png")
    assert (tmp_path / "bare.png").read_bytes() != (tmp_path / "found.png").read_bytes()


def test_a_png_is_written(tmp_path: Path) -> None:
    save(past(), tmp_path / "m1.png")
    assert (tmp_path / "m1.png").read_bytes().startswith(b"\x89PNG")


FEED = """series,time,value,quality,revision
m1,2024-10-04T00:00:00Z,1.0,0,0
m2,2024-10-04T00:15:00Z,7.0,0,0
m1,2024-10-04T00:30:00Z,90.0,10,0
m1,2024-10-04T00:15:00Z,2.5,9,0
m1,2024-10-04T00:15:00Z,2.0,0,1
m1,2024-10-04T00:15:00Z,2.0,0,1
m1,2024-10-04T00:45:00Z,3.0,0,0
m1,2024-10-04T01:00:00Z,3.0,0,0
"""


def test_readings_as_they_came_are_drawn_with_what_was_rejected(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "readings.csv"
    file.write_text(FEED)
    command = ["gridcast", "window", "m1", "--file", str(file), "--days", "0.0525"]
    monkeypatch.setattr(sys, "argv", command)
    with pytest.raises(SystemExit) as end:
        main()
    out = capsys.readouterr().out
    assert end.value.code == 0
    assert "● rejected, not used" in out
    assert "80.0% measured, 1 slot filled by the spline, 1 reading rejected" in out


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        (FEED.replace(",10,", ",300,"), "row 3: is not a whole number from 0 to 255"),
        (FEED.replace("90.0", "inf"), "column value, row 3: is not a finite number"),
        (FEED.replace("m1,", "meter-1,"), "series 'm1' is not there; it has meter-1, m2"),
        (FEED.replace("quality", "trust"), "column 'quality' is not there; it has series, time"),
    ],
)
def test_readings_that_cannot_be_used_are_named(tmp_path: Path, wrong: str, error: str) -> None:
    file = tmp_path / "readings.csv"
    file.write_text(wrong)
    with pytest.raises(UserError) as raised:
        read_feed(file, "m1")
    assert error in str(raised.value)


def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *flags: str) -> int:
    file, mapping = tmp_path / "m.csv", tmp_path / "m.toml"
    found = readings()
    times = np.datetime_as_string(found.time_ms.astype("M8[ms]"))
    rows = [f"{t}Z,m1,{v:.3f}" for t, v in zip(times, found.value, strict=True)]
    file.write_text("\n".join(["time,meter,kw", *rows]))
    mapping.write_text(MAPPING)
    series = [] if flags and not flags[0].startswith("-") else ["m1"]
    command = [
        "gridcast",
        "window",
        *series,
        *flags,
        "--file",
        str(file),
        "--mapping",
        str(mapping),
    ]
    monkeypatch.setattr(sys, "argv", command)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as end:
        main()
    assert isinstance(end.value.code, int)
    return end.value.code


def test_the_command_draws(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, tmp_path, "--until", "2024-10-12 12:00:00", "--days", "1") == 0
    out = capsys.readouterr().out
    assert "m1, kW, step 15 min, UTC" in out
    assert "by cross-validation" in out


def test_without_matplotlib_the_error_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert run(monkeypatch, tmp_path, "--png", "m.png") == 2
    assert capsys.readouterr().err == "gridcast: a PNG needs matplotlib: install gridcast[plot]\n"


@pytest.mark.parametrize(
    ("flags", "error"),
    [
        (["m2"], "series 'm2' is not there; it has m1"),
        (["--days", "9"], "--days must be between 0.052 and 8, not 9"),
        (["--until", "2020-01-01 00:00:00"], "m1 has no reading in the 2 days to be drawn"),
    ],
)
def test_what_the_user_can_mend_is_one_line(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    flags: list[str],
    error: str,
) -> None:
    assert run(monkeypatch, tmp_path, *flags) == 2
    err = capsys.readouterr().err
    assert error in err
    assert len(err.splitlines()) == 1
