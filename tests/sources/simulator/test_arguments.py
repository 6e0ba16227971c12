from pathlib import Path

import pytest
from support.times import ms

from gridcast.cli import main
from gridcast.sources.simulator.arguments import (
    read_country,
    read_span,
    read_tree,
)
from gridcast.stream.errors import UserError
from gridcast.stream.replay.pace import read_speed
from gridcast.stream.time_text import read_time

NOW = ms("2024-05-01T10:30")
WRONG = {
    "--series 2 --days 1 --out x": "--series: at least 3",
    "--days 1 --out x": "no size: use --series N",
    "--series 9 --zones 2 --days 1 --out x": "--series excludes --zones, --feeders and --meters",
    "--zones 0 --days 1 --out x": "--zones: at least 1",
    "--series 9 --out x": "no start and end",
    "--series 9 --from 2024-01-01 --out x": "no end: use --to or --days",
    "--series 9 --days 1": "no destination",
    "--series 9 --days 1 --to-topics --truth": "--truth writes a file",
    "--series 9 --country XX --days 1 --out x": "'XX' is not one of AU,",
    "--series 9 --country DE-XX --days 1 --out x": "no part 'XX'; DE has BB,",
    "--series 9 --days 1 --step-s 7 --out x": "--step-s: a step must divide an hour",
    "--series 9 --days 1 --from soon --out x": "--from: a date or an RFC 3339 time, not 'soon'",
    "--series 9 --days 1 --from 1969-01-01 --out x": "--from: a time from 1971 to 2199",
    "--series 9 --days 1 --to 2024-01-01 --out x": "--to and --days exclude each other",
    "--series 9 --from 2024-01-02 --to 2024-01-01 --out x": "--to is not after --from",
    "--series 9 --days -1 --out x": "--days: above 0",
    "--series 9 --to-topics --speed fast": "--speed: a number above 0, or max, not 'fast'",
    "--series 9 --days 1 --frames --out x": "--frames is for --to-topics",
    "--series 9 --days 1 --speed 60 --out x": "--speed is for --to-topics",
}


@pytest.mark.parametrize("flags", WRONG)
def test_what_is_wrong_is_one_clear_line(
    flags: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["gridcast", "simulate", *flags.split()])
    with pytest.raises(SystemExit) as ended:
        main.main()
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert said.startswith("gridcast: ")
    assert WRONG[flags] in said
    assert len(said.splitlines()) == 1
    assert not any(tmp_path.iterdir())


def test_a_span_is_from_and_to_or_a_number_of_days() -> None:
    assert read_span("2024-01-01", "2024-01-02", None, NOW, live=False) == (
        ms("2024-01-01"),
        ms("2024-01-02"),
    )
    assert read_span("2024-01-01", None, 0.5, NOW, live=False) == (
        ms("2024-01-01"),
        ms("2024-01-01T12:00"),
    )
    assert read_span(None, None, 2, NOW, live=False) == (ms("2024-04-29"), ms("2024-05-01"))


def test_a_live_run_begins_now_and_goes_on() -> None:
    assert read_span(None, None, None, NOW, live=True) == (NOW, None)
    assert read_span("2024-01-01", None, None, NOW, live=True) == (ms("2024-01-01"), None)


def test_times_without_a_zone_are_utc() -> None:
    assert read_time("2024-05-01T10:30", "--from") == NOW
    assert read_time("2024-05-01T19:30+09:00", "--from") == NOW
    assert read_time("2024-05-01T10:30:00Z", "--from") == NOW


def test_a_tree_is_given_whole_or_by_its_branches() -> None:
    assert read_tree(None, 2, 3, 4) == [[4, 4, 4]] * 2
    assert read_tree(None, None, None, 7) == [[7] * 10]
    assert sum(1 + len(zone) + sum(zone) for zone in read_tree(1234, None, None, None)) == 1234


def test_countries_and_their_parts_are_known() -> None:
    assert [read_country(code) for code in ("KR", "DE-BY", "US-TX")] == ["KR", "DE-BY", "US-TX"]


def test_speed_is_a_number_or_max() -> None:
    assert read_speed("max") is None
    assert read_speed("60") == 60
    for text in ("0", "-1", "nan", "inf"):
        with pytest.raises(UserError):
            read_speed(text)
