"""Bookkeeping of the windows' changes since the last checkpoint."""

import numpy as np
import numpy.typing as npt

from gridcast.models.windows.minute import Minute, Rows, moved_key

Key = npt.NDArray[np.int64]


class RecordedNotes:
    """Changes since the last checkpoint.

    Readings of the fine part are recorded once, with all others that came since the checkpoint
    before, and never again. A late reading costs its own bytes, however large its minute is.
    """

    def __init__(self) -> None:
        self.parts: dict[int, int] = {}
        """The table's records of readings by number, with the newest minute in each."""
        self.next_part = 0
        self.minutes: set[int] = set()
        self.columns: set[int] = set()
        """Compacted minutes and slots that changed since they were recorded."""
        self._fresh: dict[int, list[Key] | None] = {}
        """Minutes of the fine part, and which of their readings are not recorded yet; None: all."""

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return sum(key.nbytes for keys in self._fresh.values() for key in keys or [])

    def note(self, number: int, key: Key, *, is_new: bool) -> None:
        """Mark readings of a minute of the fine part as changed, or the whole minute as new."""
        keys = self._fresh.setdefault(number, None if is_new else [])
        if keys is not None:
            keys.append(key)

    def drop(self, number: int) -> None:
        """Drop a minute that left the fine part."""
        self._fresh.pop(number, None)

    def move(self, moved: Rows) -> None:
        """Adjust to rows that moved."""
        for number, keys in self._fresh.items():
            if keys is not None:
                self._fresh[number] = [moved_key(key, moved) for key in keys]

    def fresh(self, minutes: dict[int, Minute]) -> dict[int, Minute]:
        """Return the readings that are not recorded yet."""
        return {number: self._lacking(number, minutes[number]) for number in sorted(self._fresh)}

    def _lacking(self, number: int, minute: Minute) -> Minute:
        keys = self._fresh[number]
        if keys is None:
            return minute
        lacking = np.zeros(len(minute), np.bool_)
        lacking[np.searchsorted(minute.key, np.concatenate(keys))] = True
        return minute.take(np.flatnonzero(lacking))

    def add_part(self, newest: int) -> int:
        """Return the number of a new record of readings, and register it."""
        part = self.next_part
        self.next_part += 1
        self.parts[part] = newest
        return part

    def outlived(self, fine: int) -> list[int]:
        """Remove and return the records of readings that have none left in the fine part."""
        outlived = [part for part, newest in self.parts.items() if newest < fine]
        for part in outlived:
            del self.parts[part]
        return outlived

    def all_known(self) -> None:
        """Mark everything as recorded."""
        self.minutes.clear()
        self.columns.clear()
        self._fresh.clear()
