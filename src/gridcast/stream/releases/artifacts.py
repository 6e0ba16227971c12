"""Artifacts by their digest: fetched once, kept, and looked at again before each use."""

import hashlib
import logging
import os
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

from gridcast.models.serving.needs import UnfitError
from gridcast.schemas import Unfit
from gridcast.stream.releases.locations import BOX, fetch

LOG = logging.getLogger("gridcast.releases")
PREFIX = "sha256:"
KEPT = 20
"""Files that are kept: what serves, what may be rolled back to, and what was tried."""


def digest_of(data: bytes) -> str:
    """Give what a release says of its artifact."""
    return PREFIX + hashlib.sha256(data).hexdigest()


class Artifacts:
    """A folder of artifacts, which several workers of a machine may share."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, url: str, digest: str) -> bytes:
        """Give an artifact, from the folder or from its URL; it is what the digest says.

        An :class:`UnfitError` says why it cannot be had.
        """
        path = self._folder / f"{digest.removeprefix(PREFIX)}.onnx"
        kept = self._kept(path, digest)
        if kept is not None:
            return kept
        data = fetch(url)
        found = digest_of(data)
        if found != digest:
            raise UnfitError(
                Unfit.DIGEST,
                f"{url}: {len(data):,} bytes of digest {found[:15]}…, where {digest[:15]}… is "
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
            LOG.warning("%s is not what it was when it was fetched; it is fetched again", path)
            return None
        with suppress(OSError):
            os.utime(path)  # the oldest go first
        return data

    def _keep(self, path: Path, data: bytes) -> None:
        """Keep it for the next time; without a disk to do so there is none, and no harm."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with NamedTemporaryFile(dir=self._folder, suffix=".part", delete=False) as part:
                part.write(data)
                part.flush()
                os.fsync(part.fileno())
            Path(part.name).replace(path)
            self._clear()
        except OSError as error:
            LOG.warning("%s cannot be kept in %s: %s", path.name, self._folder, error.strerror)

    def _clear(self) -> None:
        files = sorted(self._folder.glob("*.onnx"), key=lambda file: file.stat().st_mtime)
        for file in files[:-KEPT]:
            file.unlink(missing_ok=True)
