"""Settings of the windows: length, step, and how long single readings are kept."""

from dataclasses import dataclass

from gridcast.units import MINUTE_MS

STEPS = (1, 5, 10, 15, 30, 60)
"""Widths of a slot that a deployment may choose from, in minutes."""


@dataclass(frozen=True, slots=True)
class WindowSpec:
    """The shape of all windows of a deployment."""

    step_minutes: int = 15
    """Width of a slot."""
    days: int = 8
    """Length of the window; with 8 days last week's same hour is always inside."""
    fine_minutes: int = 120
    """How far back every single reading is kept, so that any late one can be placed exactly."""
    hold_minutes: int = 0
    """How long a reading holds if no other follows; 0 means one step.

    A longer gap counts as not measured. With readings every minute, 3 is a good choice."""

    def __post_init__(self) -> None:
        if self.step_minutes not in STEPS:
            raise ValueError(f"a step is one of {STEPS} minutes, not {self.step_minutes}")
        if self.days < 1:
            raise ValueError("a window is at least one day long")
        if not 0 <= self.hold_minutes <= self.fine_minutes:
            raise ValueError("hold_minutes must be between 0 and fine_minutes")
        if self.fine_minutes < self.step_minutes:
            raise ValueError("fine_minutes must be at least one step")

    @property
    def step_ms(self) -> int:
        """Width of a slot in milliseconds."""
        return self.step_minutes * MINUTE_MS

    @property
    def fine_ms(self) -> int:
        """The fine part in milliseconds."""
        return self.fine_minutes * MINUTE_MS

    @property
    def hold_ms(self) -> int:
        """The longest time a reading holds, in milliseconds."""
        return (self.hold_minutes or self.step_minutes) * MINUTE_MS

    @property
    def day(self) -> int:
        """Slots a day."""
        return 24 * 60 // self.step_minutes

    @property
    def slots(self) -> int:
        """Slots of a window."""
        return self.days * self.day

    @property
    def reach(self) -> int:
        """How many slots after its own a reading can still hold in."""
        return -(-self.hold_ms // self.step_ms)
