"""Who answers at a tick: the releases in use, and their answers for the series of a partition."""

from gridcast.models.serving.duty import NO_DUTY, Duty, InUse, Shadow

__all__ = ["NO_DUTY", "Duty", "InUse", "Shadow"]
