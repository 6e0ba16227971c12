"""Whatever workers and gateways say in English sentences, the screen can say in Korean."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import gridcast
from gridcast.schemas import Unfit

SOURCE = Path(gridcast.__file__).parent
SCREEN = Path(__file__).parents[2] / "screen/src"
SENT, HTTP = SCREEN / "texts/sent.ts", SCREEN / "edge/http.ts"
A_SENTENCE = re.compile(r'^  \["(.*)", "(.*)"\],$', re.MULTILINE)
GAP = re.compile(r"\{\w*\}")
SAYING = (
    # why not the model
    "models/forecasters/*.py",
    "models/serving/*.py",
    "stream/releases/model_selector.py",
    # why a release was refused, which is part of that
    "models/network.py",
    "models/seal.py",
    "models/contract.py",
    "stream/releases/artifacts.py",
    "stream/releases/locations.py",
    "stream/releases/s3.py",
    # what a gateway does without, why it refuses something or ends a connection
    "gateway/feeds.py",
    "gateway/status.py",
    "gateway/shared_state.py",
    "gateway/conversations.py",
    "gateway/fanout.py",
    "gateway/commands.py",
    "gateway/http.py",
    "gateway/snapshot_at.py",
    "gateway/protocol/session.py",
    "gateway/access/gate.py",
    "gateway/access/tokens.py",
)
ELSEWHERE = {"LOG", "UserError", "ValueError", "RuntimeError", "Field", "retry_async"}
"""Whose words go to the log, or to those who start or write a program."""
ASIDE = re.compile(
    r"charset=|filename=|default-src|<\?xml|pip install|^(the gateway|Value error, |at|%s)$"
)
"""Headers, names, and what is the same in every language."""


def sentences(node: ast.AST) -> Iterator[str]:
    """Find all words in a source that people are to read; what varies is {}."""
    match node:
        case ast.Expr(value=ast.Constant()):
            return  # a docstring
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(value=ast.Name(id=name))) if (
            name in ELSEWHERE
        ):
            return
        case ast.Constant(value=str(said)):
            yield said
        case ast.JoinedStr(values=values):
            yield "".join(str(v.value) if isinstance(v, ast.Constant) else "{}" for v in values)
        case _:
            for child in ast.iter_child_nodes(node):
                yield from sentences(child)


def parts_of(source: Path) -> set[str]:
    said = [one for one in sentences(ast.parse(source.read_text("utf-8"))) if " " in one]
    parts = {part for one in said if "\n" not in one for part in one.split(": ")}
    return {one for one in parts if re.search("[a-z]", GAP.sub("", one)) and not ASIDE.search(one)}


FORMS = {
    english: re.compile(".+".join(map(re.escape, GAP.split(english))))
    for english, _ in A_SENTENCE.findall(SENT.read_text("utf-8"))
}
"""The sentences that the screen knows."""


def unknown(parts: set[str]) -> set[str]:
    return {one for one in parts if not any(form.fullmatch(one) for form in FORMS.values())}


@pytest.mark.parametrize("pattern", SAYING)
def test_every_sentence_is_one_that_the_screen_knows(pattern: str) -> None:
    found = set[str]().union(*map(parts_of, SOURCE.glob(pattern)))
    assert found, "nothing is said there any more"
    assert unknown(found) == set(), f"add them to {SENT.name}"


def test_every_reason_to_refuse_a_release_is_one_that_the_screen_knows() -> None:
    assert unknown({one.value for one in Unfit}) == set()


def test_nothing_is_known_that_nobody_says() -> None:
    said = {part for pattern in SAYING for one in SOURCE.glob(pattern) for part in parts_of(one)}
    said |= {one.value for one in Unfit}
    said |= set(re.findall(r'Unanswered\(0, "(.*)"\)', HTTP.read_text("utf-8")))
    left = {english for english, form in FORMS.items() if not any(map(form.fullmatch, said))}
    assert left == set()
