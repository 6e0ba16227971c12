"""Counts of folded readings by outcome."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FoldCounts:
    """Counts of folded readings by outcome. Each reading counts once, except in `late`."""

    accepted: int = 0
    corrected: int = 0
    """Replaced a reading of a lower revision."""
    duplicate: int = 0
    """Readings that are known already, or overruled by a known one."""
    sealed: int = 0
    """Dropped: late for a slot that was compacted from several readings. It could count twice."""
    too_old: int = 0
    """Older than the window."""
    late: int = 0
    """Readings for a minute whose tick had closed; also counted above, without `too_old`."""

    def __add__(self, other: "FoldCounts") -> "FoldCounts":
        return FoldCounts(
            self.accepted + other.accepted,
            self.corrected + other.corrected,
            self.duplicate + other.duplicate,
            self.sealed + other.sealed,
            self.too_old + other.too_old,
            self.late + other.late,
        )
