"""What the table knows of the windows, and what it is still to be told."""

import numpy as np
import numpy.typing as npt

from gridcast.models.windows.minute import Minute, Rows, moved_key

Key = npt.NDArray[np.int64]


class RecordedNotes:
    """Notes kept from one checkpoint to the next.

    Readings of the fine part are recorded once, with whatever else came since the checkpoint
    before, and never again: a late one costs its own bytes, however large its minute is.
    """

    def __init__(self) -> None:
        self.parts: dict[int, int] = {}
        """The table's records of readings by number: the newest minute that each has."""
        self.next_part = 0
        self.minutes: set[int] = set()
        self.columns: set[int] = set()
        """Compacted minutes and slots that are not as they were recorded."""
        self._fresh: dict[int, list[Key] | None] = {}
        """Minutes of the fine part, and which readings the table lacks; None: all."""

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return sum(key.nbytes for keys in self._fresh.values() for key in keys or [])

    def note(self, number: int, key: Key, *, is_new: bool) -> None:
        """Take note of readings that came for a minute of the fine part, or are its first."""
        keys = self._fresh.setdefault(number, None if is_new else [])
        if keys is not None:
            keys.append(key)

    def drop(self, number: int) -> None:
        """Take note that a minute has left the fine part."""
        self._fresh.pop(number, None)

    def move(self, moved: Rows) -> None:
        """Take note that rows have moved."""
        for number, keys in self._fresh.items():
            if keys is not None:
                self._fresh[number] = [moved_key(key, moved) for key in keys]

    def fresh(self, minutes: dict[int, Minute]) -> dict[int, Minute]:
        """Give the readings that the table lacks."""
        return {number: self._lacking(number, minutes[number]) for number in sorted(self._fresh)}

    def _lacking(self, number: int, minute: Minute) -> Minute:
        keys = self._fresh[number]
        if keys is None:
            return minute
        lacking = np.zeros(len(minute), np.bool_)
        lacking[np.searchsorted(minute.key, np.concatenate(keys))] = True
        return minute.take(np.flatnonzero(lacking))

    def add_part(self, newest: int) -> int:
        """Number another record of readings."""
        part = self.next_part
        self.next_part += 1
        self.parts[part] = newest
        return part

    def outlived(self, fine: int) -> list[int]:
        """Take out the records of readings that have none left in the fine part."""
        outlived = [part for part, newest in self.parts.items() if newest < fine]
        for part in outlived:
            del self.parts[part]
        return outlived

    def all_known(self) -> None:
        """Take note that the table knows all."""
        self.minutes.clear()
        self.columns.clear()
        self._fresh.clear()
