"""What became of readings."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FoldCounts:
    """What became of folded readings. Every one is counted once, but for `late`."""

    accepted: int = 0
    corrected: int = 0
    """Replaced a reading of a lower revision."""
    duplicate: int = 0
    """Known already, or overruled by what is known."""
    sealed: int = 0
    """Too late for a slot that was compacted from several readings: used, it might count twice."""
    too_old: int = 0
    """Older than the window."""
    late: int = 0
    """Of all these but the too old: for a minute whose tick had closed."""

    def __add__(self, other: "FoldCounts") -> "FoldCounts":
        return FoldCounts(
            self.accepted + other.accepted,
            self.corrected + other.corrected,
            self.duplicate + other.duplicate,
            self.sealed + other.sealed,
            self.too_old + other.too_old,
            self.late + other.late,
        )
