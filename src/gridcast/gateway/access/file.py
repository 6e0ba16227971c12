"""A file that is read again when it changes, so that keys can change without a restart."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from gridcast.stream.errors import UserError

LOG = logging.getLogger("gridcast.gateway")
ContentT = TypeVar("ContentT")


class WatchedFile(Generic[ContentT]):
    """The parsed content of a file, kept up to date.

    Parameters
    ----------
    path
        The file.
    parse
        Parses its bytes; raises ValueError if they are invalid.
    setting
        The setting that names the file, for error messages.
    """

    def __init__(self, path: Path, parse: Callable[[bytes], ContentT], setting: str) -> None:
        self.version = 0
        """Increases each time the content is read again."""
        self._path = path
        self._parse = parse
        self._setting = setting
        self._signature = self._file_signature()
        self._parsed = self._read()

    def content(self) -> ContentT:
        """Return the parsed content; the previous one if the file has become unreadable."""
        signature = self._file_signature()
        if signature != self._signature:
            self._signature = signature
            try:
                self._parsed = self._read()
            except UserError as error:
                LOG.warning("%s; keeping its previous content", error)
            else:
                self.version += 1
                LOG.info("%s has changed and was read again", self._path)
        return self._parsed

    def _file_signature(self) -> tuple[int, int, int] | None:
        try:
            status = self._path.stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_size, status.st_ino

    def _read(self) -> ContentT:
        try:
            return self._parse(self._path.read_bytes())
        except OSError as error:
            raise UserError(
                f"{self._setting} {self._path} cannot be read: {error.strerror or error}"
            ) from None
        except ValueError as error:
            raise UserError(f"{self._setting} {self._path}: {error}") from None
