"""The documents for people tell the truth about the code."""

import doctest
import re
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from gridcast.schemas import TOPICS, Reason
from gridcast.stream.cli import app
from gridcast.stream.settings import Settings

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def test_the_examples_of_the_readme_run():
    failed, tried = doctest.testfile(str(ROOT / "README.md"), module_relative=False)
    assert (failed, tried) == (0, 3)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path):
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text("utf-8")):
        assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_every_command_that_the_readme_names_is_there():
    commands = get_command(app)
    context: Any = None
    named = set(re.findall(r"`gridcast ([a-z]+)(?: ([a-z]+))?`", (ROOT / "README.md").read_text()))
    assert len(named) >= 8
    for name, below in named:
        command: Any = commands.get_command(context, name)  # type: ignore[attr-defined]
        assert command is not None, name
        assert not below or below in command.commands


def test_every_reason_and_topic_and_only_those_are_in_the_page_of_topics():
    page = (ROOT / "docs" / "reference" / "topics.md").read_text("utf-8")
    table = page.partition("| reason | when |")[2]
    assert set(re.findall(r"^\| `([a-z-]+)` \|", table, re.MULTILINE)) == set(Reason)
    topics = page.partition("| topic |")[2].partition("\n\n")[0]
    assert re.findall(r"^\| `([a-z.-]+)` \|", topics, re.MULTILINE) == [t.name for t in TOPICS]


def test_every_setting_in_the_examples_is_one():
    examples = [
        example
        for page in PAGES
        for example in re.findall(
            r"```toml\n# gridcast.toml(.*?)```", page.read_text("utf-8"), re.DOTALL
        )
    ]
    names = set(re.findall(r"^(\w+) =", "\n".join(examples), re.MULTILINE))
    assert {"broker", "tls_key_file"} <= names
    assert names <= set(Settings.model_fields)
