"""Who answers at a tick: the releases in use, and their answers for the series of a partition."""

from gridcast.models.serving.beside import EMPTY_CONTEXT, TickContext
from gridcast.models.serving.duty import NO_MODELS, Challenger, LoadedRelease, ServingModels

__all__ = [
    "EMPTY_CONTEXT",
    "NO_MODELS",
    "Challenger",
    "LoadedRelease",
    "ServingModels",
    "TickContext",
]
