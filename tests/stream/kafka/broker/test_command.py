"""What `gridcast broker` refuses before it starts anything."""

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from gridcast.cli.broker import broker
from gridcast.stream.errors import UserError
from gridcast.stream.kafka.broker.ports import free_ports

app = typer.Typer()
app.command()(broker)


@pytest.mark.parametrize(
    "wrong", [["--nodes", "2"], ["--temporary", "--fresh"], ["--temporary", "--dir", "here"]]
)
def test_what_makes_no_sense_is_refused_in_one_line(
    wrong: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    error = CliRunner().invoke(app, wrong).exception
    assert isinstance(error, UserError)
    assert "\n" not in str(error)
    assert not list(tmp_path.iterdir())


def test_a_folder_of_jars_that_is_not_there_is_refused_in_one_line(tmp_path: Path) -> None:
    (port,) = free_ports("127.0.0.1", 1)
    arguments = ["--jars", str(tmp_path / "nowhere"), "--temporary", "--port", str(port)]
    error = CliRunner().invoke(app, arguments).exception
    assert isinstance(error, UserError)
    assert "nowhere does not hold Kafka" in str(error)
