"""What a source of alarms sees, before anybody decides whether an operator is told."""

from dataclasses import dataclass, field
from enum import IntEnum

from gridcast.schemas import AlarmKind, Priority

Key = tuple[AlarmKind, str]
"""What is seen, and of which series: of each there is one alarm at most."""


class Sign(IntEnum):
    """How things stand. Between the limits nothing changes: that is the hysteresis."""

    OFF = 0
    BETWEEN = 1
    ON = 2


@dataclass(frozen=True, slots=True)
class Condition:
    """What is seen of one series at one time; the words are those of the alarm's message."""

    kind: AlarmKind
    series: str
    sign: Sign = Sign.ON
    priority: Priority | None = None
    """None: by how its severity ranks among those of other alarms."""
    severity: float = 0.0
    """The load that it is about, kW."""
    under: tuple[Key, ...] = ()
    """What stands for it while that has an alarm: a feeder's silence for a meter's."""
    cause: str = ""
    text: str = ""
    measured: float | None = None
    expected: float | None = None
    expected_low: float | None = None
    expected_high: float | None = None
    evidence: dict[str, float] = field(default_factory=dict)

    @property
    def key(self) -> Key:
        """What is seen, and of which series."""
        return self.kind, self.series

    def words(self) -> dict[str, object]:
        """Give what it says, as fields of the message."""
        return {name: getattr(self, name) for name in WORDS}


WORDS = (
    "cause",
    "text",
    "measured",
    "expected",
    "expected_low",
    "expected_high",
    "evidence",
)
