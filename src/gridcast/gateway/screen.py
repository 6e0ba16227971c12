"""The files of the control-room screen, read at startup. No other file can be requested."""

import mimetypes
from dataclasses import dataclass
from pathlib import Path

from gridcast.stream.errors import UserError

BUILT = Path(__file__).with_name("screen")
"""The folder into which the package's build puts the screen."""
INDEX = "/index.html"
NOT_BUILT = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>gridcast: no screen</title>
<body style="font: 16px/1.5 system-ui, sans-serif; max-width: 40em; margin: 4em auto">
<h1>The screen is not built</h1>
<p>This gateway works, but its package contains no screen: it was installed from source, and the
screen could not be built, perhaps because npm's registry was not reachable. Install it again
(<code>uv sync --reinstall-package gridcast</code>), or set <code>gateway_screen_dir</code> to the
folder of a built screen.</p>
<p>Meanwhile: <a href="/readyz">/readyz</a>, and the WebSocket at <code>/v1</code>.</p>
</body></html>
"""
# Vite puts a hash of the content into the names of these files.
FOR_EVER = "public, max-age=31536000, immutable"
ALWAYS_ASK = "no-cache"
mimetypes.add_type("application/manifest+json", ".webmanifest")


@dataclass(frozen=True, slots=True)
class File:
    """One file."""

    body: bytes
    content_type: str
    cache: str
    packed: bytes | None = None
    """The body compressed with gzip, if the build has it."""


class ScreenFiles:
    """The screen's files by path.

    Parameters
    ----------
    folder
        Their folder; None: the package's own, if the screen was built.
    """

    def __init__(self, folder: Path | None) -> None:
        if folder is not None and not (folder / "index.html").is_file():
            raise UserError(f"gateway_screen_dir {folder} holds no index.html")
        self._files = _read(folder or BUILT)

    @property
    def is_built(self) -> bool:
        """Return True if there is a screen."""
        return INDEX in self._files

    def file(self, path: str) -> File | None:
        """Return the file at a path; for `/`, the start page."""
        if path in {"/", INDEX} and not self.is_built:
            return File(NOT_BUILT.encode(), "text/html; charset=utf-8", ALWAYS_ASK)
        return self._files.get(INDEX if path == "/" else path)


def _read(folder: Path) -> dict[str, File]:
    files = {}
    for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
        if not path.is_file() or path.suffix == ".gz":
            continue
        name = "/" + path.relative_to(folder).as_posix()
        packed = path.with_name(path.name + ".gz")
        kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        if kind.startswith("text/") or kind.endswith(("javascript", "json")):
            kind += "; charset=utf-8"
        files[name] = File(
            path.read_bytes(),
            kind,
            FOR_EVER if name.startswith("/assets/") else ALWAYS_ASK,
            packed.read_bytes() if packed.is_file() else None,
        )
    return files
