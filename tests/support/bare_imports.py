"""Import every module of gridcast as if nothing but its own dependencies were installed.

Run as a program. It prints, as JSON, which modules could not be imported and which name they
missed. What the development environment and the extras bring is hidden from the import system.
"""

import json
import sys
from collections.abc import Iterable, Sequence
from importlib import import_module
from importlib.machinery import ModuleSpec, PathFinder
from importlib.metadata import Distribution, distribution, packages_distributions
from pathlib import Path
from types import ModuleType
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


def distributions_of(name: str, extras: frozenset[str] = frozenset()) -> set[str]:
    """Return the names of all distributions that `pip install NAME` brings, itself included."""
    seen: set[tuple[str, frozenset[str]]] = set()
    waiting = [(canonicalize_name(name), extras)]
    while waiting:
        step = waiting.pop()
        if step in seen:
            continue
        seen.add(step)
        for text in distribution(step[0]).requires or ():
            requirement = Requirement(text)
            marker = requirement.marker
            if marker is None or any(marker.evaluate({"extra": e}) for e in ("", *step[1])):
                waiting.append((canonicalize_name(requirement.name), frozenset(requirement.extras)))
    return {distribution_name for distribution_name, _ in seen}


def top_levels_outside(allowed: set[str]) -> frozenset[str]:
    """Return the importable names that only distributions outside `allowed` provide."""
    return frozenset(
        module
        for module, owners in packages_distributions().items()
        if not allowed & {canonicalize_name(owner) for owner in owners}
    )


class HidingFinder:
    """A path finder to which the modules of some top-level names are not there."""

    def __init__(self, hidden: frozenset[str]) -> None:
        self._hidden = hidden

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the module's spec, or None if it is hidden or not installed."""
        if name.partition(".")[0] in self._hidden:
            return None
        return PathFinder.find_spec(name, path, target)

    def find_distributions(self, *arguments: Any) -> Iterable[Distribution]:
        """Return what is installed, for packages that read their own version."""
        return PathFinder.find_distributions(*arguments)


def module_names(package: Path) -> list[str]:
    """Return the dotted names of all modules of a package."""
    paths = (path.relative_to(package.parent).with_suffix("") for path in package.rglob("*.py"))
    return sorted(".".join(path.parts).removesuffix(".__init__") for path in paths)


def missing_imports(package: Path) -> dict[str, str]:
    """Return, by module, the top-level name that it could not import."""
    missing = {}
    for name in module_names(package):
        try:
            import_module(name)
        except ModuleNotFoundError as error:
            missing[name] = str(error.name).partition(".")[0]
    return missing


def main() -> None:
    """Print what cannot be imported without the extras."""
    hidden = top_levels_outside(distributions_of("gridcast"))
    finders: list[Any] = [
        HidingFinder(hidden) if finder is PathFinder else finder for finder in sys.meta_path
    ]
    for module in [name for name in sys.modules if name.partition(".")[0] in hidden]:
        del sys.modules[module]
    sys.meta_path[:] = finders
    print(json.dumps(missing_imports(Path(sys.argv[1]))))


if __name__ == "__main__":
    main()
