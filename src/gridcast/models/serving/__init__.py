"""Who answers at a tick: the releases in use, and their answers for the series of a partition."""

from gridcast.models.serving.beside import NOTHING_BESIDE, Beside
from gridcast.models.serving.duty import NO_DUTY, Duty, InUse, Shadow

__all__ = ["NOTHING_BESIDE", "NO_DUTY", "Beside", "Duty", "InUse", "Shadow"]
