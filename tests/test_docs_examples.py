"""The commands and imports that the pages show exist."""

import ast
import re
import shlex
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from typer.core import TyperGroup
from typer.main import get_command
from typer.testing import CliRunner

from gridcast.cli.main import app
from gridcast.learning.history import Mapping, load_mapping

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
PATHS = [str(page.relative_to(ROOT)) for page in PAGES]


def blocks(page: str, language: str) -> list[str]:
    """Return the code blocks of one language."""
    text = (ROOT / page).read_text("utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def command_lines(page: str) -> Iterator[list[str]]:
    """Yield the arguments of every gridcast command in the page's console blocks."""
    for block in blocks(page, "console"):
        for line in block.replace("\\\n", " ").splitlines():
            found = re.match(r"(?:\$ )?(?:[A-Z_]+=\S+ )*(?:uv run )?gridcast (.*)", line)
            if found:
                yield shlex.split(found[1], comments=True)


def unknown_word(arguments: list[str]) -> str | None:
    """Return the first subcommand or flag that does not exist; None: all of them do."""
    command: Any = get_command(app)
    flags = options_of(command)
    words = iter(arguments)
    for word in words:
        if word.startswith("--"):
            flag, _, value = word.partition("=")
            if flag not in flags:
                return word
            if not value and not getattr(flags[flag], "is_flag", False):
                next(words)
        elif isinstance(command, TyperGroup):
            context: Any = None
            below = command.get_command(context, word)
            if below is None and command.name == "backtest":
                below = command.get_command(context, "run")
            if below is None:
                return word
            command = below
            flags |= options_of(command)
    return None


def options_of(command: Any) -> dict[str, Any]:
    """Return the options of a command by their flags."""
    return {
        flag: option for option in command.params for flag in (*option.opts, *option.secondary_opts)
    }


@pytest.mark.parametrize("page", PATHS)
def test_the_commands_and_flags_that_a_page_shows_are_there(page: str) -> None:
    for arguments in command_lines(page):
        assert unknown_word(arguments) is None, f"gridcast {' '.join(arguments)}"


def test_a_flag_or_command_that_is_not_there_is_found() -> None:
    assert unknown_word(["models", "relaese"]) == "relaese"
    assert unknown_word(["gateway", "--port", "8750"]) is None
    assert unknown_word(["worker", "--speed", "2"]) == "--speed"
    assert unknown_word(["backtest", "load.csv", "--mapping", "load.toml"]) is None
    assert unknown_word(["backtest", "list", "--mapping", "load.toml"]) == "--mapping"


@pytest.mark.parametrize("page", [page for page in PATHS if blocks(page, "python")])
def test_the_python_of_a_page_imports_what_is_there(page: str) -> None:
    for block in blocks(page, "python"):
        if ">>> " in block:
            continue  # run as a doctest
        for statement in ast.walk(ast.parse(block)):
            if isinstance(statement, ast.ImportFrom):
                module = import_module(statement.module or "")
                for imported in statement.names:
                    assert hasattr(module, imported.name), f"{module.__name__}.{imported.name}"


def test_the_mappings_that_the_page_of_history_shows_can_be_loaded(tmp_path: Path) -> None:
    long_form, wide_form, more, accept = blocks("docs/howto/history.md", "toml")
    head = long_form.partition("[load]")[0]
    for name, text in {
        "long": long_form + more,
        "wide": head + wide_form,
        "accepting": long_form.replace("[load]\n", accept),
    }.items():
        file = tmp_path / f"{name}.toml"
        file.write_text(text, "utf-8")
        assert isinstance(load_mapping(file), Mapping)


def test_what_the_page_of_the_simulator_says_of_true_load_as_history_works(tmp_path: Path) -> None:
    (mapping,) = blocks("docs/howto/simulator.md", "toml")
    (tmp_path / "truth.toml").write_text(mapping, "utf-8")
    made, checked = tmp_path / "grid", CliRunner()
    simulate = f"simulate --series 3 --from 2026-01-01 --days 2 --out {made} --truth"
    check = f"history check {made / 'truth.parquet'} --mapping {tmp_path / 'truth.toml'}"
    for command in (simulate, check):
        result = checked.invoke(app, command.split())
        assert result.exit_code == 0, result.output


@pytest.mark.parametrize("page", PATHS)
def test_the_files_that_a_page_names_are_there(page: str) -> None:
    text = (ROOT / page).read_text("utf-8")
    named = set(re.findall(r"\b(?:bench|deploy|src|tests)/[\w/-]+\.(?:py|toml|yml)\b", text))
    named -= {"bench/NAME.py"}  # stands for any of them
    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []
