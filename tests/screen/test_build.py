"""What the package's build makes of the screen, and when."""

import importlib.util
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
BUILT = ROOT / "src/gridcast/gateway/screen"


def hook(root: Path) -> Any:
    spec = importlib.util.spec_from_file_location("build_hook", ROOT / "screen/build_hook.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    warned: list[str] = []
    app = SimpleNamespace(display_warning=warned.append, display_error=lambda _: None)
    made = module.ScreenHook(str(root), {}, None, None, "", "wheel", app)
    made.warned = warned
    return made


def checkout(folder: Path) -> Path:
    """The sources of a screen, and what was built from them."""
    (folder / "screen/src").mkdir(parents=True)
    (folder / "screen/src/main.ts").write_text("1")
    (folder / "screen/package-lock.json").write_text("{}")
    made = hook(folder)
    built = folder / "src/gridcast/gateway/screen"
    built.mkdir(parents=True)
    (built / "made-of.txt").write_text(made._sources())
    return folder


def test_what_is_built_already_needs_no_node(tmp_path: Path) -> None:
    made = hook(checkout(tmp_path))
    data: dict[str, Any] = {"artifacts": []}
    assert made.dependencies() == []
    made.initialize("standard", data)
    assert data["artifacts"] == ["/src/gridcast/gateway/screen/"]


def test_a_source_that_changed_is_built_anew(tmp_path: Path) -> None:
    made = hook(checkout(tmp_path))
    (tmp_path / "screen/src/main.ts").write_text("2")
    assert made.dependencies() != []


def test_a_wheel_without_a_screen_is_not_built_but_a_checkout_goes_on(tmp_path: Path) -> None:
    made = hook(checkout(tmp_path))
    (tmp_path / "screen/package-lock.json").write_text('{"no": "lock"}')
    with pytest.raises(subprocess.CalledProcessError, match="npm"):
        made.initialize("standard", {"artifacts": []})
    made.initialize("editable", {"artifacts": []})
    assert "not built" in made.warned[0]


def test_this_checkout_has_a_screen() -> None:
    page = (BUILT / "index.html").read_text()
    assert "assets/index-" in page
    assert "http" not in page  # nothing is fetched from elsewhere
