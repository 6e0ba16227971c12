"""A condition that a detector reports. The alarm board decides whether an operator sees it."""

from dataclasses import dataclass, field
from enum import IntEnum

from gridcast.schemas import AlarmKind, Priority

Key = tuple[AlarmKind, str]
"""Kind and series of a condition. Each key has at most one alarm."""


class Sign(IntEnum):
    """The state of a condition. Between the limits it stays unchanged: that is the hysteresis."""

    OFF = 0
    BETWEEN = 1
    ON = 2


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition of one series at one time, with the words of the alarm's message."""

    kind: AlarmKind
    series: str
    sign: Sign = Sign.ON
    priority: Priority | None = None
    """None to derive it from the rank of the severity among other alarms."""
    severity: float = 0.0
    """The load affected, kW."""
    under: tuple[Key, ...] = ()
    """Keys that suppress it while they have an alarm, such as a feeder's silence for a meter's."""
    cause: str = ""
    text: str = ""
    measured: float | None = None
    expected: float | None = None
    expected_low: float | None = None
    expected_high: float | None = None
    evidence: dict[str, float] = field(default_factory=dict)

    @property
    def key(self) -> Key:
        """Kind and series."""
        return self.kind, self.series

    def words(self) -> dict[str, object]:
        """Return its words as fields of the message."""
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
