"""What an installation without extras can import: every module but those that say why not."""

import json
import subprocess
import sys
from fnmatch import fnmatch
from importlib.metadata import packages_distributions, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from support import bare_imports
from support.extras import NEEDS_EXTRA

import gridcast

PACKAGE = Path(gridcast.__file__).parent


@pytest.fixture(scope="module")
def missing() -> dict[str, str]:
    """By module that cannot be imported: the name that it misses."""
    done = subprocess.run(
        [sys.executable, bare_imports.__file__, str(PACKAGE)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, str] = json.loads(done.stdout)
    return found


def names_of(extra: str) -> set[str]:
    """Return what can be imported with an extra."""
    wanted = {
        requirement.name
        for requirement in map(Requirement, requires("gridcast") or [])
        if requirement.marker is not None and requirement.marker.evaluate({"extra": extra})
    }
    owners = packages_distributions()
    return wanted | {name for name, packages in owners.items() if wanted & set(packages)}


def test_every_module_is_imported_without_extras_unless_it_is_listed(
    missing: dict[str, str],
) -> None:
    unlisted = {
        module: name
        for module, name in missing.items()
        if not any(
            fnmatch(module, pattern) and name in names_of(extra)
            for pattern, (extra, _) in NEEDS_EXTRA.items()
        )
    }
    assert not unlisted, "import it in the function that needs it, or list the module with a reason"


@pytest.mark.parametrize("pattern", NEEDS_EXTRA)
def test_what_is_listed_does_need_its_extra(pattern: str, missing: dict[str, str]) -> None:
    assert any(fnmatch(module, pattern) for module in missing)


def test_a_module_with_an_unguarded_import_is_noticed(tmp_path: Path) -> None:
    package = tmp_path / "careless"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "drawing.py").write_text("import pytest.anything\n")
    done = subprocess.run(
        [sys.executable, bare_imports.__file__, str(package)],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
        env={"PYTHONPATH": str(tmp_path)},
    )
    assert json.loads(done.stdout) == {"careless.drawing": "pytest"}
