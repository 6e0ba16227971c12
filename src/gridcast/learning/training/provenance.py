"""The provenance of a run: digests of its files, commit and lock file, versions."""

import hashlib
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, distributions, version
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

CODE = Path(__file__).resolve().parents[4]
"""The checkout that gridcast runs from. It doesn't exist in an installation from a wheel."""

_LIBRARIES = ("torch", "numpy", "scipy", "onnx", "onnxruntime", "lightgbm", "pyarrow")
_LOCK = "uv.lock"


class Provenance(BaseModel):
    """The environment of a run."""

    model_config = ConfigDict(frozen=True)

    gridcast: str = Field(description="version of gridcast")
    commit: str = Field(description="git commit of the code, or the version that was installed")
    dirty: bool = Field(description="whether the code was changed since that commit")
    lock_digest: str = Field(
        description="SHA-256 of uv.lock; away from a checkout, of all that is installed"
    )
    python: str
    platform: str
    versions: dict[str, str] = Field(description="of the libraries that numbers depend on")

    @classmethod
    def of_here(cls) -> "Provenance":
        """Return the present environment."""
        installed = version("gridcast")
        commit = _git("rev-parse", "HEAD") if (CODE / "src" / "gridcast").is_dir() else None
        lock = CODE / _LOCK
        return cls(
            gridcast=installed,
            commit=commit or f"gridcast {installed}",
            # Only the code counts: files that a run writes beside it don't influence the run.
            dirty=bool(commit and _git("status", "--porcelain", "--", "src", _LOCK)),
            lock_digest=file_digest(lock) if commit and lock.is_file() else _installed_digest(),
            python=".".join(map(str, sys.version_info[:3])),
            platform=sys.platform,
            versions={name: number for name in _LIBRARIES if (number := _version(name))},
        )


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _version(library: str) -> str | None:
    try:
        return version(library)
    except PackageNotFoundError:
        return None


def _installed_digest() -> str:
    every = sorted(
        f"{distribution.name}=={distribution.version}" for distribution in distributions()
    )
    return hashlib.sha256("\n".join(every).encode()).hexdigest()


def _git(*words: str) -> str | None:
    command = ["git", "-C", str(CODE), *words]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
