"""The documents for people tell the truth about the code."""

import doctest
import re
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from gridcast.cli.main import app
from gridcast.schemas import TOPICS, Reason
from gridcast.stream.settings import Settings

ROOT = Path(__file__).parents[1]
INDEX_OF_DECISIONS = ROOT / "docs" / "decisions" / "index.md"
ROOTS = (ROOT, ROOT / "src" / "gridcast")
"""Where the paths that pages name begin."""
FOLDERS = {path.name for root in ROOTS for path in root.iterdir() if path.is_dir()}
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def test_the_examples_of_the_readme_run() -> None:
    failed, tried = doctest.testfile(str(ROOT / "README.md"), module_relative=False)
    assert (failed, tried) == (0, 3)


@pytest.mark.parametrize(
    "page",
    [page for page in (ROOT / "docs").rglob("*.md") if ">>> " in page.read_text("utf-8")],
    ids=lambda page: str(page.relative_to(ROOT)),
)
def test_the_python_examples_of_a_page_run(page: Path) -> None:
    assert doctest.testfile(str(page), module_relative=False).failed == 0


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    assert [target for target in links(page) if not target.exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_file_and_folder_that_a_page_names_is_there(page: Path) -> None:
    text = page.read_text("utf-8")
    named = set(re.findall(r"`([a-z_]+/[\w./-]*)`", text))
    named |= set(re.findall(r"\b(?:tests|bench|src)/[a-z0-9_/]+\.py\b", text))
    ours = {name for name in named if name.split("/")[0] in FOLDERS}
    assert {name for name in ours if not any((root / name).exists() for root in ROOTS)} == set()


def links(page: Path) -> set[Path]:
    """Return the files that a page links to."""
    targets = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text("utf-8"))
    return {(page.parent / target).resolve() for target in targets}


def test_every_page_can_be_reached_from_the_index() -> None:
    reached: set[Path] = set()
    waiting = {ROOT / "docs" / "index.md"}
    while waiting:
        page = waiting.pop()
        reached.add(page)
        waiting |= {target for target in links(page) if target.suffix == ".md"} - reached
    assert set((ROOT / "docs").rglob("*.md")) - reached == set()


DECISIONS = sorted(set((ROOT / "docs" / "decisions").glob("*.md")) - {INDEX_OF_DECISIONS})


@pytest.mark.parametrize("page", DECISIONS, ids=lambda page: page.stem)
def test_every_decision_has_the_form_and_its_line_in_the_index(page: Path) -> None:
    text = page.read_text("utf-8")
    head = re.match(r"# (.+)\n\n\*Decided (\d{4}-\d\d-\d\d).*\*\n\n\*\*In short", text)
    assert head
    title, date = head.groups()
    sections = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert sections[:2] == ["Context", "Decision"]
    assert "Rejected" in sections
    assert f"| {date} | [{title}]({page.name}) |" in INDEX_OF_DECISIONS.read_text("utf-8")


def test_the_decisions_are_in_order_of_their_dates() -> None:
    dates = re.findall(
        r"^\| (\d{4}-\d\d-\d\d) \|", INDEX_OF_DECISIONS.read_text("utf-8"), re.MULTILINE
    )
    assert dates == sorted(dates)
    assert len(dates) == len(DECISIONS)


def test_the_glossary_is_in_order() -> None:
    glossary = (ROOT / "docs" / "glossary.md").read_text("utf-8")
    words = re.findall(r"^\| ([^|]+) \|", glossary, re.MULTILINE)[1:]
    assert words == sorted(words, key=str.lower)


def leaves(command: Any, name: str = "gridcast") -> list[str]:
    """Return the full names of the commands that can be run, this one or those below it."""
    if not isinstance(command, TyperGroup):
        return [name]
    context: Any = None
    return [
        leaf
        for child in command.list_commands(context)
        for leaf in leaves(command.get_command(context, child), f"{name} {child}")
    ]


COMMANDS = [*leaves(get_command(app)), "gridcast gateway"]
SHORT = {"gridcast backtest"}  # the same as `gridcast backtest run`


def test_every_command_and_only_those_are_in_the_page_of_commands() -> None:
    page = (ROOT / "docs" / "reference" / "commands.md").read_text("utf-8")
    named = re.findall(r"^\| `(gridcast [a-z -]+)` \|", page, re.MULTILINE)
    assert sorted(named) == sorted(COMMANDS)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_that_a_page_names_is_there(page: Path) -> None:
    for group, below in re.findall(
        r"`gridcast ([a-z][a-z-]*)(?: ([a-z-]+)(?=[` |]))?", page.read_text("utf-8")
    ):
        name = f"gridcast {group}"
        assert any(f"{command} ".startswith(f"{name} ") for command in COMMANDS), name
        if below and name not in {*COMMANDS, *SHORT}:
            assert f"{name} {below}" in COMMANDS


def test_every_reason_and_topic_and_only_those_are_in_the_page_of_topics() -> None:
    page = (ROOT / "docs" / "reference" / "topics.md").read_text("utf-8")
    table = page.partition("| reason | when |")[2]
    assert set(re.findall(r"^\| `([a-z-]+)` \|", table, re.MULTILINE)) == set(Reason)
    topics = page.partition("| topic |")[2].partition("\n\n")[0]
    assert re.findall(r"^\| `([a-z.-]+)` \|", topics, re.MULTILINE) == [t.name for t in TOPICS]


def test_every_setting_in_the_examples_is_one() -> None:
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


def shown(default: object) -> str:
    """Return a setting's default as the page of settings shows it."""
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    if isinstance(default, tuple):
        default = ",".join(map(str, default))
    if default is None or default == "":
        return "none" if default is None else "empty"
    return f"`{default:.10g}`" if isinstance(default, float) else f"`{default}`"


def test_every_setting_and_its_default_is_in_the_page_of_settings() -> None:
    page = (ROOT / "docs" / "reference" / "settings.md").read_text("utf-8")
    listed = dict(re.findall(r"^\| `([a-z_]+)` \| (.+?) \|", page, re.MULTILINE))
    assert listed.keys() == Settings.model_fields.keys()
    for name, field in Settings.model_fields.items():
        if field.default_factory is None:
            assert listed[name] == shown(field.default), name


def test_every_bench_has_its_part_of_the_page_of_benchmarks() -> None:
    page = (ROOT / "docs" / "reference" / "benchmarks.md").read_text("utf-8")
    scripts = {path.stem for path in (ROOT / "bench").glob("*.py")} - {"common"}
    packages = {path.parent.name for path in (ROOT / "bench").glob("*/__main__.py")}
    assert re.findall(r"^## (\w+)$", page, re.MULTILINE) == sorted(scripts | packages)


def test_the_changelog_has_this_version_and_dates_in_order() -> None:
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert text.count("\n## ") == len(re.findall(r"\n## \[(?:Unreleased|[\d.]+)\]", text))
    released = re.findall(r"^## \[([\d.]+)\] - (\d{4}-\d{2}-\d{2})$", text, re.MULTILINE)
    assert released[0][0] == version("gridcast")
    assert [day for _, day in released] == sorted((day for _, day in released), reverse=True)
    parts = set(re.findall(r"^### (.+)$", text, re.MULTILINE))
    assert parts <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
