import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gridcast.cli.main import app, main

SAMPLES = Path(__file__).parents[2] / "data" / "history"


def arguments(file: Path, *more: str) -> list[str]:
    return ["history", "check", str(file), "--mapping", str(SAMPLES / "meters.toml"), *more]


@pytest.fixture
def conflicting(tmp_path: Path) -> Path:
    rows = (SAMPLES / "meters.csv").read_text().splitlines()
    path = tmp_path / "meters.csv"
    path.write_text("\n".join([*rows, rows[1].replace(",400,", ",410,")]) + "\n")
    return path


def test_check_accepts_a_good_file() -> None:
    result = CliRunner().invoke(app, arguments(SAMPLES / "meters.csv"))
    assert result.exit_code == 0
    assert "This file is accepted" in result.stdout
    assert "labelled anomalous: 2 readings" in result.stdout
    assert "columns not used: mood" in result.stdout


def test_check_exits_with_one_and_names_what_is_refused(conflicting: Path) -> None:
    result = CliRunner().invoke(app, arguments(conflicting))
    assert result.exit_code == 1
    assert "refused conflict: column w, row 97, series m1: 0.41 kW" in result.stdout
    assert "This file is refused" in result.stdout


def test_check_prints_json_for_programs(conflicting: Path) -> None:
    result = CliRunner().invoke(app, arguments(conflicting, "--json"))
    report = json.loads(result.stdout)
    assert report["total"]["conflicts"] == 1
    assert report["findings"][0]["kind"] == "conflict"
    assert report["findings"][0]["strict"] is True
    assert report["series"][0]["missing_rate"] == 0
    assert report["series"][0]["first"] == "2024-03-01T00:00:00Z"


def test_check_of_no_file_is_one_line_and_two(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["gridcast", *arguments(Path("none.csv"))])
    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == 2
    assert capsys.readouterr().err == "gridcast: the history file none.csv is not there\n"
