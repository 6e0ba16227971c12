"""A cache of artifacts by digest: fetched once, and verified before each use."""

import hashlib
import logging
import os
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

from gridcast.models.serving.selection import UnfitError
from gridcast.schemas import Unfit
from gridcast.stream.releases.locations import BOX, fetch

LOG = logging.getLogger("gridcast.releases")
PREFIX = "sha256:"
KEPT = 20
"""Number of cached files: what serves, what may be rolled back to, and what was tried."""


def digest_of(data: bytes) -> str:
    """Return the digest of an artifact, as a release contains it."""
    return PREFIX + hashlib.sha256(data).hexdigest()


class Artifacts:
    """A folder of artifacts, which several workers on a machine may share."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, url: str, digest: str) -> bytes:
        """Return an artifact of this digest, from the folder or from its URL.

        If that is not possible, an :class:`UnfitError` says why.
        """
        path = self._folder / f"{digest.removeprefix(PREFIX)}.onnx"
        kept = self._kept(path, digest)
        if kept is not None:
            return kept
        data = fetch(url)
        actual = digest_of(data)
        if actual != digest:
            raise UnfitError(
                Unfit.DIGEST,
                f"{url}: {len(data):,} bytes of digest {actual[:15]}…, where {digest[:15]}… is "
                "meant: another file, or cut short",
            )
        if not url.startswith(BOX):
            self._keep(path, data)
        return data

    def _kept(self, path: Path, digest: str) -> bytes | None:
        try:
            data = path.read_bytes()
        except OSError:
            return None
        if digest_of(data) != digest:
            LOG.warning("%s has changed since it was fetched; fetching it again", path)
            return None
        with suppress(OSError):
            os.utime(path)  # the least recently used files are deleted first
        return data

    def _keep(self, path: Path, data: bytes) -> None:
        """Cache a file; without a usable disk it is fetched again next time."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with NamedTemporaryFile(dir=self._folder, suffix=".part", delete=False) as part:
                part.write(data)
                part.flush()
                os.fsync(part.fileno())
            Path(part.name).replace(path)
            self._clear()
        except OSError as error:
            LOG.warning("%s cannot be cached in %s: %s", path.name, self._folder, error.strerror)

    def _clear(self) -> None:
        files = sorted(self._folder.glob("*.onnx"), key=lambda file: file.stat().st_mtime)
        for file in files[:-KEPT]:
            file.unlink(missing_ok=True)
