"""The console script, run as a user would."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from gridcast import cli as commands
from gridcast.cli.main import COMMANDS
from gridcast.stream.settings import Settings


def gridcast(*arguments: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("GRIDCAST_")}
    return subprocess.run(
        [sys.executable, "-m", "gridcast", *arguments],
        cwd=folder,
        env=inherited | environment | {"COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_config_shows_every_setting_and_its_origin(tmp_path: Path) -> None:
    (tmp_path / "gridcast.toml").write_text("partitions = 7")
    done = gridcast("config", "--broker", "kafka:9092", folder=tmp_path, GRIDCAST_STEP_MINUTES="5")
    assert done.returncode == 0, done.stderr
    assert all(name in done.stdout for name in Settings.model_fields)
    lines = {line.split()[0]: line for line in done.stdout.splitlines() if line[:1].isalpha()}
    assert "kafka:9092" in lines["broker"]
    assert "flag --broker" in lines["broker"]
    assert "environment GRIDCAST_STEP_MINUTES" in lines["step_minutes"]
    assert "file gridcast.toml" in lines["partitions"]


def test_config_never_shows_a_secret(tmp_path: Path) -> None:
    for flag in ((), ("--json",)):
        done = gridcast("config", *flag, folder=tmp_path, GRIDCAST_SASL_PASSWORD="hunter2")
        assert done.returncode == 0
        assert "hunter2" not in done.stdout + done.stderr
        assert "environment GRIDCAST_SASL_PASSWORD" in done.stdout


def test_config_for_programs_is_json(tmp_path: Path) -> None:
    found = json.loads(gridcast("config", "--json", folder=tmp_path).stdout)
    assert found["partitions"] == {"value": 4, "from": "default"}


def test_config_tells_of_a_variable_that_sets_nothing(tmp_path: Path) -> None:
    done = gridcast("config", folder=tmp_path, GRIDCAST_PARTITION="3")
    assert done.returncode == 0
    assert "GRIDCAST_PARTITION is set, but there is no such setting" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "environment"),
    [
        (["config"], {"GRIDCAST_PARTITIONS": "none"}),
        (["--config", "missing.toml", "config"], {}),
        (["schema", "export", "--check", "--to", "nowhere"], {}),
    ],
)
def test_what_the_user_can_mend_is_one_line_and_exit_code_2(
    tmp_path: Path, arguments: list[str], environment: dict[str, str]
) -> None:
    done = gridcast(*arguments, folder=tmp_path, **environment)
    assert done.returncode == 2
    assert done.stderr.startswith("gridcast: ")
    assert len(done.stderr.splitlines()) == 1
    assert done.stdout == ""


def test_schema_export_writes_what_its_check_then_accepts(tmp_path: Path) -> None:
    first = gridcast("schema", "export", "--to", "out", folder=tmp_path)
    assert re.search(r"(\d+) documents, \1 written", first.stdout)
    assert gridcast("schema", "export", "--check", "--to", "out", folder=tmp_path).returncode == 0
    (tmp_path / "out" / "asyncapi.json").write_text("{}")
    stale = gridcast("schema", "export", "--check", "--to", "out", folder=tmp_path)
    assert stale.returncode == 2
    assert "asyncapi.json" in stale.stderr


def test_help_lists_every_command_with_what_it_is_for(tmp_path: Path) -> None:
    shown = gridcast("--help", folder=tmp_path).stdout
    for command in COMMANDS:
        assert re.search(rf"\b{command} +\w+", shown), command
    folder = Path(commands.__file__).parent
    modules = {path.stem for path in (*folder.glob("*.py"), *folder.glob("*/__init__.py"))}
    modules |= {path.parent.name for path in folder.glob("*/__init__.py")}
    named = {command.replace("-", "_") for command in COMMANDS}
    assert modules - {"__init__", "main", "options"} == named


def test_the_version_is_said(tmp_path: Path) -> None:
    assert gridcast("--version", folder=tmp_path).stdout.startswith("gridcast 0.")


def test_an_unknown_command_is_named_and_a_near_one_suggested(tmp_path: Path) -> None:
    done = gridcast("brokr", folder=tmp_path)
    assert done.returncode == 2
    assert done.stderr == "gridcast: there is no command 'brokr': did you mean broker?\n"


@pytest.mark.parametrize(
    ("command", "heavy"),
    [("config", ("faust", "scipy", "pyarrow")), ("worker", ("scipy", "torch"))],
)
def test_no_command_waits_for_what_another_needs(
    tmp_path: Path, command: str, heavy: tuple[str, ...]
) -> None:
    """Faust and scipy take half a second each to import; what serves never imports torch."""
    look = (
        "import sys; from gridcast.cli import main as cli; from typer.main import get_command;"
        f"get_command(cli.app).get_command(None, {command!r});"
        f"print(set({heavy!r}) & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", look], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "set()"
