"""Fetching artifacts by URL: `file:`, `s3:`, and `box:` for the models of the package."""

from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote, urlsplit

from gridcast.models.serving.selection import UnfitError
from gridcast.schemas import Unfit
from gridcast.stream.errors import UserError
from gridcast.stream.releases.box import boxed
from gridcast.stream.releases.s3 import from_s3

MOST_BYTES = 1_000_000_000
"""The largest artifact that is fetched: a URL must not fill a worker's memory."""
BOX = "box:"


def fetch(url: str) -> bytes:
    """Return the artifact at a URL; if that fails, an :class:`UnfitError` says why."""
    scheme = url.partition(":")[0]
    if scheme not in _PLACES:
        schemes = ", ".join(f"{name}:" for name in _PLACES)
        raise UnfitError(Unfit.UNREACHABLE, f"{url}: artifacts are fetched from {schemes} only")
    return _PLACES[scheme](url)


def url_of(file: str) -> str:
    """Return the URL of a file or URL that a user names."""
    if "://" in file or file.partition(":")[0] in _PLACES:
        return file
    return Path(file).expanduser().resolve().as_uri()


def _from_file(url: str) -> bytes:
    parts = urlsplit(url)
    path = Path(unquote(parts.path))
    if parts.netloc not in {"", "localhost"} or not path.is_absolute():
        raise UnfitError(Unfit.UNREACHABLE, f"{url}: a file's URL is file:///the/whole/path")
    try:
        if not path.is_file():  # a pipe would be waited for
            why = "not a file" if path.exists() else "no such file"
            raise UnfitError(Unfit.UNREACHABLE, f"{path}: {why}")
        check_size(url, path.stat().st_size)
        return path.read_bytes()
    except OSError as error:
        raise UnfitError(Unfit.UNREACHABLE, f"{path}: {error.strerror}") from None


def _from_s3(url: str) -> bytes:
    return from_s3(url, lambda size: check_size(url, size))


def _from_box(url: str) -> bytes:
    step = url.removeprefix(BOX)
    if not step.isdecimal():
        raise UnfitError(Unfit.UNREACHABLE, f"{url}: say the step in minutes, as in box:60")
    try:
        return boxed(int(step))
    except UserError as error:
        raise UnfitError(Unfit.UNREACHABLE, str(error)) from None


def check_size(url: str, size: int) -> None:
    """Raise an :class:`UnfitError` if an artifact is too large."""
    if size > MOST_BYTES:
        raise UnfitError(Unfit.TOO_LARGE, f"{url}: {size:,} bytes; at most {MOST_BYTES:,}")


_PLACES: dict[str, Callable[[str], bytes]] = {
    "file": _from_file,
    "s3": _from_s3,
    "box": _from_box,
}
