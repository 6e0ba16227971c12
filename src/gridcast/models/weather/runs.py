"""The forecast runs of one station."""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """One run: what was forecast, when it was issued and from when on it could be known."""

    issued_ms: int
    available_ms: int
    valid_ms: npt.NDArray[np.int64]
    values: npt.NDArray[np.float32]
    """[instants, variables]"""
    place: npt.NDArray[np.float32]
    """Latitude and longitude."""
    rank: tuple[int, int, bytes] = field(init=False)
    """The newest run is the one issued last; issued again, the one available last; else, so that
    every reader chooses alike, the one whose bytes are greater."""

    def __post_init__(self) -> None:
        content = self.valid_ms.tobytes() + self.values.tobytes() + self.place.tobytes()
        object.__setattr__(self, "rank", (self.issued_ms, self.available_ms, content))

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return self.valid_ms.nbytes + self.values.nbytes + len(self.rank[2])


class Runs:
    """One station's runs, the newest last."""

    def __init__(self) -> None:
        self._runs: list[Run] = []

    def __len__(self) -> int:
        return len(self._runs)

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return sum(run.nbytes for run in self._runs)

    def add(self, run: Run) -> bool:
        """Add a run; return False if it was there already."""
        place = bisect_left(self._runs, run.rank, key=_rank)
        if place < len(self._runs) and self._runs[place].rank == run.rank:
            return False
        self._runs.insert(place, run)
        return True

    def newest(self, tick_ms: int, since_ms: int) -> Run | None:
        """Return the newest run known at a tick, unless it was issued before `since_ms`."""
        end = bisect_right(self._runs, tick_ms, key=_issued)
        for run in reversed(self._runs[:end]):
            if run.issued_ms < since_ms:
                break
            if run.available_ms <= tick_ms:
                return run
        return None

    def forget(self, tick_ms: int, since_ms: int) -> None:
        """Drop runs that no tick from `tick_ms` on can choose."""
        newest = self.newest(tick_ms, since_ms)
        least = (since_ms, 0, b"") if newest is None else newest.rank
        self._runs = self._runs[bisect_left(self._runs, least, key=_rank) :]


def _rank(run: Run) -> tuple[int, int, bytes]:
    return run.rank


def _issued(run: Run) -> int:
    return run.issued_ms
