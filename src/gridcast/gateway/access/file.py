"""A file that is read again when it changes: keys come and go without a restart."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from gridcast.stream.errors import UserError

LOG = logging.getLogger("gridcast.gateway")
ContentT = TypeVar("ContentT")


class WatchedFile(Generic[ContentT]):
    """What a file says now.

    Parameters
    ----------
    path
        The file.
    parse
        Reads its bytes; raises ValueError about what is wrong.
    setting
        Which setting names it, for the message.
    """

    def __init__(self, path: Path, parse: Callable[[bytes], ContentT], setting: str) -> None:
        self.version = 0
        """Another number, another content."""
        self._path = path
        self._parse = parse
        self._setting = setting
        self._signature = self._file_signature()
        self._parsed = self._read()

    def content(self) -> ContentT:
        """Give what it says; where it cannot be read any more, what it said last."""
        signature = self._file_signature()
        if signature != self._signature:
            self._signature = signature
            try:
                self._parsed = self._read()
            except UserError as error:
                LOG.warning("%s; what it said before goes on to count", error)
            else:
                self.version += 1
                LOG.info("%s was read again", self._path)
        return self._parsed

    def _file_signature(self) -> tuple[int, int, int] | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino

    def _read(self) -> ContentT:
        try:
            return self._parse(self._path.read_bytes())
        except OSError as error:
            raise UserError(
                f"{self._setting} {self._path} cannot be read: {error.strerror or error}"
            ) from None
        except ValueError as error:
            raise UserError(f"{self._setting} {self._path}: {error}") from None
