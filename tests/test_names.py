"""A public class name is defined in one module only, so that it means one thing."""

import ast
from collections import defaultdict
from pathlib import Path

import gridcast

SOURCES = Path(gridcast.__file__).parent
SHARED: dict[str, str] = {}
"""Public class names that several modules may define, each with the reason."""


def _modules_by_class() -> dict[str, set[str]]:
    modules = defaultdict(set)
    for path in sorted(SOURCES.rglob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                modules[node.name].add(str(path.relative_to(SOURCES)))
    return modules


def test_no_two_modules_define_a_public_class_of_the_same_name() -> None:
    shared = {name: paths for name, paths in _modules_by_class().items() if len(paths) > 1}
    assert shared.keys() == SHARED.keys(), shared
