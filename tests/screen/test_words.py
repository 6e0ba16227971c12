"""Whatever a worker can say of an alarm, the screen can say in its languages."""

import re
from enum import StrEnum
from pathlib import Path

import pytest

from gridcast.models.detection import condition_builder, health, weather_conditions
from gridcast.schemas import AlarmChange, AlarmKind, Priority, Reason, Rung

TEXTS = Path(__file__).parents[2] / "screen/src/texts"
A_TEXT = re.compile(r'^  (\w+): "(.*)",$', re.MULTILINE)
ENGLISH = dict(A_TEXT.findall((TEXTS / "en.ts").read_text("utf-8")))
CAUSES = [
    value
    for module in (condition_builder, weather_conditions, health)
    for name, value in vars(module).items()
    if name.isupper() and isinstance(value, str)
]


@pytest.mark.parametrize("cause", CAUSES)
def test_every_cause_is_one_that_the_screen_knows(cause: str) -> None:
    known = {text for name, text in ENGLISH.items() if name.startswith("cause_")}
    assert cause in known, f"add it to en.ts and ko.ts: {cause!r}"


@pytest.mark.parametrize(
    ("prefix", "words"),
    [
        ("kind", AlarmKind),
        ("change", AlarmChange),
        ("priority", Priority),
        ("reason", Reason),
        ("a_rung", Rung),
    ],
)
def test_every_word_of_the_wire_has_a_name(prefix: str, words: type[StrEnum]) -> None:
    names = {f"{prefix}_{word.replace('-', '_')}" for word in words}
    assert names - ENGLISH.keys() == set()


@pytest.mark.parametrize(
    "source",
    [
        "detection/condition_builder.py",
        "detection/weather_conditions.py",
        "detection/health.py",
        "feed_guard.py",
        "alarms/flood.py",
    ],
)
def test_every_figure_of_evidence_has_a_name(source: str) -> None:
    text = (Path(condition_builder.__file__).parents[1] / source).read_text("utf-8")
    names = re.findall(r'"([a-z0-9_]+_(?:count|share|score|limit|per_minute|hours|c))"', text)
    assert names
    assert {f"evidence_{name}" for name in names} - ENGLISH.keys() == set()
